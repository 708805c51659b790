/**
 * What code that a trigger runs is told about its run, and what hooks are told about how it ended.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"
import * as Occurrence from "@fibercast/domain/Occurrence"
import { Reason } from "@fibercast/domain/OccurrenceOutcome"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type EndedRun } from "@fibercast/ports/Run"
import { Schema } from "effect"

export const TriggerRun = Schema.Struct({
  triggerId: Schema.Int,
  /** Of its trigger. */
  name: Schema.String,
  workspaceId: WorkspaceId,
  /** The time it is for, by the trigger's own rule; the same however late it runs. Milliseconds since the epoch. */
  nominal: Schema.Int,
  /** What the wall clock in `zone` showed then. */
  wallTime: Schema.String,
  zone: Schema.String,
  /** Why it runs late; null: it does not. */
  late: Schema.NullOr(Reason),
  /** The nominal times before it that it stands for as well: the first, and how many. */
  covers: Schema.NullOr(Schema.Struct({ from: Schema.Int, count: Schema.Int }))
})
export type TriggerRun = typeof TriggerRun.Type

export interface EndedTriggerRun extends TriggerRun {
  readonly state: FinalState
  /** Why it did not complete. */
  readonly failure: string | null
  readonly output: string | null
  /** Milliseconds since the epoch. */
  readonly endedAt: number
}

export const of = (run: Omit<TriggerRun, "wallTime">): TriggerRun => ({
  ...run,
  wallTime: Occurrence.wallTime(run.nominal, run.zone)
})

export const ended = (run: EndedRun): EndedTriggerRun => {
  const { covers, endedAt, failure, name, nominal, output, reason, state, triggerId, workspaceId, zone } = run
  const told = of({ triggerId, name, workspaceId, nominal, zone, late: reason, covers })
  return { ...told, state, failure, output, endedAt }
}
