/**
 * Removing a trigger: what it owes until now is recorded first, so that no nominal time is without its record.
 */
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Clock, Effect } from "effect"
import * as OwedOccurrences from "./OwedOccurrences.ts"

/** False: it is not as the caller saw it, and still there or removed by another. */
export const remove = Effect.fnUntraced(function* (
  seen: StoredTrigger
): Effect.fn.Return<boolean, LedgerUnavailable, TriggerStore> {
  const store = yield* TriggerStore
  const now = yield* Clock.currentTimeMillis
  if ((yield* OwedOccurrences.skip(seen, { now, detail: null })) === null) return false
  return yield* store.remove({ triggerId: seen.id, revision: seen.revision, now })
})
