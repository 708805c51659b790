/**
 * A unique key lets one delivery of a pipeline stand for several that are asked for.
 *
 * The key is taken within its workspace and pipeline, from the moment the delivery is recorded.
 */
import { Schema } from "effect"

/** 1 to 200 characters that every store keeps as they are: no U+0000, no half of a pair. Longer ones should be hashed. */
export const UniqueKey = Schema.String.check(
  Schema.isMinLength(1),
  Schema.isMaxLength(200),
  Schema.makeFilter((key) =>
    key.isWellFormed() && !key.includes("\u0000") ? undefined : "well-formed text without U+0000"
  )
)

/**
 * How long the key is taken, as whoever takes it says:
 * - `ended`: while its delivery is open;
 * - `started`: until its delivery is claimed. What changes while it runs is then worked by another. One that was given
 *   back, or put off uncharged, has not begun;
 * - milliseconds since it was recorded, whatever becomes of it.
 *
 * That it has not begun is true of the instant of asking: what a transaction keeps may begin before that commits.
 */
export type Taken = "ended" | "started" | number

/**
 * What becomes of the other when the key is taken:
 * - `keep`: it is not recorded, the first stands for it;
 * - `replace`: the first is given its payload, due time, deadline and tags, unless it is claimed or over: then the other
 *   is recorded, and takes the key over;
 * - `reject`: it is refused.
 */
export type Conflict = "keep" | "replace" | "reject"

export interface Unique {
  readonly key: string
  readonly taken: Taken
  readonly onConflict: Conflict
  /**
   * However often it is replaced, it stays due at most this many milliseconds after it was first recorded. Null: it may
   * be put off for ever.
   */
  readonly atMost: number | null
}

/**
 * When a delivery is due that was due at `before`, once it is replaced by one that asks for `wanted`: then, but not later
 * than `last`, and never when it was due before. A try is known by when it was due; so whoever claimed it at the
 * same moment, with what it brought before, cannot end it. For that, what is due already is due a millisecond later than
 * it was, and what is not yet is due in a millisecond at the earliest.
 */
export const replacedDue = (options: {
  readonly before: number
  readonly wanted: number
  readonly last: number
  readonly now: number
}): number => {
  const { before, last, now, wanted } = options
  const due = Math.max(Math.min(Math.max(wanted, now), last), Math.min(before, now) + 1)
  return due === before ? due + 1 : due
}
