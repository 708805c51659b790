/**
 * Overlap says what becomes of an occurrence that is due while an earlier run of the same key is not over.
 *
 * | mode | the earlier run | the occurrence |
 * |---|---|---|
 * | `Allow` | goes on | runs beside it |
 * | `Skip` | goes on | is skipped |
 * | `BufferOne` | goes on | waits for it; while one waits, further ones are skipped |
 * | `BufferAll` | goes on | waits in line; what exceeds `cap` is skipped |
 * | `CancelOther` | is asked to stop | waits until it has stopped, in the place of one that waits already |
 * | `TerminateOther` | ends at once as cancelled; what it is doing is cut off within seconds | runs at once |
 */
import { Schema } from "effect"

/** No more occurrences of one key wait. */
export const maxWaiting = 1000

export const Overlap = Schema.Union([
  Schema.TaggedStruct("Allow", {}),
  Schema.TaggedStruct("Skip", {}),
  Schema.TaggedStruct("BufferOne", {}),
  Schema.TaggedStruct("BufferAll", { cap: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxWaiting })) }),
  Schema.TaggedStruct("CancelOther", {}),
  Schema.TaggedStruct("TerminateOther", {})
])
export type Overlap = typeof Overlap.Type

/** What a key is doing. */
export interface Busy {
  /** Runs that are not over. */
  readonly running: number
  /** Occurrences that wait for them. */
  readonly waiting: number
}

/**
 * What becomes of one occurrence: it runs, waits, waits instead of those that waited (`displace`), or is skipped
 * because a run goes on (`overlap`) or too many wait (`buffer-full`).
 */
export type Admission = "run" | "wait" | "displace" | "overlap" | "buffer-full"

/** What becomes of occurrences that are due together, oldest first; and how the runs under way are to end for it. */
export interface Admitted {
  readonly admissions: ReadonlyArray<Admission>
  /** `ask`: they may finish what they must. `force`: at once. Null: they go on. */
  readonly stop: "ask" | "force" | null
}

export const admit = (overlap: Overlap, busy: Busy, count: number): Admitted => {
  if (overlap._tag !== "CancelOther" && overlap._tag !== "TerminateOther") {
    return { admissions: inTurn(overlap, busy, count), stop: null }
  }
  // The newest is the one that is wanted.
  const isBusy = busy.running + busy.waiting > 0
  const passedOver = Array.from({ length: Math.max(count - 1, 0) }, (): Admission => "overlap")
  if (count === 0 || !isBusy) return { admissions: count === 0 ? [] : [...passedOver, "run"], stop: null }
  if (overlap._tag === "TerminateOther") return { admissions: [...passedOver, "run"], stop: "force" }
  return { admissions: [...passedOver, busy.waiting > 0 ? "displace" : "wait"], stop: "ask" }
}

const inTurn = (
  overlap: Exclude<Overlap, { readonly _tag: "CancelOther" | "TerminateOther" }>,
  busy: Busy,
  count: number
): ReadonlyArray<Admission> => {
  let { running, waiting } = busy
  const most = overlap._tag === "BufferOne" ? 1 : overlap._tag === "BufferAll" ? overlap.cap : 0
  return Array.from({ length: count }, (): Admission => {
    if (overlap._tag === "Allow" || running + waiting === 0) {
      running += 1
      return "run"
    }
    if (overlap._tag === "Skip") return "overlap"
    if (waiting >= most) return "buffer-full"
    waiting += 1
    return "wait"
  })
}
