import { assert, it } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { Effect, Fiber } from "effect"
import { base, claimable, claimed, ended, idsOf, openCampaign, runningCampaign, second } from "../conformance/Given.ts"
import { failedOf } from "../conformance/GivenRecords.ts"
import { stores } from "./GivenDays.ts"
import { heldOpen, someoneWaits } from "./internal/Sessions.ts"

const now = base + 60 * second

/** A running campaign that is read to its end, and all of which failed. */
const failedCampaign = Effect.fnUntraced(function* (count: number) {
  const campaigns = yield* CampaignStore
  const ledger = yield* Ledger
  const given = yield* runningCampaign(count)
  const { batch, campaign, owned } = given
  const page = { campaignId: campaign.id, from: 0, to: 1, last: true, now: base }
  yield* campaigns.append({ ...page, recipients: [], skipped: [] })
  const settlements = batch.deliveries.map((delivery) => ended(delivery, "failed"))
  yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
  const { id: campaignId, workspaceId } = campaign
  const change = { workspaceId, campaignId, note: null, now, from: ["running"] } as const
  const retry = Effect.flatMap(Records, (records) =>
    records.retry({ filter: failedOf(owned), ids: null, limit: 100, now })
  )
  return { ...given, change, retry, found: campaigns.get(workspaceId, campaignId) }
})

it.layer(stores, { timeout: "30 seconds" })("SqlRecords, with several connections", (it) => {
  it.effect("a retry that waits for a campaign to complete has it running again", () =>
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { change, found, retry } = yield* failedCampaign(2)
      const completing = yield* heldOpen(campaigns.transition({ ...change, to: "completed" }))
      const retrying = yield* Effect.forkChild(retry)
      yield* someoneWaits
      yield* completing.release
      assert.lengthOf(yield* Fiber.join(retrying), 2)
      const { counts, status } = yield* found
      assert.deepStrictEqual([status, counts], ["running", { ...none, planned: 2, open: 2 }])
    })
  )

  it.effect("a campaign that waits for a retry does not complete", () =>
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { change, found, retry } = yield* failedCampaign(2)
      const retrying = yield* heldOpen(retry)
      const completing = yield* Effect.forkChild(campaigns.transition({ ...change, to: "completed" }))
      yield* someoneWaits
      yield* retrying.release
      yield* Fiber.join(completing)
      const { counts, status } = yield* found
      assert.deepStrictEqual([status, counts.open], ["running", 2])
    })
  )

  it.effect("a retry that waits for a cancel opens nothing", () =>
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { change, found, retry } = yield* failedCampaign(2)
      const cancelling = yield* heldOpen(campaigns.transition({ ...change, to: "cancelled" }))
      const retrying = yield* Effect.forkChild(retry)
      yield* someoneWaits
      yield* cancelling.release
      assert.deepStrictEqual(yield* Fiber.join(retrying), [])
      const { counts, status } = yield* found
      assert.deepStrictEqual([status, counts], ["cancelled", { ...none, planned: 2, failed: 2 }])
    })
  )

  it.effect("a second retry that waits for the first opens nothing", () =>
    Effect.gen(function* () {
      const { found, ids, retry } = yield* failedCampaign(3)
      const first = yield* heldOpen(retry)
      const second = yield* Effect.forkChild(retry)
      yield* someoneWaits
      yield* first.release
      assert.deepStrictEqual(idsOf(first.value), ids)
      assert.deepStrictEqual(yield* Fiber.join(second), [])
      assert.deepStrictEqual((yield* found).counts, { ...none, planned: 3, open: 3 })
    })
  )

  it.effect("a retry waits for a forget, and opens nothing of it", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const { ids, owned, retry } = yield* failedCampaign(3)
      const forgetting = yield* heldOpen(records.forget({ filter: failedOf(owned), ids: ids.slice(0, 2), limit: 10 }))
      const retrying = yield* Effect.forkChild(retry)
      yield* someoneWaits
      yield* forgetting.release
      assert.deepStrictEqual(idsOf(yield* Fiber.join(retrying)), ids.slice(2))
    })
  )

  it.effect("a claim that waits for work to be cleared away claims what is left", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const { ids, owned, source } = yield* openCampaign(5)
      const filter = { workspaceId: owned.workspaceId }
      const clearing = yield* heldOpen(records.clear({ filter, limit: 3, reason: "a mistake", now: base }))
      const claiming = yield* Effect.forkChild(claimable(owned, source))
      yield* someoneWaits
      yield* clearing.release
      const left = idsOf(yield* Fiber.join(claiming))
      assert.lengthOf(left, 2)
      assert.includeMembers([...ids], [...left])
    })
  )

  it.effect("what is cleared away waits for a running claim, and leaves what that holds", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const { owned, source } = yield* openCampaign(5)
      const filter = { workspaceId: owned.workspaceId }
      const claiming = yield* heldOpen(claimed(owned, source, 2))
      const clearing = yield* Effect.forkChild(records.clear({ filter, limit: 10, reason: "a mistake", now: base }))
      yield* someoneWaits
      yield* claiming.release
      assert.strictEqual(yield* Fiber.join(clearing), 3)
      assert.strictEqual(yield* records.countOpen(filter), 2)
    })
  )
})
