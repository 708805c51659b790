/**
 * The report of one pass: what it has written is counted and told, to the listener, to `before` hooks, and, where people
 * must know of it, to them. What was missed is told in one alarm for each trigger, once the pass is over.
 */
import { type Outcome, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { type Alert } from "@fibercast/ports/Alert"
import { Alerts } from "@fibercast/ports/Alerts"
import { type NewOccurrence } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { runOf } from "./OccurrenceWork.ts"
import { type Scheduled } from "./Scheduled.ts"
import { type News } from "./SchedulerListener.ts"
import { type TriggerCode } from "./TriggerCode.ts"
import { type TriggerRun } from "./TriggerRun.ts"

/** How many occurrences came to which outcome. */
export type PassReport = Readonly<Record<Outcome, number>>

export interface Listeners<R> {
  readonly code: TriggerCode<R>
  /** Work was dispatched that is none of code: its `before` hooks. */
  readonly began: (scheduled: Scheduled<R>, run: TriggerRun) => Effect.Effect<void>
  /** What was recorded, and what has ended. */
  readonly tell: (news: News) => Effect.Effect<void>
}

export interface SchedulerReport {
  readonly counts: PassReport
  /** Says what was written of a trigger; once for each, in nominal order. */
  readonly written: (
    trigger: StoredTrigger,
    occurrences: ReadonlyArray<NewOccurrence>,
    recordedAt: number
  ) => Effect.Effect<void>
  /** Raises the alarms about what was missed, and forgets it. */
  readonly raiseMissed: Effect.Effect<void>
}

type Missed = Extract<Alert, { readonly _tag: "OccurrencesMissed" }>

/** `refuse` says that a trigger could not be run as it is defined. */
export const make = Effect.fnUntraced(function* <R>(
  { began, code, tell }: Listeners<R>,
  refuse: (trigger: StoredTrigger, reason: string) => Effect.Effect<void, never, Alerts>
): Effect.fn.Return<SchedulerReport, never, Alerts> {
  const alerts = yield* Alerts
  const counts: Record<Outcome, number> = { fired: 0, late: 0, skipped: 0, missed: 0, waiting: 0 }
  const missed = new Map<TriggerId, Missed>()

  const miss = ({ definition, id, workspaceId }: StoredTrigger, nominal: number, reason: Reason) => {
    const before = missed.get(id)
    const trigger = definition.trigger.name
    missed.set(id, {
      ...(before ?? { _tag: "OccurrencesMissed", workspaceId, trigger, from: nominal }),
      count: (before?.count ?? 0) + 1,
      to: nominal,
      reason
    })
  }

  return {
    counts,
    written: Effect.fnUntraced(function* (trigger, occurrences, recordedAt) {
      if (occurrences.length > 0) yield* tell({ _tag: "Recorded", trigger, occurrences, recordedAt })
      const scheduled = code.of(trigger)
      for (const { covers, detail, nominal, outcome, reason, work } of occurrences) {
        counts[outcome] += 1
        if (outcome === "missed" && reason !== null) miss(trigger, nominal, reason)
        if (reason === "refused") yield* Effect.provideService(refuse(trigger, detail ?? ""), Alerts, alerts)
        if (work === null || scheduled === undefined || scheduled === null || scheduled.code !== null) continue
        yield* began(scheduled, runOf({ stored: trigger, nominal, late: reason, covers }))
      }
    }),
    raiseMissed: Effect.suspend(() => {
      const raised = [...missed.values()]
      missed.clear()
      return Effect.forEach(raised, alerts.raise, { discard: true })
    })
  }
})
