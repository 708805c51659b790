/**
 * What a cancel ends, what it leaves, and that no workspace reaches into another.
 */
import { assert } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import {
  claimable,
  claimed,
  claimedCampaign,
  countsOf,
  ended,
  freshCampaign,
  job,
  jobs,
  later,
  openCampaign,
  ownedWorkspace,
  putOff,
  second
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

export const cancelSentences = [
  sentence(
    "a cancel ends open deliveries of its campaign, at most its limit a call, until none is left",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, ids, owned, source } = yield* openCampaign(5)
      const cancel = ledger.cancel({ ...later(owned, second), campaignId: campaign.id, limit: 3, reason: "stopped" })
      const cancelled = [yield* cancel, yield* cancel, yield* cancel]
      assert.deepStrictEqual(cancelled, [3, 2, 0])
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 5, cancelled: 5 })
      const done = yield* ledger.done({ campaignId: campaign.id, states: ["cancelled"], after: null, limit: 10 })
      assert.deepStrictEqual(
        done.map(({ attempt, id, reason, settledAt }) => ({ attempt, id, reason, settledAt })),
        ids.map((id) => ({ attempt: 0, id, reason: "stopped", settledAt: owned.now + second }))
      )
      assert.deepStrictEqual(yield* claimable(later(owned, second), source), [])
    })
  ),
  sentence(
    "a cancel also ends what is not due yet, in every lane",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, owned } = yield* openCampaign(1)
      const later = { campaignId: campaign.id, dueAt: owned.now + 3600 * second }
      yield* ledger.insert({ ...owned, deliveries: [job({}, later), job({}, { ...later, lane: "urgent" })] })
      const cancel = ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" })
      assert.strictEqual(yield* cancel, 3)
    })
  ),
  sentence(
    "a cancel leaves what stands in a claim to its sender",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, owned, source } = yield* openCampaign(5)
      const batch = yield* claimed(owned, source, 2)
      const cancel = ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" })
      assert.deepStrictEqual([yield* cancel, yield* cancel], [3, 0])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 5, open: 2, cancelled: 3 })
      const settlements = batch.deliveries.slice(0, 1).map((delivery) => ended(delivery, "completed"))
      const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 1, later: 0 })
      assert.strictEqual(yield* cancel, 1)
      const after = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(after, { ...none, planned: 5, completed: 1, cancelled: 4 })
    })
  ),
  sentence(
    "a cancel also ends what was put off, though its claim stands",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(3)
      const settlements = batch.deliveries.slice(1).map((delivery) => putOff(delivery, "snooze", owned.now + second))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      const cancel = ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" })
      assert.deepStrictEqual([yield* cancel, yield* cancel], [2, 0])
      yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [batch.claimId] })
      assert.strictEqual(yield* cancel, 1)
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, cancelled: 3 })
    })
  ),
  sentence(
    "a cancel touches no other campaign and no background job",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, owned } = yield* openCampaign(1)
      const other = yield* freshCampaign(owned.workspaceId, "other")
      yield* ledger.insert({ ...owned, deliveries: [...jobs(1), ...jobs(2, { campaignId: other.id })] })
      yield* ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" })
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, other.id), { ...none, planned: 2, open: 2 })
      assert.strictEqual((yield* claimable(owned)).length, 1)
    })
  ),
  sentence(
    "the owner of one workspace cannot settle the deliveries of another",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const mine = yield* ownedWorkspace()
      const { batch, campaign, owned: theirs, source } = yield* claimedCampaign(2)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      const settled = yield* ledger.settle({ ...mine, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 0, later: 0 })
      assert.deepStrictEqual(yield* countsOf(theirs.workspaceId, campaign.id), { ...none, planned: 2, open: 2 })
      assert.deepStrictEqual(yield* claimable(theirs, source), [])
    })
  ),
  sentence(
    "the owner of one workspace cannot cancel a campaign of another",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const mine = yield* ownedWorkspace()
      const { campaign, owned: theirs } = yield* openCampaign(2)
      const cancel = ledger.cancel({ ...mine, campaignId: campaign.id, limit: 10, reason: "stopped" })
      assert.strictEqual(yield* cancel, 0)
      assert.deepStrictEqual(yield* countsOf(theirs.workspaceId, campaign.id), { ...none, planned: 2, open: 2 })
    })
  ),
  sentence(
    "final records of one campaign are not listed with another's",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(1)
      const other = yield* freshCampaign(owned.workspaceId, "other")
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "failed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      const page = { states: finalStates, after: null, limit: 10 }
      assert.deepStrictEqual(yield* ledger.done({ ...page, campaignId: other.id }), [])
      assert.strictEqual((yield* ledger.done({ ...page, campaignId: campaign.id })).length, 1)
    })
  )
]
