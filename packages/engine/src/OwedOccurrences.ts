/**
 * What a trigger owes: nominal times that have passed and that no scheduler came to. Before the trigger is planned
 * otherwise, or removed, they get their record, for nobody would come to them afterwards.
 *
 * They are skipped as `removed`, or as `paused` where the trigger was.
 */
import * as Planner from "@fibercast/domain/Planner"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Advance, type NewOccurrence, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { nextDueFrom, spreadOf, triggerOf } from "./DueOccurrences.ts"

const page = 500

/** Null: it owes nothing. */
const nextPage = (stored: StoredTrigger, until: number, detail: string | null): Advance | null => {
  const { cursor, id: triggerId, merging, paused, revision, rules, zone } = stored
  const trigger = triggerOf(stored)
  const spread = spreadOf(trigger)
  const occurrences: Array<NewOccurrence> = []
  for (const { nominal } of Planner.occurrences(trigger, cursor, until)) {
    if (occurrences.length === page) break
    const dueAt = nominal + spread
    const isPaused = paused !== null && dueAt >= paused.since
    const why = isPaused ? ({ reason: "paused", detail: null } as const) : ({ reason: "removed", detail } as const)
    occurrences.push({ nominal, dueAt, outcome: "skipped", ...why, zone, rules, covers: null, work: null })
  }
  const last = occurrences.at(-1)
  if (last === undefined) return null
  const nextCursor = last.nominal + 1
  const nextDue = nextDueFrom(trigger, nextCursor)
  return { triggerId, revision, cursor, nextCursor, nextDue, rules, merging, occurrences, busy: null, displace: false }
}

/**
 * Records what it owes before `until`; `detail` says why it will not run. Answers where the cursor is then, or null when
 * another came first: then the trigger is not as it was. One that cannot be planned, or whose
 * records do not fit its plan, is left as it is.
 */
export const skip = Effect.fnUntraced(function* (
  stored: StoredTrigger,
  options: { readonly now: number; readonly detail: string | null }
): Effect.fn.Return<number | null, LedgerUnavailable, TriggerStore> {
  const { detail, now } = options
  const store = yield* TriggerStore
  let { cursor } = stored
  for (;;) {
    const advance = yield* Effect.sync(() => nextPage({ ...stored, cursor }, now, detail)).pipe(
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logError(`what ${stored.definition.trigger.name} owes cannot be planned`, defect), null)
      )
    )
    if (advance === null) return cursor
    const written = yield* store.record({ now, advances: [advance] })
    if (written.length === 0) {
      const standing = yield* store.find(stored.workspaceId, stored.definition.trigger.name)
      if (standing?.revision !== stored.revision || standing.cursor !== cursor) return null
      yield* Effect.logError(`what ${stored.definition.trigger.name} owes cannot be recorded`)
      return cursor
    }
    cursor = advance.nextCursor
  }
})
