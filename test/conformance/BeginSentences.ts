/**
 * What of a claim may be sent, by whom, and that with the mark it is sent by one.
 */
import { assert } from "@effect/vitest"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Begin, type HeldDelivery } from "@fibercast/ports/HandOver"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import {
  background,
  base,
  claimable,
  claimed,
  claimedCampaign,
  ended,
  freshCampaign,
  givenBack,
  heldOf,
  idsOf,
  jobs,
  later,
  ownedWorkspace,
  putOff,
  runningCampaign,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

const begun = Effect.fnUntraced(function* (
  owned: Owned,
  held: ReadonlyArray<HeldDelivery>,
  campaign: Begin["campaign"],
  mark = true
) {
  return yield* (yield* Ledger).begin({ ...owned, held, campaign, mark })
})

const go = (ids: ReadonlyArray<DeliveryId>) => ({ go: ids, back: [] })
const back = (ids: ReadonlyArray<DeliveryId>) => ({ go: [], back: ids })
const neither = { go: [], back: [] }

const unmarked = Effect.fnUntraced(function* (owned: Owned, rescued: number) {
  const { taken } = yield* takenByAnother(owned)
  assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued, unknown: 0 })
})

export const beginSentences = [
  sentence(
    "what is held of a running campaign may be sent, in the order given, and nothing that was not named",
    Effect.gen(function* () {
      const { batch, ids, owned, running } = yield* runningCampaign(4)
      const named = heldOf(batch).slice(1).toReversed()
      assert.deepStrictEqual(yield* begun(owned, named, running), go(ids.slice(1).toReversed()))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), go(ids.slice(0, 1)))
    })
  ),
  sentence(
    "what is begun with the mark is begun by nobody else, with the mark or without",
    Effect.gen(function* () {
      const { batch, ids, owned, running } = yield* runningCampaign(3)
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch).slice(0, 2), running), go(ids.slice(0, 2)))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running, false), go(ids.slice(2)))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), go(ids.slice(2)))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), neither)
    })
  ),
  sentence(
    "what is begun with the mark and not settled is in doubt when another takes over, and nothing else is",
    Effect.gen(function* () {
      const { batch, owned, running } = yield* runningCampaign(3)
      yield* begun(owned, heldOf(batch).slice(0, 2), running)
      const { taken } = yield* takenByAnother(owned)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 1, unknown: 2 })
    })
  ),
  sentence(
    "what is begun without the mark may be begun again, and is not in doubt",
    Effect.gen(function* () {
      const { batch, ids, owned, running } = yield* runningCampaign(2)
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running, false), go(ids))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running, false), go(ids))
      yield* unmarked(owned, 2)
    })
  ),
  sentence(
    "what is marked as started already is not begun, not even without the mark",
    Effect.gen(function* () {
      const { batch, ids, owned, running } = yield* runningCampaign(2)
      yield* start(owned, batch, batch.deliveries.slice(0, 1))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running, false), go(ids.slice(1)))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), go(ids.slice(1)))
    })
  ),
  sentence(
    "what has ended, was put off or was given back is begun by nobody, and is not to be given back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, running } = yield* runningCampaign(4)
      const [completed, retried, returned] = batch.deliveries
      assert.isTrue(completed !== undefined && retried !== undefined && returned !== undefined)
      if (completed === undefined || retried === undefined || returned === undefined) return
      const settlements = [ended(completed, "completed"), putOff(retried, "retry", base + second)]
      yield* ledger.settle({ ...owned, settlements, givenBack: givenBack(batch, [returned]), finishedClaims: [] })
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), go(ids.slice(3)))
      yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running, false), neither)
    })
  ),
  sentence(
    "what was given back and is claimed again is begun as the second claim holds it, not as the first did",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, running, source } = yield* runningCampaign(2)
      yield* begun(owned, heldOf(batch), running)
      const returned = givenBack(batch, batch.deliveries.slice(0, 1))
      yield* ledger.settle({ ...owned, settlements: [], givenBack: returned, finishedClaims: [] })
      const again = yield* claimed(owned, source)
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), neither)
      const crossed = heldOf(batch).map((named) => ({ ...named, claimId: again.claimId }))
      assert.deepStrictEqual(yield* begun(owned, crossed, running), go(ids.slice(0, 1)))
    })
  ),
  sentence(
    "a retry that is claimed again is begun as the try that it is",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, running, source } = yield* runningCampaign(1)
      yield* begun(owned, heldOf(batch), running)
      const settlements = batch.deliveries.map((delivery) => putOff(delivery, "retry", base + second))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      const again = yield* claimed(later(owned, second), source)
      const before = heldOf(batch).map((named) => ({ ...named, claimId: again.claimId }))
      assert.deepStrictEqual(yield* begun(owned, before, running), neither)
      assert.deepStrictEqual(yield* begun(owned, heldOf(again), running), go(ids))
    })
  ),
  sentence(
    "several claims are begun in one call, in the order given",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const ids = yield* ledger.insert({ ...owned, deliveries: jobs(6) })
      const batches = yield* Effect.forEach([2, 2, 2], (limit) => claimed(owned, background, limit))
      const named = batches.flatMap(heldOf).toSorted((a, b) => Number(a.id % 2n) - Number(b.id % 2n))
      assert.deepStrictEqual(yield* begun(owned, named, null), go(idsOf(named)))
      const { taken } = yield* takenByAnother(owned)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 0, unknown: ids.length })
    })
  ),
  sentence(
    "work of a campaign that is not running yet is to be given back, and is not marked",
    Effect.gen(function* () {
      const { batch, campaign, ids, owned } = yield* claimedCampaign(2)
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), campaign), back(ids))
      yield* unmarked(owned, 2)
    })
  ),
  sentence(
    "work of a paused campaign is to be given back, and is not marked; resumed, it goes under the new epoch only",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { batch, campaign, ids, owned, running } = yield* runningCampaign(2)
      const { workspaceId } = owned
      const change = { workspaceId, campaignId: campaign.id, note: null, now: base }
      const paused = yield* campaigns.transition({ ...change, from: ["running"], to: "paused" })
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), back(ids))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), paused), back(ids))
      const resumed = yield* campaigns.transition({ ...change, from: ["paused"], to: "running" })
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), back(ids))
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), resumed), go(ids))
    })
  ),
  sentence(
    "what is begun already is not to be given back, whatever becomes of its campaign",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { batch, campaign, ids, owned, running } = yield* runningCampaign(2)
      yield* begun(owned, heldOf(batch).slice(0, 1), running)
      const change = { workspaceId: owned.workspaceId, campaignId: campaign.id, note: null, now: base }
      yield* campaigns.transition({ ...change, from: ["running"], to: "cancelled" })
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), back(ids.slice(1)))
    })
  ),
  sentence(
    "what was asked back is to be given back, and goes to nobody; the rest may be sent",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, running, source } = yield* runningCampaign(3)
      yield* ledger.recall({ ...owned, ids: ids.slice(0, 1), reason: "a mistake", force: false })
      const some = { go: ids.slice(1, 2), back: ids.slice(0, 1) }
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch).slice(0, 2), running), some)
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running, false), { ...some, go: ids.slice(2) })
      const returned = givenBack(batch, batch.deliveries.slice(0, 1))
      yield* ledger.settle({ ...owned, settlements: [], givenBack: returned, finishedClaims: [] })
      assert.deepStrictEqual(yield* claimable(owned, source), [])
    })
  ),
  sentence(
    "what is asked back once it is begun is not to be given back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, running } = yield* runningCampaign(1)
      yield* begun(owned, heldOf(batch), running)
      yield* ledger.recall({ ...owned, ids, reason: "a mistake", force: false })
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), neither)
    })
  ),
  sentence(
    "background jobs wait for no campaign, and go under the name of none",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const ledger = yield* Ledger
      const { batch, campaign, owned, running } = yield* runningCampaign(1)
      const ids = yield* ledger.insert({ ...owned, deliveries: jobs(2) })
      const work = yield* claimed(owned)
      assert.deepStrictEqual(yield* begun(owned, heldOf(work), running), neither)
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), null), neither)
      const change = { workspaceId: owned.workspaceId, campaignId: campaign.id, note: null, now: base }
      yield* campaigns.transition({ ...change, from: ["running"], to: "paused" })
      assert.deepStrictEqual(yield* begun(owned, heldOf(work), null), go(ids))
    })
  ),
  sentence(
    "work goes under its own campaign, not under another that is running",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { batch, ids, owned, running } = yield* runningCampaign(1)
      const other = yield* freshCampaign(owned.workspaceId, "another")
      const change = { workspaceId: owned.workspaceId, campaignId: other.id, note: null, now: base }
      const another = yield* campaigns.transition({ ...change, from: ["scheduled"], to: "running" })
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), another), neither)
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch), running), go(ids))
    })
  ),
  sentence(
    "an old epoch begins nothing, and marks nothing",
    Effect.gen(function* () {
      const { batch, owned, running, source } = yield* runningCampaign(2)
      const { owned: next } = yield* takenByAnother(owned)
      const error = yield* Effect.flip(begun(owned, heldOf(batch), running))
      assert.strictEqual(error._tag, "EpochLost")
      const again = yield* claimed(next, source)
      const late = yield* Effect.flip(begun(owned, heldOf(again), running))
      assert.strictEqual(late._tag, "EpochLost")
      yield* unmarked(next, 2)
    })
  ),
  sentence(
    "the owner of one workspace begins nothing of another",
    Effect.gen(function* () {
      const { batch, owned, running } = yield* runningCampaign(2)
      const { owned: other } = yield* runningCampaign(1)
      assert.deepStrictEqual(yield* begun(other, heldOf(batch), running), neither)
      yield* unmarked(owned, 2)
    })
  ),
  sentence(
    "nothing is begun of nothing",
    Effect.gen(function* () {
      const { owned, running } = yield* runningCampaign(1)
      assert.deepStrictEqual(yield* begun(owned, [], running), neither)
    })
  ),
  sentence(
    "whoever has the epoch settles part of a claim, which stands until its owner finishes it",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, running, source } = yield* runningCampaign(6)
      const sent = batch.deliveries.slice(0, 2)
      yield* begun(owned, heldOf(batch).slice(0, 4), running)
      const settle = { ...owned, finishedClaims: [] }
      const completed = sent.map((delivery) => ended(delivery, "completed"))
      assert.deepStrictEqual(yield* ledger.settle({ ...settle, settlements: completed }), { final: 2, later: 0 })
      const failed = batch.deliveries.slice(2, 4).map((delivery) => ended(delivery, "failed"))
      assert.deepStrictEqual(yield* ledger.settle({ ...settle, settlements: failed }), { final: 2, later: 0 })
      assert.deepStrictEqual(yield* claimable(owned, source), [])
      assert.deepStrictEqual(yield* begun(owned, heldOf(batch).slice(0, 5), running), go(ids.slice(4, 5)))
      yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(idsOf(yield* claimable(owned, source)), ids.slice(4))
    })
  ),
  sentence(
    "what has ended is not given back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, source } = yield* runningCampaign(2)
      const [first] = batch.deliveries
      const settlements = first === undefined ? [] : [ended(first, "completed")]
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      const returned = givenBack(batch, batch.deliveries)
      yield* ledger.settle({ ...owned, settlements: [], givenBack: returned, finishedClaims: [] })
      assert.deepStrictEqual(idsOf(yield* claimable(owned, source)), ids.slice(1))
    })
  )
]
