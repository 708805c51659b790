/**
 * Time zone databases change. What was planned under rules that this process does not know its zone by is planned anew,
 * before anything is fired: an occurrence that has come to lie earlier would be found too late otherwise.
 *
 * The cursor stays, so what is recorded stands. Two processes whose databases differ each plan anew once, when they
 * begin, and then fire by what is stored.
 */
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Advance, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Clock, Effect, Result } from "effect"
import { nextDueFrom, triggerOf } from "./DueOccurrences.ts"

const page = 500

/** The same place in time, under the rules known here; null: they are the rules it was planned under. */
const replanned = (stored: StoredTrigger): Advance | null => {
  const { cursor, id: triggerId, merging, revision, zone } = stored
  const rules = ZoneRules.fingerprint(Result.getOrThrow(ZoneRules.make(zone)))
  if (rules === stored.rules) return null
  const nextDue = nextDueFrom(triggerOf(stored), cursor)
  const unchanged = { busy: null, merging, occurrences: [], displace: false }
  return { triggerId, revision, cursor, nextCursor: cursor, nextDue, rules, ...unchanged }
}

/** Of the triggers of an app, and those defined at run time. Answers how many were planned anew. */
export const replan = Effect.fn("TriggerReplan.replan")(function* (
  app: string | null
): Effect.fn.Return<number, LedgerUnavailable, TriggerStore> {
  const store = yield* TriggerStore
  const mine = (yield* store.list({ workspaceId: null })).filter((one) => one.app === null || one.app === app)
  const advances: Array<Advance> = []
  for (const stored of mine) {
    const advance = yield* Effect.sync(() => replanned(stored)).pipe(
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logError(`the trigger ${stored.definition.trigger.name} cannot be planned`, defect), null)
      )
    )
    if (advance !== null) advances.push(advance)
  }
  let written = 0
  for (let from = 0; from < advances.length; from += page) {
    const now = yield* Clock.currentTimeMillis
    written += (yield* store.record({ now, advances: advances.slice(from, from + page) })).length
  }
  return written
})
