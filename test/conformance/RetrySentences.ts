/**
 * Ended work is opened again: what of it, how it stands then, and what is left as it is.
 */
import { assert } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { type EndedFilter, Records } from "@fibercast/ports/Records"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect } from "effect"
import {
  base,
  claimable,
  claimed,
  claimedCampaign,
  claimedMore,
  claimsOf,
  countsOf,
  ended,
  freshCampaign,
  idsOf,
  later,
  ownedWorkspace,
  parsed,
  runningCampaign,
  second,
  wholeOf
} from "./Given.ts"
import * as GivenBatches from "./GivenBatches.ts"
import { asked, dispatchedOne } from "./GivenDispatches.ts"
import { allOf, failedOf, workspaceOfEnded } from "./GivenRecords.ts"
import { sentence } from "./Sentence.ts"

const now = base + 60 * second

const retry = Effect.fnUntraced(function* (
  filter: EndedFilter,
  ids: ReadonlyArray<DeliveryId> | null = null,
  limit = 100
) {
  const records = yield* Records
  return yield* records.retry({ filter, ids, limit, now })
})

/** A running campaign all of whose deliveries failed. */
const failedCampaign = Effect.fnUntraced(function* (count: number) {
  const ledger = yield* Ledger
  const given = yield* runningCampaign(count)
  const settlements = given.batch.deliveries.map((delivery) => ended(delivery, "failed"))
  yield* ledger.settle({ ...given.owned, settlements, finishedClaims: [given.batch.claimId] })
  return given
})

/** The same, and its audience is read. */
const readCampaign = Effect.fnUntraced(function* (count: number) {
  const campaigns = yield* CampaignStore
  const given = yield* failedCampaign(count)
  const page = { campaignId: given.campaign.id, from: 0, to: 1, last: true, now: base }
  yield* campaigns.append({ ...page, recipients: [], skipped: [{ row: 1, input: "0812", reason: "too short" }] })
  return given
})

const movedTo = Effect.fnUntraced(function* (
  { campaign: { id: campaignId, workspaceId } }: Effect.Success<ReturnType<typeof failedCampaign>>,
  to: "completed" | "paused" | "cancelled"
) {
  const campaigns = yield* CampaignStore
  const { status } = yield* campaigns.transition({ workspaceId, campaignId, from: ["running"], to, note: null, now })
  assert.strictEqual(status, to)
})

export const retrySentences = [
  sentence(
    "what is opened again counts for the limit of its workspace, until it has ended again",
    Effect.gen(function* () {
      const { owned } = yield* workspaceOfEnded([{ state: "failed" }, { state: "failed" }])
      yield* (yield* WorkspaceStore).setLimits(owned.workspaceId, { backlog: 2 })
      assert.lengthOf(yield* retry(failedOf(owned)), 2)
      const at = { ...owned, now }
      const full = { _tag: "Refused", reason: { _tag: "BacklogFull", of: "workspace", cap: 2 } } as const
      assert.deepStrictEqual(yield* dispatchedOne(at, asked(1)), full)
      const records = yield* Records
      const filter = { workspaceId: owned.workspaceId }
      assert.strictEqual(yield* records.clear({ filter, limit: 1, reason: "not wanted", now }), 1)
      assert.strictEqual((yield* dispatchedOne(at, asked(2)))._tag, "Inserted")
      assert.deepStrictEqual(yield* dispatchedOne(at, asked(3)), full)
    })
  ),
  sentence(
    "what failed is opened again under its id: due now, with its payload, lane and tags, and its tries given back",
    Effect.gen(function* () {
      const records = yield* Records
      const { ids, owned } = yield* workspaceOfEnded([
        { state: "failed", reason: "no", job: { tags: ["a"], dueAt: base - second, deadline: base + 2 * second } },
        { state: "completed" }
      ])
      const opened = yield* retry(failedOf(owned))
      assert.deepStrictEqual<unknown>(opened, [{ id: ids[0], workspaceId: owned.workspaceId }])
      const [delivery, ...others] = yield* claimable(later(owned, 60 * second))
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual<unknown>(
        { ...delivery, payload: parsed(delivery?.payload ?? null) },
        {
          id: ids[0],
          pipeline: "jobs",
          lane: "normal",
          campaignId: null,
          batchId: null,
          attempt: 0,
          rescues: 0,
          dueAt: now,
          deadline: null,
          payload: { index: 0 }
        }
      )
      const found = delivery && (yield* records.find({ workspaceId: owned.workspaceId, id: delivery.id }))
      assert.deepStrictEqual(found?.record.tags, ["a"])
      assert.strictEqual(found?.record.dispatchedAt, base)
      assert.deepStrictEqual(
        found?.attempts.map(({ outcome, reason }) => [outcome, reason]),
        [["failed", "no"]]
      )
      assert.strictEqual(yield* records.countEnded(allOf(owned)), 1)
    })
  ),
  sentence(
    "a campaign counts what is opened as open again, goes on if it had completed, and completes anew",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const ledger = yield* Ledger
      const given = yield* readCampaign(3)
      const { campaign, owned, source } = given
      yield* movedTo(given, "completed")
      const filter = { ...failedOf(owned), campaignId: campaign.id }
      assert.lengthOf(yield* retry(filter, null, 2), 2)
      const after = yield* campaigns.get(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(after.counts, { ...none, planned: 4, open: 2, failed: 1, skipped: 1 })
      assert.deepStrictEqual([after.status, after.completedAt], ["running", null])
      const again = yield* claimed(later(owned, 60 * second), source)
      const settlements = again.deliveries.map((delivery) => ended(delivery, "completed"))
      yield* ledger.settle({ ...later(owned, 60 * second), settlements, finishedClaims: [again.claimId] })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 4, completed: 2, failed: 1, skipped: 1 })
      yield* movedTo(given, "completed")
    })
  ),
  sentence(
    "every state but completed can be opened again, and each is counted less by what was",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(6)
      const settlements = batch.deliveries.map((delivery, index) => ended(delivery, finalStates[index] ?? "failed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.lengthOf(yield* retry({ ...allOf(owned), campaignId: campaign.id }), 4)
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 6, open: 4, completed: 1, skipped: 1 })
    })
  ),
  sentence(
    "a job that was skipped can be opened again, what a campaign skipped cannot",
    Effect.gen(function* () {
      const { campaign, owned } = yield* readCampaign(1)
      assert.deepStrictEqual(yield* retry({ ...allOf(owned), states: ["skipped"], campaignId: campaign.id }), [])
      const job = yield* workspaceOfEnded([{ state: "skipped" }])
      assert.lengthOf(yield* retry(allOf(job.owned)), 1)
    })
  ),
  sentence(
    "a paused campaign keeps what is opened until it is resumed, a cancelled one is left as it is",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      for (const to of ["paused", "cancelled"] as const) {
        const given = yield* failedCampaign(2)
        const { campaign, owned } = given
        yield* movedTo(given, to)
        assert.lengthOf(yield* retry(failedOf(owned)), to === "paused" ? 2 : 0)
        const { counts, status } = yield* campaigns.get(owned.workspaceId, campaign.id)
        assert.strictEqual(status, to)
        assert.strictEqual(counts.open, to === "paused" ? 2 : 0)
      }
    })
  ),
  sentence(
    "of several who open the same at once, one opens each",
    Effect.gen(function* () {
      const { campaign, ids, owned } = yield* failedCampaign(20)
      const calls = Array.from({ length: 4 }, () => retry(failedOf(owned)))
      const opened = (yield* Effect.all(calls, { concurrency: "unbounded" })).flat()
      assert.deepStrictEqual<unknown>(
        idsOf(opened).toSorted((a, b) => (a < b ? -1 : 1)),
        ids
      )
      assert.deepStrictEqual(yield* retry(failedOf(owned)), [])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 20, open: 20 })
    })
  ),
  sentence(
    "only what is named, and in the filter, is opened; at most the limit, by id",
    Effect.gen(function* () {
      const failed = { state: "failed" } as const
      const { ids, owned } = yield* workspaceOfEnded([failed, { state: "unknown" }, failed, failed, failed])
      const other = yield* workspaceOfEnded([failed])
      const [first, doubted, third, fourth, fifth] = ids
      const [theirs] = other.ids
      const named = [fifth, doubted, fourth, theirs, first].flatMap((id) => (id === undefined ? [] : [id]))
      assert.deepStrictEqual(yield* retry(failedOf(owned), []), [])
      assert.deepStrictEqual<unknown>(idsOf(yield* retry(failedOf(owned), named, 2)), [first, fourth])
      assert.deepStrictEqual<unknown>(idsOf(yield* retry(failedOf(owned), named)), [fifth])
      assert.deepStrictEqual<unknown>(idsOf(yield* retry(failedOf(owned))), [third])
      const ofAll = { ...failedOf(owned), workspaceId: null }
      assert.deepStrictEqual<unknown>(idsOf(yield* retry(ofAll, other.ids)), other.ids)
    })
  ),
  sentence(
    "what is said of a try before reaches nothing that was opened again",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const { batch, owned } = yield* failedCampaign(1)
      // At the very instant when it was due before.
      const opened = yield* records.retry({ filter: failedOf(owned), ids: null, limit: 10, now: base })
      assert.lengthOf(opened, 1)
      const late = batch.deliveries.map((delivery) => ended(delivery, "cancelled"))
      const settled = yield* ledger.settle({ ...owned, settlements: late, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(settled, { final: 0, later: 0 })
      assert.strictEqual(yield* records.countOpen({ workspaceId: owned.workspaceId }), 1)
    })
  ),
  sentence(
    "what was asked back before it failed is not taken back once it is opened again",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, source } = yield* claimedCampaign(1)
      yield* ledger.recall({ ...owned, ids, reason: "a mistake", force: false })
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "failed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.lengthOf(yield* retry(failedOf(owned)), 1)
      assert.deepStrictEqual(yield* ledger.recalled(later(owned, 60 * second)), [])
      assert.lengthOf(yield* claimable(later(owned, 60 * second), source), 1)
    })
  ),
  sentence(
    "a claim of which something ended and is opened again is not whole any more; the others are",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const [one, other] = [yield* claimedMore(owned, 2), yield* claimedMore(owned, 2)]
      const settlements = one.deliveries.slice(0, 1).map((delivery) => ended(delivery, "failed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), claimsOf([one, other]))
      assert.lengthOf(yield* retry(failedOf(owned)), 1)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), claimsOf([other]))
    })
  ),
  sentence(
    "of a campaign that is scheduled yet, what ended is opened, and the campaign stays scheduled",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const campaign = yield* freshCampaign(owned.workspaceId)
      const delivery = {
        pipeline: "reports",
        lane: "bulk",
        campaignId: campaign.id,
        dueAt: base + 600 * second
      } as const
      const ids = yield* ledger.insert({ ...owned, deliveries: [{ ...delivery, deadline: null, payload: "{}" }] })
      yield* ledger.recall({ ...owned, ids, reason: "a mistake", force: false })
      assert.deepStrictEqual<unknown>(idsOf(yield* retry(allOf(owned))), ids)
      const { counts, status } = yield* campaigns.get(owned.workspaceId, campaign.id)
      assert.deepStrictEqual([status, counts], ["scheduled", { ...none, planned: 1, open: 1 }])
    })
  ),
  sentence(
    "a job of a batch that is opened again is counted as open, and its batch goes on where that may fail",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const { id, owned } = yield* GivenBatches.created([GivenBatches.stage("one", "two")], { allowFailures: 1 })
      yield* GivenBatches.settle(owned, yield* GivenBatches.claimedNow(owned), { one: "failed", two: "completed" })
      yield* batches.advance({ ...owned, limit: 10 })
      assert.strictEqual((yield* GivenBatches.batchOf(owned, id)).status, "completed")
      yield* retry({ ...failedOf(owned), batchId: id })
      const { counts, endedAt, status } = yield* GivenBatches.batchOf(owned, id)
      assert.deepStrictEqual(
        { counts, endedAt, status },
        { counts: { ...none, planned: 2, open: 1, completed: 1 }, endedAt: null, status: "running" }
      )
      const again = later(owned, 120 * second)
      yield* GivenBatches.settle(again, yield* GivenBatches.claimedNow(again), { one: "completed" })
      yield* batches.advance({ ...again, limit: 10 })
      assert.strictEqual((yield* GivenBatches.batchOf(owned, id)).status, "completed")
    })
  )
]
