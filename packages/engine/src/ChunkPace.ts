/**
 * How many deliveries go into a chunk: about as many as came to their end in `span` of late. What a chunk costs beside its
 * deliveries is shared by them, so quick work travels in large chunks; work that takes its time is spread over senders in
 * small ones.
 *
 * A chunk takes no more than one claim may, and no more than a quarter of what may be under way, so that there are some for
 * several senders, unless that is less than `least`.
 */
import { type EngineSettings } from "./EngineConfig.ts"
import { type Flow } from "./Flow.ts"

const least = 64

/** In milliseconds. */
const span = 15
/** Over how long it is counted at least, in milliseconds. */
const countFor = 50

interface Count {
  since: number
  ended: number
  size: number
}

export class ChunkPace {
  readonly #most: number
  readonly #counts = new WeakMap<Flow, Count>()

  constructor({ batch, concurrency }: Pick<EngineSettings, "batch" | "concurrency">) {
    this.#most = Math.min(batch, Math.max(least, Math.floor(concurrency / 4)))
  }

  of(flow: Flow): number {
    return this.#counts.get(flow)?.size ?? Math.min(least, this.#most)
  }

  /**
   * How many of the flow's next deliveries, at most `most`. What carries whole claims is begun and written by their numbers,
   * so it is as many as end with a claim, unless that is less than half as many or more than twice.
   */
  next(flow: Flow, most: number): number {
    const { head, queue } = flow
    const usual = Math.min(this.of(flow), most)
    const held = queue[head + usual]?.held
    if (held === undefined) return Math.min(usual, queue.length - head)
    let start = usual
    while (start > 0 && queue[head + start - 1]?.held === held) start--
    if (2 * start >= usual) return start
    const far = Math.min(most, this.#most)
    let end = usual
    while (queue[head + end]?.held === held && end < far) end++
    return queue[head + end]?.held === held || end > 2 * usual ? usual : end
  }

  /** So many have come to their end. */
  ended(flow: Flow, ended: number, now: number) {
    const count = this.#counts.get(flow)
    if (count === undefined) {
      this.#counts.set(flow, { since: now, ended: 0, size: least })
      return
    }
    count.ended += ended
    const elapsed = now - count.since
    if (elapsed < countFor) return
    count.size = Math.min(this.#most, Math.max(least, Math.floor((count.ended / elapsed) * span)))
    count.since = now
    count.ended = 0
  }
}
