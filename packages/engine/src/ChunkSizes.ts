/**
 * How much of what is handed over goes into one chunk: streams between nodes take messages of up to 1 MiB.
 */
import { type Array } from "effect"
import { type Task } from "./Flow.ts"

/** Chunks of several deliveries are no larger, in bytes. */
const usual = 768 * 1024

/** One delivery may take this much of a chunk of its own, in bytes. */
export const most = 960 * 1024

/** Beside its payload and the name of its pipeline, in bytes, at most: the numbers of `ChunkText` and what parts them. */
const frame = 160

/** JSON takes at most this many bytes for a unit of JSON text; for half a surrogate pair twice as many. */
const widest = 3

const encoder = new TextEncoder()

const bytesOf = ({ context: { delivery } }: Task): number =>
  frame + encoder.encode(JSON.stringify([delivery.pipeline, delivery.payload])).byteLength

const atMost = ({ context: { delivery } }: Task): number => {
  const { payload, pipeline } = delivery
  return frame + (payload.isWellFormed() ? widest : 2 * widest) * payload.length + 2 * widest * pipeline.length
}

export interface Sized {
  /** In the order given; each fits into a chunk. */
  readonly runs: ReadonlyArray<Array.NonEmptyReadonlyArray<Task>>
  /** What no chunk can carry. */
  readonly tooLarge: ReadonlyArray<Task>
}

export const split = (tasks: Array.NonEmptyReadonlyArray<Task>): Sized => {
  // Almost always: measured without being written.
  if (tasks.reduce((sum, task) => sum + atMost(task), 0) <= usual) return { runs: [tasks], tooLarge: [] }
  const runs: Array<Array.NonEmptyArray<Task>> = []
  const tooLarge: Array<Task> = []
  let room = 0
  for (const task of tasks) {
    const bytes = bytesOf(task)
    const last = runs.at(-1)
    if (bytes > most) tooLarge.push(task)
    else if (last !== undefined && bytes <= room) {
      last.push(task)
      room -= bytes
    } else {
      runs.push([task])
      room = usual - bytes
    }
  }
  return { runs, tooLarge }
}
