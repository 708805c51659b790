/**
 * What is taken back at once, what its owner is asked to stop, and that none of it is tried again.
 */
import { assert } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { type Recall } from "@fibercast/ports/Recall"
import { Effect } from "effect"
import {
  background,
  base,
  claimable,
  claimed,
  claimedCampaign,
  countsOf,
  ended,
  freshCampaign,
  idsOf,
  jobs,
  later,
  openCampaign,
  ownedWorkspace,
  putOff,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

const recall = Effect.fnUntraced(function* (
  { now, workspaceId }: Owned,
  ids: ReadonlyArray<DeliveryId>,
  options: Partial<Recall> = {}
) {
  return yield* (yield* Ledger).recall({ workspaceId, now, ids, reason: "a mistake", force: false, ...options })
})

const recalled = Effect.fnUntraced(function* (owned: Owned) {
  return yield* (yield* Ledger).recalled(owned)
})

const stops = (ids: ReadonlyArray<DeliveryId>, reason = "a mistake") => ids.map((id) => ({ id, reason }))

const nothing = { cancelled: [], asked: [] }

export const recallSentences = [
  sentence(
    "a recall cancels what nobody holds, due or not, with its reason, and leaves the rest",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, ids, owned, source } = yield* openCampaign(4)
      const future = jobs(1, { lane: "urgent", campaignId: campaign.id, dueAt: base + 3600 * second })
      const [notDue] = yield* ledger.insert({ ...owned, deliveries: future })
      const chosen = [...ids.slice(0, 2), ...(notDue === undefined ? [] : [notDue])]
      const taken = yield* recall(later(owned, second), chosen.toReversed())
      assert.deepStrictEqual(taken, { cancelled: chosen, asked: [] })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 5, open: 2, cancelled: 3 })
      const done = yield* ledger.done({ campaignId: campaign.id, states: ["cancelled"], after: null, limit: 10 })
      assert.deepStrictEqual(
        done.map(({ attempt, id, reason, settledAt }) => ({ attempt, id, reason, settledAt })),
        chosen.map((id) => ({ attempt: 0, id, reason: "a mistake", settledAt: owned.now + second }))
      )
      assert.deepStrictEqual(idsOf(yield* claimable(owned, source)), ids.slice(2))
      assert.deepStrictEqual(yield* recalled(owned), [])
    })
  ),
  sentence(
    "a recall of what a claim holds leaves it open, and its owner is told to stop it",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned } = yield* claimedCampaign(3)
      assert.deepStrictEqual(yield* recall(owned, ids.slice(1)), { cancelled: [], asked: ids.slice(1) })
      assert.deepStrictEqual(yield* recalled(owned), stops(ids.slice(1)))
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, open: 3 })
      const [, second, third] = batch.deliveries
      const settlements = [
        ...(second === undefined ? [] : [ended(second, "cancelled")]),
        ...(third === undefined ? [] : [ended(third, "completed")])
      ]
      const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      assert.deepStrictEqual(settled, { final: 2, later: 0 })
      const after = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(after, { ...none, planned: 3, open: 1, cancelled: 1, completed: 1 })
    })
  ),
  sentence(
    "what is to be stopped is named until it has ended, and once more then",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned } = yield* claimedCampaign(2)
      yield* recall(owned, ids)
      assert.deepStrictEqual(yield* recalled(owned), stops(ids))
      assert.deepStrictEqual(yield* recalled(owned), stops(ids))
      const settlements = batch.deliveries.slice(0, 1).map((delivery) => ended(delivery, "failed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      assert.deepStrictEqual(yield* recalled(owned), stops(ids))
      assert.deepStrictEqual(yield* recalled(owned), stops(ids.slice(1)))
    })
  ),
  sentence(
    "a recall by force cancels what a claim holds, and what its sender says then is not written",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned, source } = yield* claimedCampaign(3)
      const taken = yield* recall(owned, ids.slice(0, 2), { force: true })
      assert.deepStrictEqual(taken, { cancelled: ids.slice(0, 2), asked: [] })
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 1, later: 0 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, completed: 1, cancelled: 2 })
      assert.deepStrictEqual(yield* recalled(owned), stops(ids.slice(0, 2)))
      assert.deepStrictEqual(yield* recalled(owned), [])
      assert.deepStrictEqual(yield* claimable(owned, source), [])
    })
  ),
  sentence(
    "force also ends what its owner was only asked to stop",
    Effect.gen(function* () {
      const { campaign, ids, owned } = yield* claimedCampaign(1)
      yield* recall(owned, ids)
      assert.deepStrictEqual(yield* recall(owned, ids, { force: true }), { cancelled: ids, asked: [] })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 1, cancelled: 1 })
      assert.deepStrictEqual(yield* recalled(owned), stops(ids))
    })
  ),
  sentence(
    "a recall that is made again changes nothing, and its first reason stays",
    Effect.gen(function* () {
      const { batch, campaign, ids, owned } = yield* claimedCampaign(2)
      const ledger = yield* Ledger
      const [open] = yield* ledger.insert({ ...owned, deliveries: jobs(1, { campaignId: campaign.id }) })
      const all = [...ids, ...(open === undefined ? [] : [open])]
      const twice = [...all, ...all]
      assert.deepStrictEqual(yield* recall(owned, twice), { cancelled: all.slice(2), asked: ids })
      assert.deepStrictEqual(yield* recall(owned, twice, { reason: "again" }), { cancelled: [], asked: ids })
      assert.deepStrictEqual(yield* recalled(owned), stops(ids))
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(yield* recall(owned, twice), nothing)
      assert.deepStrictEqual(yield* recall(owned, twice, { force: true }), nothing)
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, completed: 2, cancelled: 1 })
    })
  ),
  sentence(
    "what is another workspace's, or nobody's, is left alone",
    Effect.gen(function* () {
      const mine = yield* ownedWorkspace()
      const { campaign, ids, owned: theirs } = yield* claimedCampaign(1)
      const ledger = yield* Ledger
      const open = yield* ledger.insert({ ...theirs, deliveries: jobs(1, { campaignId: campaign.id }) })
      const all = [...ids, ...open, DeliveryId.make(9_000_000_000_000_000n)]
      for (const force of [false, true]) assert.deepStrictEqual(yield* recall(mine, all, { force }), nothing)
      const nowhere = { workspaceId: WorkspaceId.make(2_000_000_000) }
      assert.deepStrictEqual(yield* recall(mine, all, nowhere), nothing)
      assert.deepStrictEqual(yield* recall(theirs, []), nothing)
      const counts = yield* countsOf(theirs.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, open: 2 })
      yield* recall(theirs, ids)
      assert.deepStrictEqual(yield* recalled(mine), [])
      assert.deepStrictEqual(yield* recalled(theirs), stops(ids))
    })
  ),
  sentence(
    "what is put off is held by nobody: a recall cancels it at once, though its claim still stands",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned, source } = yield* claimedCampaign(2)
      const settlements = batch.deliveries.map((delivery) => putOff(delivery, "retry", owned.now + 2 * second))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      assert.deepStrictEqual(yield* recall(owned, ids.slice(0, 1)), { cancelled: ids.slice(0, 1), asked: [] })
      yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(yield* recall(owned, ids.slice(0, 1)), nothing)
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, open: 1, cancelled: 1 })
      assert.deepStrictEqual(idsOf(yield* claimable(later(owned, 3 * second), source)), ids.slice(1))
    })
  ),
  sentence(
    "what was put off and is claimed again is its owner's to stop",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned, source } = yield* claimedCampaign(2)
      const settlements = batch.deliveries.map((delivery) => putOff(delivery, "snooze", owned.now + second))
      yield* ledger.settle({ ...owned, settlements: settlements.slice(0, 1), finishedClaims: [] })
      const due = later(owned, second)
      const next = yield* claimed(due, source)
      assert.deepStrictEqual(yield* recall(due, ids), { cancelled: [], asked: ids })
      yield* ledger.settle({ ...due, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(yield* recalled(due), stops(ids.slice(0, 1)))
      const stopped = next.deliveries.map((delivery) => ended(delivery, "cancelled"))
      yield* ledger.settle({ ...due, settlements: stopped, finishedClaims: [next.claimId] })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, cancelled: 2 })
    })
  ),
  sentence(
    "what is put off after its owner was asked, and leaves its claim with that, is not claimed while that stands",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned, source } = yield* claimedCampaign(2)
      yield* recall(owned, ids.slice(0, 1))
      const settlements = batch.deliveries.slice(0, 1).map((one) => putOff(one, "retry", owned.now + second))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      const due = later(owned, 2 * second)
      assert.deepStrictEqual(yield* claimable(due, source), [])
      assert.isNull(yield* ledger.nextDue({ workspaceId: owned.workspaceId, source }))
      assert.deepStrictEqual(yield* recalled(due), [])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, open: 1, cancelled: 1 })
    })
  ),
  sentence(
    "what is put off after its owner was asked is not claimed again, and cancelled when the owner looks",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned, source } = yield* claimedCampaign(3)
      yield* recall(owned, ids.slice(0, 2))
      const [first, ...others] = batch.deliveries
      const settlements = [
        ...(first === undefined ? [] : [putOff(first, "retry", owned.now + second)]),
        ...others.map((delivery) => putOff(delivery, "snooze", owned.now + second))
      ]
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      const due = later(owned, 2 * second)
      assert.deepStrictEqual(idsOf(yield* claimable(due, source)), ids.slice(2))
      assert.isNull(yield* ledger.nextDue({ workspaceId: owned.workspaceId, source }))
      assert.deepStrictEqual(yield* recalled(due), [])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, open: 1, cancelled: 2 })
      const done = yield* ledger.done({ campaignId: campaign.id, states: ["cancelled"], after: null, limit: 10 })
      assert.deepStrictEqual(
        done.map(({ attempt, id, reason, settledAt }) => ({ attempt, id, reason, settledAt })),
        ids.slice(0, 2).map((id, index) => ({ attempt: 1 - index, id, reason: "a mistake", settledAt: due.now }))
      )
      assert.deepStrictEqual(yield* recalled(due), [])
    })
  ),
  sentence(
    "what is asked for and given back is not claimed again, and cancelled when the owner looks",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const campaign = yield* freshCampaign(owned.workspaceId)
      const ids = yield* ledger.insert({ ...owned, deliveries: [...jobs(2, { campaignId: campaign.id }), ...jobs(1)] })
      const source = { ...background, campaignId: campaign.id }
      yield* claimed(owned, source)
      yield* recall(owned, ids.slice(0, 1))
      yield* ledger.giveBack({ ...owned, except: [] })
      const again = yield* claimed(owned, source, 1)
      assert.deepStrictEqual(idsOf(again.deliveries), ids.slice(1, 2))
      assert.deepStrictEqual(yield* recalled(owned), [])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, open: 1, cancelled: 1 })
    })
  ),
  sentence(
    "what an owner that is gone was asked to stop is cancelled by the next, or unknown if it was started",
    Effect.gen(function* () {
      const { batch, campaign, ids, owned, source } = yield* claimedCampaign(3)
      yield* start(owned, batch, batch.deliveries.slice(1, 2))
      yield* recall(owned, ids.slice(0, 2))
      const { owned: next } = yield* takenByAnother(later(owned, second))
      assert.deepStrictEqual(idsOf(yield* claimable(next, source)), ids.slice(2))
      assert.deepStrictEqual(yield* recalled(next), stops(ids.slice(1, 2)))
      assert.deepStrictEqual(yield* recalled(next), [])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, open: 1, unknown: 1, cancelled: 1 })
    })
  ),
  sentence(
    "what was asked for may still be cancelled with its campaign",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned } = yield* claimedCampaign(2)
      yield* recall(owned, ids.slice(0, 1))
      yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [batch.claimId] })
      const cancel = ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" })
      assert.strictEqual(yield* cancel, 2)
      assert.deepStrictEqual(yield* recalled(owned), stops(ids.slice(0, 1)))
      assert.deepStrictEqual(yield* recalled(owned), [])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, cancelled: 2 })
    })
  ),
  sentence(
    "an old epoch is not told what to stop",
    Effect.gen(function* () {
      const { ids, owned } = yield* claimedCampaign(1)
      yield* recall(owned, ids, { force: true })
      const { owned: next } = yield* takenByAnother(owned)
      const error = yield* Effect.flip(recalled(owned))
      assert.strictEqual(error._tag, "EpochLost")
      assert.deepStrictEqual(yield* recalled(next), stops(ids))
    })
  )
]
