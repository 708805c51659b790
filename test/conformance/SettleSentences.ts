/**
 * How deliveries end or are put off.
 */
import { assert } from "@effect/vitest"
import { isBalanced, none } from "@fibercast/domain/Counts"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import {
  base,
  claimable,
  claimed,
  claimedCampaign,
  countsOf,
  ended,
  idsOf,
  jobs,
  later,
  openCampaign,
  ownedWorkspace,
  putOff,
  second
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

export const settleSentences = [
  sentence(
    "deliveries of a campaign are planned and open as soon as they are inserted",
    Effect.gen(function* () {
      const { campaign, owned } = yield* openCampaign(3)
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 3, open: 3 })
    })
  ),
  sentence(
    "a claim changes no counts",
    Effect.gen(function* () {
      const { campaign, owned } = yield* claimedCampaign(3)
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 3, open: 3 })
    })
  ),
  sentence(
    "each final state is counted as itself, in the settle that brings it",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(8)
      const settlements = finalStates.flatMap((state, index) =>
        batch.deliveries.slice(index, index + 1).map((delivery) => ended(delivery, state))
      )
      const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      assert.deepStrictEqual(settled, { final: 6, later: 0 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      const one = Object.fromEntries(finalStates.map((state) => [state, 1]))
      assert.deepStrictEqual(counts, { ...none, ...one, planned: 8, open: 2 })
      assert.isTrue(isBalanced(counts))
    })
  ),
  sentence(
    "a settle of a final delivery changes nothing",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(2)
      const failed = batch.deliveries.map((delivery) => ended(delivery, "failed"))
      yield* ledger.settle({ ...owned, settlements: failed, finishedClaims: [] })
      const before = yield* countsOf(owned.workspaceId, campaign.id)
      const completed = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      const again = yield* ledger.settle({ ...later(owned, second), settlements: completed, finishedClaims: [] })
      const retried = batch.deliveries.map((delivery) => putOff(delivery, "retry", base + 2 * second))
      const late = yield* ledger.settle({ ...owned, settlements: retried, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(
        [again, late],
        [
          { final: 0, later: 0 },
          { final: 0, later: 0 }
        ]
      )
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), before)
      const done = yield* ledger.done({ campaignId: campaign.id, states: finalStates, after: null, limit: 10 })
      assert.deepStrictEqual(
        done.map(({ id, settledAt, state }) => ({ id, settledAt, state })),
        batch.deliveries.map(({ id }) => ({ id, settledAt: base, state: "failed" }))
      )
      assert.deepStrictEqual(yield* claimable(later(owned, 60 * second), { lane: "bulk", campaignId: campaign.id }), [])
    })
  ),
  sentence(
    "a settle of another try changes nothing",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(2)
      const settlements = batch.deliveries.map((delivery, index) =>
        index === 0
          ? ended({ ...delivery, dueAt: base - 1 }, "completed")
          : putOff({ ...delivery, dueAt: base - 1 }, "retry", base + second)
      )
      const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      assert.deepStrictEqual(settled, { final: 0, later: 0 })
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 2, open: 2 })
    })
  ),
  sentence(
    "a retry charges the attempt and comes back when it is due, not before",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(1)
      const settlements = batch.deliveries.map((delivery) => putOff(delivery, "retry", base + 60 * second))
      const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 0, later: 1 })
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 1, open: 1 })
      assert.strictEqual(yield* ledger.nextDue({ workspaceId: owned.workspaceId, source }), base + 60 * second)
      assert.deepStrictEqual(yield* claimable(later(owned, 60 * second - 1), source), [])
      const again = yield* claimable(later(owned, 60 * second), source)
      assert.deepStrictEqual(
        again.map(({ attempt, dueAt, id, rescues }) => ({ attempt, dueAt, id, rescues })),
        idsOf(batch.deliveries).map((id) => ({ attempt: 1, dueAt: base + 60 * second, id, rescues: 0 }))
      )
    })
  ),
  sentence(
    "a snooze puts off without a charge",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(1)
      const settlements = batch.deliveries.map((delivery) => putOff(delivery, "snooze", base + 60 * second))
      const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 0, later: 1 })
      assert.deepStrictEqual(yield* claimable(later(owned, 60 * second - 1), source), [])
      const again = yield* claimable(later(owned, 60 * second), source)
      assert.deepStrictEqual(
        again.map(({ attempt, id, rescues }) => ({ attempt, id, rescues })),
        idsOf(batch.deliveries).map((id) => ({ attempt: 0, id, rescues: 0 }))
      )
    })
  ),
  sentence(
    "a finished claim gives back what it held and nobody settled, uncharged",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(3)
      const settlements = batch.deliveries.slice(0, 1).map((delivery) => ended(delivery, "completed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      const again = yield* claimable(owned, source)
      assert.deepStrictEqual(again, batch.deliveries.slice(1))
    })
  ),
  sentence(
    "a claim that is finished twice gives back nothing that was claimed since",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(2)
      const finish = ledger.settle({ ...owned, settlements: [], finishedClaims: [batch.claimId] })
      yield* finish
      yield* claimed(owned, source)
      yield* finish
      assert.deepStrictEqual(yield* claimable(owned, source), [])
    })
  ),
  sentence(
    "a settle whose answer was lost may be repeated",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(4)
      const settlements = batch.deliveries.map((delivery, index) => {
        if (index < 2) return ended(delivery, "completed")
        return putOff(delivery, index === 2 ? "retry" : "snooze", base + second)
      })
      const settle = ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      yield* settle
      assert.strictEqual((yield* settle).final, 0)
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), {
        ...none,
        planned: 4,
        open: 2,
        completed: 2
      })
      const again = yield* claimable(later(owned, second), source)
      assert.deepStrictEqual(
        again.map(({ attempt }) => attempt),
        [1, 0]
      )
    })
  ),
  sentence(
    "background jobs are settled without a campaign",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ ...owned, deliveries: jobs(3) })
      const batch = yield* claimed(owned)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 3, later: 0 })
      assert.deepStrictEqual(yield* claimable(later(owned, 60 * second)), [])
    })
  ),
  sentence(
    "one settle may end deliveries of several claims and campaigns",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(2)
      yield* ledger.insert({ ...owned, deliveries: jobs(2) })
      const other = yield* claimed(owned)
      const settlements = [...batch.deliveries, ...other.deliveries].map((delivery) => ended(delivery, "completed"))
      const finishedClaims = [batch.claimId, other.claimId]
      assert.deepStrictEqual(yield* ledger.settle({ ...owned, settlements, finishedClaims }), { final: 4, later: 0 })
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 2, completed: 2 })
    })
  )
]
