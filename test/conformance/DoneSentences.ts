/**
 * What is kept of deliveries that ended, and of attempts.
 */
import { assert } from "@effect/vitest"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import { base, claimed, claimedCampaign, ended, idsOf, later, parsed, putOff, second } from "./Given.ts"
import { sentence } from "./Sentence.ts"

export const doneSentences = [
  sentence(
    "final records are paged by id, in the states asked for",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned } = yield* claimedCampaign(6)
      const states = ["completed", "failed", "skipped", "failed", "completed", "failed"] as const
      const settlements = batch.deliveries.map((delivery, index) => ended(delivery, states[index] ?? "failed"))
      yield* ledger.settle({ ...owned, settlements: settlements.slice(3), finishedClaims: [] })
      yield* ledger.settle({ ...later(owned, second), settlements: settlements.slice(0, 3), finishedClaims: [] })
      const page = { campaignId: campaign.id, states: ["failed", "skipped"], limit: 2 } as const
      const first = yield* ledger.done({ ...page, after: null })
      const next = yield* ledger.done({ ...page, after: first.at(-1)?.id ?? null })
      const end = yield* ledger.done({ ...page, after: next.at(-1)?.id ?? null })
      assert.deepStrictEqual<unknown>([first, next, end].map(idsOf), [ids.slice(1, 3), [ids[3], ids[5]], []])
      assert.deepStrictEqual(
        first.map(({ state }) => state),
        ["failed", "skipped"]
      )
    })
  ),
  sentence(
    "a final record keeps how it ended, and its payload unless it was completed",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(6)
      const settlements = batch.deliveries.map((delivery, index) => ({
        ...ended(delivery, finalStates[index] ?? "failed"),
        providerId: index === 0 ? "wamid.1" : null,
        errorClass: index === 1 ? ("messagePermanent" as const) : null,
        reason: index === 0 ? null : `because ${index}`
      }))
      yield* ledger.settle({ ...later(owned, second), settlements, finishedClaims: [batch.claimId] })
      const done = yield* ledger.done({ campaignId: campaign.id, states: finalStates, after: null, limit: 10 })
      assert.deepStrictEqual<unknown>(
        done.map((delivery) => ({ ...delivery, attempt: 0, payload: parsed(delivery.payload) })),
        settlements.map(({ errorClass, id, providerId, reason, state }, index) => ({
          errorClass,
          id,
          providerId,
          reason,
          state,
          attempt: 0,
          settledAt: base + second,
          payload: index === 0 ? null : { index }
        }))
      )
    })
  ),
  sentence(
    "a final record counts the attempts that ended, its own included",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(2)
      const retries = batch.deliveries.map((delivery) => putOff(delivery, "retry", base + second))
      yield* ledger.settle({ ...owned, settlements: retries, finishedClaims: [batch.claimId] })
      const again = yield* claimed(later(owned, second), source)
      const settlements = again.deliveries.map((delivery, index) => ended(delivery, index === 0 ? "failed" : "expired"))
      yield* ledger.settle({ ...later(owned, second), settlements, finishedClaims: [again.claimId] })
      const done = yield* ledger.done({ campaignId: campaign.id, states: finalStates, after: null, limit: 10 })
      assert.deepStrictEqual(
        done.map(({ attempt, state }) => ({ attempt, state })),
        [
          { attempt: 2, state: "failed" },
          { attempt: 1, state: "expired" }
        ]
      )
    })
  ),
  sentence(
    "attempts since an instant are those that were tried to an end, of this workspace",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned } = yield* claimedCampaign(8)
      const other = yield* claimedCampaign(1)
      const theirs = other.batch.deliveries.map((delivery) => ended(delivery, "completed"))
      yield* ledger.settle({ ...other.owned, settlements: theirs, finishedClaims: [] })
      const settlements = batch.deliveries.map((delivery, index) => {
        const state = finalStates[index]
        if (state !== undefined) return ended(delivery, state)
        return putOff(delivery, index === 6 ? "retry" : "snooze", base + 60 * second)
      })
      yield* ledger.settle({ ...owned, settlements: settlements.slice(0, 1), finishedClaims: [] })
      yield* ledger.settle({ ...later(owned, 10 * second), settlements: settlements.slice(1), finishedClaims: [] })
      const since = (at: number) => ledger.attemptsSince({ workspaceId: owned.workspaceId, since: at })
      // Completed, then failed, unknown and the retry.
      assert.strictEqual(yield* since(base - second), 4)
      assert.strictEqual(yield* since(base + second), 3)
      assert.strictEqual(yield* since(base + 11 * second), 0)
    })
  )
]
