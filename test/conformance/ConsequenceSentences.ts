/**
 * What follows a campaign.
 */
import { assert } from "@effect/vitest"
import { type Campaign, type CampaignStatus } from "@fibercast/domain/Campaign"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type Consequences } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import { background, base, claimable, claimed, ended, freshWorkspace, ownedWorkspace, sourceOf, spec } from "./Given.ts"
import * as GivenBatches from "./GivenBatches.ts"
import { sentence } from "./Sentence.ts"

const all: Consequences = {
  then: GivenBatches.job("then"),
  catch: GivenBatches.job("catch"),
  finally: GivenBatches.job("finally")
}

const created = Effect.fnUntraced(function* (
  { workspaceId }: Owned,
  consequences: Consequences | undefined,
  key = "c"
) {
  const campaigns = yield* CampaignStore
  const hashes = { templateHash: "t1", audienceHash: "a1" }
  const asked = {
    workspaceId,
    key,
    spec,
    ...hashes,
    now: base,
    ...(consequences === undefined ? {} : { consequences })
  }
  return (yield* campaigns.create(asked)).campaign
})

/** Running, with so many deliveries, and what follows. */
const running = Effect.fnUntraced(function* (count: number, consequences: Consequences = all) {
  const campaigns = yield* CampaignStore
  const owned = yield* ownedWorkspace()
  const campaign = yield* created(owned, consequences)
  const recipients = Array.from({ length: count }, (_, row) => ({ row: row + 1, address: `+62${row}`, payload: "{}" }))
  yield* campaigns.append({
    campaignId: campaign.id,
    from: 0,
    to: count,
    last: true,
    recipients,
    skipped: [],
    now: base
  })
  yield* moved(campaign, "running")
  return { owned, campaign }
})

const moved = Effect.fnUntraced(function* ({ id: campaignId, workspaceId }: Campaign, to: CampaignStatus) {
  const campaigns = yield* CampaignStore
  const from = ["scheduled", "running"] as const
  const { status } = yield* campaigns.transition({ workspaceId, campaignId, from, to, note: null, now: base })
  assert.strictEqual(status, to)
})

/** Its next deliveries end so, one each. */
const settled = Effect.fnUntraced(function* (owned: Owned, campaign: Campaign, ...states: ReadonlyArray<FinalState>) {
  const ledger = yield* Ledger
  const batch = yield* claimed(owned, sourceOf(campaign), states.length)
  const settlements = batch.deliveries.map((delivery, at) => ended(delivery, states[at] ?? "completed"))
  yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
})

const advance = Effect.fnUntraced(function* ({ now, workspaceId }: Owned, limit = 10) {
  return yield* (yield* CampaignStore).advance({ workspaceId, now, limit })
})

const isDue = Effect.fnUntraced(function* ({ workspaceId }: Owned, pipelines?: ReadonlyArray<string>) {
  const found = yield* (yield* CampaignStore).activeWorkspaces(0, pipelines)
  return found.some((one) => one.workspaceId === workspaceId)
})

/** The background jobs that can be claimed now, by name; claims them. */
const dispatched = Effect.fnUntraced(function* (owned: Owned) {
  return (yield* claimable(owned, background)).map(GivenBatches.nameOf).toSorted()
})

export const consequenceSentences = [
  sentence(
    "when a campaign has completed, what is to be done then and finally is dispatched, once, and not before",
    Effect.gen(function* () {
      const { campaign, owned } = yield* running(2)
      yield* settled(owned, campaign, "completed", "skipped")
      assert.deepStrictEqual(yield* advance(owned), [])
      yield* moved(campaign, "completed")
      assert.isTrue(yield* isDue(owned))
      assert.isTrue(yield* isDue(owned, []))
      assert.deepStrictEqual(yield* advance(owned), [{ campaignId: campaign.id, dispatched: 2 }])
      assert.isFalse(yield* isDue(owned))
      assert.deepStrictEqual(yield* advance(owned), [])
      assert.deepStrictEqual(yield* dispatched(owned), ["finally", "then"])
      const { counts } = yield* (yield* CampaignStore).get(owned.workspaceId, campaign.id)
      assert.strictEqual(counts.planned, 2)
    })
  ),
  sentence(
    "what a campaign catches is dispatched at its first failure, once, while it runs, whatever kind of failure it is",
    Effect.gen(function* () {
      for (const failure of ["failed", "unknown", "expired"] as const) {
        const { campaign, owned } = yield* running(4)
        yield* settled(owned, campaign, "completed", "cancelled")
        assert.deepStrictEqual(yield* advance(owned), [])
        yield* settled(owned, campaign, failure)
        assert.deepStrictEqual(yield* advance(owned), [{ campaignId: campaign.id, dispatched: 1 }])
        assert.deepStrictEqual(yield* dispatched(owned), ["catch"])
        yield* settled(owned, campaign, failure)
        assert.deepStrictEqual(yield* advance(owned), [])
        yield* moved(campaign, "completed")
        assert.deepStrictEqual(yield* advance(owned), [{ campaignId: campaign.id, dispatched: 2 }])
        assert.deepStrictEqual(yield* dispatched(owned), ["finally", "then"])
      }
    })
  ),
  sentence(
    "of a campaign that is cancelled only what is to be done finally is dispatched, once nothing of it is open",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, owned } = yield* running(2)
      const batch = yield* claimed(owned, sourceOf(campaign), 1)
      yield* moved(campaign, "cancelled")
      yield* ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" })
      assert.deepStrictEqual(yield* advance(owned), [])
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.isTrue(yield* isDue(owned))
      assert.deepStrictEqual(yield* advance(owned), [{ campaignId: campaign.id, dispatched: 1 }])
      assert.deepStrictEqual(yield* dispatched(owned), ["finally"])
      assert.isFalse(yield* isDue(owned))
    })
  ),
  sentence(
    "however many ask at once, what follows is dispatched once",
    Effect.gen(function* () {
      const { campaign, owned } = yield* running(0)
      yield* moved(campaign, "completed")
      const asking = Array.from({ length: 8 }, () => advance(owned))
      const answers = yield* Effect.all(asking, { concurrency: "unbounded" })
      assert.deepStrictEqual(answers.flat(), [{ campaignId: campaign.id, dispatched: 2 }])
      assert.deepStrictEqual(yield* dispatched(owned), ["finally", "then"])
    })
  ),
  sentence(
    "what was not asked for does not follow, and a campaign without any of it needs nothing",
    Effect.gen(function* () {
      const none: Consequences = { then: null, catch: null, finally: null }
      const { campaign, owned } = yield* running(1, { ...none, catch: GivenBatches.job("catch") })
      yield* settled(owned, campaign, "completed")
      yield* moved(campaign, "completed")
      assert.deepStrictEqual(yield* advance(owned), [{ campaignId: campaign.id, dispatched: 0 }])
      assert.deepStrictEqual(yield* advance(owned), [])
      const bare = yield* running(1, none)
      yield* settled(bare.owned, bare.campaign, "completed")
      yield* moved(bare.campaign, "completed")
      yield* advance(bare.owned)
      assert.isFalse(yield* isDue(bare.owned))
      assert.deepStrictEqual(yield* dispatched(bare.owned), [])
    })
  ),
  sentence(
    "at most so many campaigns are followed a call, of one workspace, by id, with what they were launched with first",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const owned = yield* ownedWorkspace()
      const other = yield* freshWorkspace
      const ids: Array<number> = []
      for (const key of ["a", "b", "c"]) {
        const campaign = yield* created(owned, { ...all, then: GivenBatches.job(key), finally: null }, key)
        yield* created(owned, { ...all, then: GivenBatches.job("another") }, key)
        yield* campaigns.append({
          campaignId: campaign.id,
          from: 0,
          to: 0,
          last: true,
          recipients: [],
          skipped: [],
          now: base
        })
        yield* moved(campaign, "running")
        yield* moved(campaign, "completed")
        ids.push(campaign.id)
      }
      assert.deepStrictEqual(yield* advance({ ...owned, workspaceId: other.id }), [])
      const pages = [yield* advance(owned, 2), yield* advance(owned, 2)]
      assert.deepStrictEqual<ReadonlyArray<ReadonlyArray<number>>>(
        pages.map((page) => page.map(({ campaignId }) => campaignId)),
        [ids.slice(0, 2), ids.slice(2)]
      )
      assert.deepStrictEqual(yield* dispatched(owned), ["a", "b", "c"])
    })
  ),
  sentence(
    "a job that follows waits as long as it says, counted from then",
    Effect.gen(function* () {
      const { campaign, owned } = yield* running(0, {
        ...all,
        then: null,
        finally: GivenBatches.job("later", { delay: 5000 })
      })
      yield* moved(campaign, "completed")
      yield* advance({ ...owned, now: base + 1000 })
      assert.deepStrictEqual(yield* dispatched({ ...owned, now: base + 5999 }), [])
      assert.deepStrictEqual(yield* dispatched({ ...owned, now: base + 6000 }), ["later"])
    })
  )
]
