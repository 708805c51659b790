/**
 * Occurrences that wait for an earlier run of their key, or were asked for by a person, run once nothing holds them:
 * one at a time for each key, the oldest first. What waits while its trigger is paused goes on waiting, unless a person
 * asked for it.
 */
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type NewOccurrence, type StoredTrigger, TriggerStore, type Waiting } from "@fibercast/ports/TriggerStore"
import { Clock, Effect } from "effect"
import * as OccurrenceWork from "./OccurrenceWork.ts"
import { type TriggerCode } from "./TriggerCode.ts"
import { type Needs } from "./TriggerDecision.ts"

const page = 100

/** What became of one that waited. */
export interface Released {
  readonly trigger: StoredTrigger
  readonly occurrence: NewOccurrence
  readonly recordedAt: number
}

/** `told` gets each, once over all schedulers. */
export const release = Effect.fnUntraced(function* <R, R2>(
  code: TriggerCode<R>,
  told: (released: Released) => Effect.Effect<void, never, R2>
): Effect.fn.Return<void, LedgerUnavailable, Needs | R2> {
  const store = yield* TriggerStore
  /** What this process cannot, or may not, release. */
  const left = new Set<bigint>()

  const releaseOne = Effect.fnUntraced(function* (waiting: Waiting) {
    const { covers, dueAt, nominal, occurrenceId, reason, trigger } = waiting
    const scheduled = code.of(trigger)
    const isAsked = reason === "backfill" || reason === "test"
    if (scheduled === null || (trigger.paused !== null && !isAsked)) {
      return false
    }
    const now = yield* Clock.currentTimeMillis
    const become = Effect.fnUntraced(function* (
      fate: Omit<Parameters<typeof store.release>[0], "now" | "occurrenceId">
    ) {
      if (!(yield* store.release({ now, occurrenceId, ...fate }))) return false
      const { rules, zone } = trigger
      yield* told({ trigger, occurrence: { nominal, dueAt, zone, rules, covers, ...fate }, recordedAt: now })
      return true
    })
    const { deadline } = trigger.definition
    if (!isAsked && deadline !== null && now - dueAt > deadline) {
      return yield* become({ outcome: "missed", reason: "deadline", detail: null, work: null })
    }
    const occasion = { stored: trigger, scheduled, nominal, dueAt: now, startAt: now, late: reason, covers }
    return yield* OccurrenceWork.make(occasion).pipe(
      Effect.matchEffect({
        onFailure: ({ message: detail }) => become({ outcome: "skipped", reason: "refused", detail, work: null }),
        onSuccess: (work) => become({ outcome: "late", reason, detail: null, work })
      })
    )
  })

  for (;;) {
    // What is left stays among them, and must not crowd out the others.
    const limit = page + left.size
    const ready = yield* store.ready({ app: code.app, limit })
    let count = 0
    for (const waiting of ready) {
      if (left.has(waiting.occurrenceId)) continue
      const isReleased = yield* releaseOne(waiting).pipe(
        // Where the store can be reached, it is this one that it does not take.
        Effect.catchTag("LedgerUnavailable", (error) => Effect.andThen(store.maintenance, Effect.die(error))),
        Effect.catchDefect((defect) =>
          Effect.as(Effect.logError(`what waits for ${waiting.name} cannot be released`, defect), false)
        )
      )
      // What another scheduler has released meanwhile is none of ours.
      if (isReleased) count += 1
      else left.add(waiting.occurrenceId)
    }
    if (count === 0 && ready.length < limit) return
  }
})
