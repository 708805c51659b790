/**
 * A unique key lets one delivery of a pipeline stand for several that are asked for.
 *
 * The key is taken within its workspace and pipeline, from the moment the delivery is recorded.
 */
import { Schema } from "effect"

/** 1 to 200 characters; longer ones should be hashed by the caller. */
export const UniqueKey = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200))

/**
 * How long the key is taken:
 * - `ended`: while its delivery is open;
 * - `started`: until its delivery is first claimed. What changes while it runs is then worked by another;
 * - milliseconds since it was recorded, whatever becomes of it.
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
   * With `replace`: however often it is replaced, it stays due at most this many milliseconds after it was first
   * recorded. Null: it may be put off for ever.
   */
  readonly atMost: number | null
}
