/**
 * A misfire is an occurrence that nobody came to within its trigger's grace. A policy says which of those that piled
 * up are still run.
 *
 * | policy | of a pile-up runs | the others |
 * |---|---|---|
 * | `Skip` | nothing | are missed; skipped if the trigger was paused |
 * | `Latest` | the newest | likewise |
 * | `All` | the newest `cap` of those no older than `maxAge`, one after another | likewise |
 * | `Merged` | one run, at the newest, that is told which span it stands for | are skipped as merged |
 */
import { Schema } from "effect"

/** No more of a pile-up is run. */
export const maxCap = 1000

export const Misfire = Schema.Union([
  Schema.TaggedStruct("Skip", {}),
  Schema.TaggedStruct("Latest", {}),
  Schema.TaggedStruct("All", {
    cap: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxCap })),
    /** Milliseconds; null: however old. */
    maxAge: Schema.NullOr(Schema.Int.check(Schema.isGreaterThan(0)))
  }),
  Schema.TaggedStruct("Merged", {})
])
export type Misfire = typeof Misfire.Type

/** Why nobody came to it. */
export const Cause = Schema.Literals(["paused", "down", "overloaded"])
export type Cause = typeof Cause.Type

/** One policy for each cause. */
export const Misfires = Schema.Struct({ paused: Misfire, down: Misfire, overloaded: Misfire })
export type Misfires = typeof Misfires.Type

/** What was known when a pass came to the occurrences. Instants in milliseconds since the epoch. */
export interface Situation {
  readonly now: number
  /** Milliseconds after its due time in which an occurrence is no misfire. */
  readonly grace: number
  /** Since when schedulers have run without a break. */
  readonly aliveSince: number
  /** The last pause of the trigger that has ended: from `since`, until it was resumed. */
  readonly pause: { readonly since: number; readonly until: number } | null
}

/** Null: it is no misfire. */
export const causeOf = (situation: Situation, dueAt: number): Cause | null => {
  const { aliveSince, grace, now, pause } = situation
  if (pause !== null && dueAt >= pause.since && dueAt < pause.until) return "paused"
  if (now - dueAt <= grace) return null
  return dueAt < aliveSince ? "down" : "overloaded"
}

/** The first due time that does not belong to the pile-up of this cause any more. */
export const pileUpEnd = (situation: Situation, cause: Cause): number => {
  const { aliveSince, grace, now, pause } = situation
  const misfired = now - grace
  if (cause === "paused") return pause?.until ?? misfired
  return cause === "down" ? Math.min(aliveSince, misfired) : misfired
}
