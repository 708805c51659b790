/**
 * The audit compares what is recorded with the plan: a nominal time that schedulers have passed by and that has no
 * record is a gap, and a gap is an alarm. Backfilling the range mends it.
 *
 * Looked at are the last `window` of time, at most `most` occurrences of each trigger, under the definition and the
 * zone's rules that hold now.
 */
import * as Planner from "@fibercast/domain/Planner"
import { Alerts } from "@fibercast/ports/Alerts"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type StoredTrigger, TriggerStore } from "@fibercast/ports/TriggerStore"
import { Clock, Effect } from "effect"
import { triggerOf } from "./DueOccurrences.ts"

const window = 86_400_000
const most = 10_000

/** The nominal times without a record, ascending. */
export const gaps = Effect.fnUntraced(function* (
  stored: StoredTrigger,
  now: number
): Effect.fn.Return<ReadonlyArray<number>, LedgerUnavailable, TriggerStore> {
  const { cursor, id: triggerId, plannedFrom } = stored
  const from = Math.max(plannedFrom, now - window)
  if (from >= cursor) return []
  const planned = Planner.lastMany(triggerOf(stored), from, cursor, most).map(({ nominal }) => nominal)
  const first = planned[0]
  if (first === undefined) return []
  const store = yield* TriggerStore
  const recorded = new Set(yield* store.nominals({ triggerId, from: first, to: cursor, limit: 2 * most }))
  return planned.filter((nominal) => !recorded.has(nominal))
})

/** Of the triggers of this app and those defined at run time. `told` remembers gaps that an alarm was raised for. */
export const run = Effect.fn("OccurrenceAudit.run")(function* (
  app: string | null,
  told: Set<string>
): Effect.fn.Return<void, LedgerUnavailable, TriggerStore | Alerts> {
  const store = yield* TriggerStore
  const alerts = yield* Alerts
  for (const stored of yield* store.list({ workspaceId: null })) {
    if (stored.app !== null && stored.app !== app) continue
    const missing = yield* gaps(stored, yield* Clock.currentTimeMillis)
    const [from] = missing
    const to = missing.at(-1)
    const key = `${stored.id}/${to}`
    if (from === undefined || to === undefined || told.has(key)) continue
    if (told.size >= 10_000) told.clear()
    told.add(key)
    const { definition, workspaceId } = stored
    const trigger = definition.trigger.name
    yield* alerts.raise({ _tag: "OccurrenceGap", workspaceId, trigger, count: missing.length, from, to })
  }
})
