/**
 * Occurrences that wait for an earlier run of their key, or were asked for by a person, run once nothing holds them:
 * one at a time for each key, the oldest first. What waits while its trigger is paused goes on waiting, unless a person
 * asked for it.
 */
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore, type Waiting } from "@fibercast/ports/TriggerStore"
import { Clock, Effect } from "effect"
import * as OccurrenceWork from "./OccurrenceWork.ts"
import { type News } from "./SchedulerListener.ts"
import { type TriggerCode } from "./TriggerCode.ts"
import { type Needs } from "./TriggerDecision.ts"

const page = 100

/** Answers the workspaces that have new work. */
export const release = Effect.fnUntraced(function* <R>(
  code: TriggerCode<R>,
  tell: (news: News) => Effect.Effect<void>
): Effect.fn.Return<ReadonlySet<Waiting["workspaceId"]>, LedgerUnavailable, Needs> {
  const store = yield* TriggerStore
  const begun = new Set<Waiting["workspaceId"]>()
  /** What this process cannot, or may not, release. */
  const left = new Set<bigint>()

  const releaseOne = Effect.fnUntraced(function* (waiting: Waiting) {
    const { covers, dueAt, nominal, occurrenceId, reason, trigger, workspaceId } = waiting
    const scheduled = code.of(trigger)
    const isAsked = reason === "backfill" || reason === "test"
    if (scheduled === null || (trigger.paused !== null && !isAsked)) {
      left.add(occurrenceId)
      return false
    }
    const now = yield* Clock.currentTimeMillis
    const releaseAs = Effect.fnUntraced(function* (
      fate: Omit<Parameters<typeof store.release>[0], "now" | "occurrenceId">
    ) {
      if (!(yield* store.release({ now, occurrenceId, ...fate }))) return false
      const { rules, zone } = trigger
      yield* tell({
        _tag: "Recorded",
        trigger,
        occurrences: [{ nominal, dueAt, zone, rules, covers, ...fate }],
        recordedAt: now
      })
      return true
    })
    const { deadline } = trigger.definition
    if (!isAsked && deadline !== null && now - dueAt > deadline) {
      return yield* releaseAs({ outcome: "missed", reason: "deadline", detail: null, work: null })
    }
    const occasion = { stored: trigger, scheduled, nominal, dueAt: now, startAt: now, late: reason, covers }
    const released = yield* OccurrenceWork.make(occasion).pipe(
      Effect.matchEffect({
        onFailure: ({ message: detail }) => releaseAs({ outcome: "skipped", reason: "refused", detail, work: null }),
        onSuccess: (work) => releaseAs({ outcome: "late", reason, detail: null, work })
      })
    )
    if (released) begun.add(workspaceId)
    return released
  })

  for (;;) {
    const ready = yield* store.ready({ app: code.app, limit: page })
    const known = ready.filter(({ occurrenceId }) => !left.has(occurrenceId))
    const released = yield* Effect.forEach(known, releaseOne)
    // What another scheduler has released meanwhile is none of ours.
    if (!released.includes(true)) return begun
  }
})
