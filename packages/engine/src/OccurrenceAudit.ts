/**
 * The audit compares what is recorded with the plan: a nominal time that schedulers have passed by and that has no
 * record is a gap, and a gap is an alarm. Backfilling the range mends it. So is one that nobody has come to from one
 * audit to the next, because no process knows what its trigger sets off.
 *
 * Looked at is the last day, or half the time that records are kept if that is shorter, and at most `most` occurrences of
 * each trigger, under the definition and the zone's rules that hold now.
 */
import * as Planner from "@fibercast/domain/Planner"
import { Alerts } from "@fibercast/ports/Alerts"
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Clock, Effect } from "effect"
import { triggerOf } from "./DueOccurrences.ts"
import { SchedulerConfig } from "./SchedulerConfig.ts"

const longest = 86_400_000
const most = 10_000

/** The nominal times without a record since `since`, ascending. */
const gaps = Effect.fnUntraced(function* (
  stored: StoredTrigger,
  since: number
): Effect.fn.Return<ReadonlyArray<number>, LedgerUnavailable, TriggerStore> {
  const { cursor, id: triggerId, plannedFrom } = stored
  const from = Math.max(plannedFrom, since)
  if (from >= cursor) return []
  const planned = Planner.lastMany(triggerOf(stored), from, cursor, most).map(({ nominal }) => nominal)
  const first = planned[0]
  if (first === undefined) return []
  const store = yield* TriggerStore
  const recorded = new Set(yield* store.nominals({ triggerId, from: first, to: cursor, limit: 2 * most }))
  return planned.filter((nominal) => !recorded.has(nominal))
})

/** Nominal times that were due and that nobody has decided on, ascending. */
const overdue = (stored: StoredTrigger, now: number): ReadonlyArray<number> =>
  Planner.lastMany(triggerOf(stored), Math.max(stored.cursor, now - longest), now, most).map(({ nominal }) => nominal)

/** What is due while it is paused waits for the end of the pause. */
const isHeld = ({ definition, paused }: StoredTrigger): boolean =>
  paused !== null && definition.misfires.paused._tag !== "Skip"

/**
 * Of the triggers of this app and those defined at run time. To be made once: it remembers what it has told of, and what
 * was due at the last audit.
 */
export const make = (app: string | null): Effect.Effect<void, LedgerUnavailable, TriggerStore | Alerts> => {
  const told = new Set<string>()
  let due = new Map<TriggerId, number>()

  const tell = Effect.fnUntraced(function* (stored: StoredTrigger, missing: ReadonlyArray<number>) {
    const [from] = missing
    const to = missing.at(-1)
    const key = `${stored.id}/${from}`
    if (from === undefined || to === undefined || told.has(key)) return
    if (told.size >= 10_000) told.clear()
    told.add(key)
    const { definition, workspaceId } = stored
    const trigger = definition.trigger.name
    const alerts = yield* Alerts
    yield* alerts.raise({ _tag: "OccurrenceGap", workspaceId, trigger, count: missing.length, from, to })
  })

  return Effect.gen(function* () {
    const store = yield* TriggerStore
    const { deadAfter, keep } = yield* SchedulerConfig
    const window = Math.min(longest, keep / 2)
    const dueNow = new Map<TriggerId, number>()
    for (const stored of yield* store.list({ workspaceId: null })) {
      if (stored.app !== null && stored.app !== app) continue
      const { id, nextDue } = stored
      const audited = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        yield* tell(stored, yield* gaps(stored, now - window))
        if (nextDue === null || nextDue > now - deadAfter || isHeld(stored)) return
        dueNow.set(id, nextDue)
        if (due.get(id) === nextDue) yield* tell(stored, overdue(stored, now))
      })
      yield* Effect.catchDefect(audited, (defect) =>
        Effect.logError(`the trigger ${stored.definition.trigger.name} cannot be audited`, defect)
      )
    }
    due = dueNow
  }).pipe(Effect.withSpan("OccurrenceAudit.run"))
}
