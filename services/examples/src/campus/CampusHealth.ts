/**
 * Whether messages get through: work that is due and that nobody does is told, with how long it waits. A worker that listens
 * elsewhere, or none at all, cannot go unnoticed.
 */
import { Ledger } from "@fibercast/ports/Ledger"
import { Clock, Effect } from "effect"
import { Chat } from "./Chat.ts"

/** Messages wait this long before something is wrong, in milliseconds. */
export const late = 5000

/** What is wrong, in one line; null: nothing. */
export const check = Effect.gen(function* () {
  const { waiting, workspaceId } = yield* Chat
  const ledger = yield* Ledger
  const now = yield* Clock.currentTimeMillis
  const kept = yield* waiting
  if (kept > 0) return `the database is away: ${kept} messages wait to be stored`
  const source = { lane: "urgent", campaignId: null } as const
  const due = yield* ledger.nextDue({ workspaceId, source })
  const waits = due === null ? 0 : now - due
  return waits > late ? `nobody broadcasts: a message waits for ${Math.round(waits / 1000)} s` : null
}).pipe(Effect.catch((error) => Effect.succeed(`it cannot be told: ${error.message}`)))
