/**
 * Claims that end because all that they hold has completed.
 */
import { assert } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { EpochLost } from "@fibercast/ports/Owned"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import {
  base,
  claimable,
  claimed,
  claimedCampaign,
  countsOf,
  ended,
  givenBack,
  idsOf,
  later,
  putOff,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

const settle = { settlements: [], finishedClaims: [] }

export const completedClaimSentences = [
  sentence(
    "everything that a completed claim holds is completed, counted and charged, and the claim is gone",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(5)
      const settled = yield* ledger.settle({ ...owned, ...settle, completedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 5, later: 0 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 5, completed: 5 })
      const done = yield* ledger.done({ campaignId: campaign.id, states: ["completed"], after: null, limit: 10 })
      assert.deepStrictEqual(
        done.map(({ attempt, id, providerId, settledAt }) => ({ attempt, id, providerId, settledAt })),
        idsOf(batch.deliveries).map((id) => ({ attempt: 1, id, providerId: null, settledAt: base }))
      )
      assert.strictEqual(yield* ledger.attemptsSince({ workspaceId: owned.workspaceId, since: base }), 5)
      const { held } = yield* ledger.holding(owned.workspaceId)
      assert.deepStrictEqual(held, { urgent: 0, high: 0, normal: 0, bulk: 0 })
    })
  ),
  sentence(
    "a completed claim completes nothing that had left it: what had ended, was put off, or given back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(6)
      const [failed, retried, snoozed, returned] = batch.deliveries
      if (failed === undefined || retried === undefined || snoozed === undefined || returned === undefined)
        return assert.fail("not claimed")
      const settlements = [
        ended(failed, "failed"),
        putOff(retried, "retry", base + second),
        putOff(snoozed, "snooze", base + second)
      ]
      yield* ledger.settle({ ...owned, ...settle, settlements, givenBack: givenBack(batch, [returned]) })
      const again = yield* claimed(later(owned, second), source)
      const settled = yield* ledger.settle({ ...owned, ...settle, completedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 2, later: 0 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 6, open: 3, completed: 2, failed: 1 })
      const rest = yield* ledger.settle({ ...owned, ...settle, completedClaims: [again.claimId] })
      assert.deepStrictEqual(rest, { final: 3, later: 0 })
    })
  ),
  sentence(
    "what a settle names or gives back is no part of a claim that it completes",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(5)
      const [failed, retried, returned] = batch.deliveries
      if (failed === undefined || retried === undefined || returned === undefined) return assert.fail("not claimed")
      const settled = yield* ledger.settle({
        ...owned,
        settlements: [ended(failed, "failed"), putOff(retried, "retry", base + second)],
        givenBack: givenBack(batch, [returned]),
        finishedClaims: [],
        completedClaims: [batch.claimId]
      })
      assert.deepStrictEqual(settled, { final: 3, later: 1 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 5, open: 2, completed: 2, failed: 1 })
      const back = yield* claimable(later(owned, second), source)
      assert.deepStrictEqual(idsOf(back), idsOf([returned, retried]))
    })
  ),
  sentence(
    "a claim is completed once: said again, or of one that is gone, it changes nothing",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(3)
      yield* ledger.giveBack({ ...owned, except: [] })
      const gone = yield* ledger.settle({ ...owned, ...settle, completedClaims: [batch.claimId] })
      const again = yield* claimed(owned, source)
      const settled = yield* ledger.settle({ ...owned, ...settle, completedClaims: [again.claimId] })
      const repeated = yield* ledger.settle({ ...owned, ...settle, completedClaims: [again.claimId, batch.claimId] })
      assert.deepStrictEqual([gone.final, settled.final, repeated.final], [0, 3, 0])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, completed: 3 })
    })
  ),
  sentence(
    "claims of a workspace are completed by its owner alone",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(2)
      const { batch: other, campaign: theirs, owned: another } = yield* claimedCampaign(2)
      const strange = yield* ledger.settle({ ...another, ...settle, completedClaims: [batch.claimId] })
      assert.strictEqual(strange.final, 0)
      yield* start(owned, batch, batch.deliveries)
      yield* takenByAnother(later(owned, 60 * second))
      const error = yield* Effect.flip(ledger.settle({ ...owned, ...settle, completedClaims: [batch.claimId] }))
      assert.instanceOf(error, EpochLost)
      assert.strictEqual((yield* countsOf(owned.workspaceId, campaign.id)).completed, 0)
      yield* ledger.settle({ ...another, ...settle, completedClaims: [other.claimId] })
      assert.strictEqual((yield* countsOf(another.workspaceId, theirs.id)).completed, 2)
    })
  ),
  sentence(
    "settlements that only completed need a claim that names them, and their own try",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(3)
      const [first, second, third] = batch.deliveries
      if (first === undefined || second === undefined || third === undefined) return assert.fail("not claimed")
      yield* ledger.settle({ ...owned, ...settle, givenBack: givenBack(batch, [second]) })
      const settlements = [first, second, { ...third, dueAt: third.dueAt - 1 }].map((one) => ended(one, "completed"))
      const settled = yield* ledger.settle({ ...owned, ...settle, settlements })
      assert.deepStrictEqual(settled, { final: 1, later: 0 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, open: 2, completed: 1 })
    })
  ),
  sentence(
    "a completed delivery keeps its provider's id, beside others that have none",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(3)
      const settlements = batch.deliveries.map((delivery, index) => ({
        ...ended(delivery, "completed"),
        providerId: index === 1 ? "wamid.1" : null
      }))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      const done = yield* ledger.done({ campaignId: campaign.id, states: ["completed"], after: null, limit: 10 })
      assert.deepStrictEqual(
        done.map(({ providerId }) => providerId),
        [null, "wamid.1", null]
      )
    })
  )
]
