/**
 * Occurrences that wait for an earlier run of their key, or were asked for by a person, run once nothing holds them:
 * one at a time for each key, the oldest first. What waits while its trigger is paused goes on waiting, unless a person
 * asked for it. A campaign, whose audience has to be opened, is released beside the caller if that takes long.
 */
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type NewOccurrence, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type Waiting } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Clock, Effect } from "effect"
import type * as Deliberation from "./Deliberation.ts"
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

const takesTime = ({ trigger }: Waiting): boolean => trigger.definition.target._tag === "Launch"

export interface Options<R, R2> {
  readonly code: TriggerCode<R>
  /** Gets each, once over all schedulers. */
  readonly told: (released: Released) => Effect.Effect<void, never, R2>
  readonly deliberation: Deliberation.Deliberation<bigint>
  /** How long the caller waits for what takes long, in milliseconds; may be infinite. */
  readonly patience: number
  /** What the caller did not wait for is released, or left. */
  readonly late: Effect.Effect<void>
}

export const release = Effect.fnUntraced(function* <R, R2>({
  code,
  deliberation,
  late,
  patience,
  told
}: Options<R, R2>): Effect.fn.Return<void, LedgerUnavailable, Needs | R2> {
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

  /** False: it is left. */
  const tried = (waiting: Waiting) =>
    releaseOne(waiting).pipe(
      // Where the store can be reached, it is this one that it does not take.
      Effect.catchTag("LedgerUnavailable", (error) => Effect.andThen(store.maintenance, Effect.die(error))),
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logError(`what waits for ${waiting.name} cannot be released`, defect), false)
      )
    )

  for (;;) {
    // What is left stays among them, and must not crowd out the others.
    const limit = page + left.size
    const ready = yield* store.ready({ app: code.app, limit })
    const some = ready.filter(({ occurrenceId }) => !left.has(occurrenceId))
    const slow = some.filter((waiting) => takesTime(waiting) && !deliberation.has(waiting.occurrenceId))
    const released = new Set<bigint>()
    for (const waiting of some) {
      if (!takesTime(waiting) && (yield* tried(waiting))) released.add(waiting.occurrenceId)
    }
    const decided = yield* deliberation.all(
      slow.map((waiting) => ({ id: waiting.occurrenceId, waiting })),
      { decide: ({ waiting }) => tried(waiting), patience, late: () => late }
    )
    for (const { answer, item } of decided) if (answer) released.add(item.id)
    // What another scheduler has released meanwhile is none of ours.
    for (const { occurrenceId } of some) if (!released.has(occurrenceId)) left.add(occurrenceId)
    if (released.size === 0 && ready.length < limit) return
  }
})
