/**
 * What became of an occurrence. Every nominal time of a trigger has exactly one of these, recorded with the work that
 * it dispatched.
 *
 * `fired` ran when it was due. `late` ran afterwards: it was caught up with, it had waited for an earlier run, or a
 * person asked for it. `skipped` was left out on purpose, `missed` for want of anybody to run it. `waiting` is on its
 * way to become one of them.
 */
import { Schema } from "effect"

export const Outcome = Schema.Literals(["fired", "late", "skipped", "missed", "waiting"])
export type Outcome = typeof Outcome.Type

/**
 * Why, where the outcome alone does not say it.
 *
 * | reason | of what is | because |
 * |---|---|---|
 * | `paused` | late, skipped | its trigger was paused |
 * | `down` | late, missed | no scheduler ran |
 * | `overloaded` | late, missed | schedulers ran, but did not come to it in time |
 * | `deadline` | missed | its deadline had passed |
 * | `environment`, `maintenance` | skipped | it is not for this environment, or it was maintained |
 * | `when`, `skip` | skipped | a condition in the code said so, or failed |
 * | `overlap`, `buffer-full` | late (`overlap`), skipped, waiting | an earlier run was not over, or too many waited |
 * | `merged` | skipped | a later run stands for it as well |
 * | `removed` | skipped | its trigger was removed, or its time changed, before it ran |
 * | `refused` | skipped | its work could not be made; the detail says why |
 * | `backfill`, `test` | late | a person asked for it |
 */
export const Reason = Schema.Literals([
  "paused",
  "down",
  "overloaded",
  "deadline",
  "environment",
  "maintenance",
  "when",
  "skip",
  "overlap",
  "buffer-full",
  "merged",
  "removed",
  "refused",
  "backfill",
  "test"
])
export type Reason = typeof Reason.Type

/** A person asked for it, so a pause of its trigger does not hold it back. */
export const isAskedFor = (reason: Reason | null): boolean => reason === "backfill" || reason === "test"

/** Whether it dispatched work. */
export const ran = (outcome: Outcome): boolean => outcome === "fired" || outcome === "late"
