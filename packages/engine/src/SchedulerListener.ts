/**
 * Whoever wants to be told what the scheduler of this process records, as it happens; unless given, nobody is.
 *
 * Told is what this scheduler has recorded, once it stands: of several schedulers each tells its own. A listener never
 * fails, and a pass waits for it.
 */
import { type NewOccurrence } from "@fibercast/ports/TriggerStore"
import { type EndedRun } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Context, Effect } from "effect"

export type News =
  /** Occurrences of one trigger, in nominal order, came to their outcome together, or wait for it. */
  | {
      readonly _tag: "Recorded"
      readonly trigger: StoredTrigger
      readonly occurrences: ReadonlyArray<NewOccurrence>
      /** Milliseconds since the epoch. */
      readonly recordedAt: number
    }
  /** A run is over, whoever began it. */
  | { readonly _tag: "Ended"; readonly run: EndedRun }

export const SchedulerListener = Context.Reference<(news: News) => Effect.Effect<void>>(
  "fibercast/engine/SchedulerListener",
  { defaultValue: () => () => Effect.void }
)
