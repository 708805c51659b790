/**
 * How a campaign's status changes, and what must be noticed.
 */
import { assert } from "@effect/vitest"
import { type CampaignId, type CampaignStatus } from "@fibercast/domain/Campaign"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignNotFound, CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import { base, claimed, ended, freshCampaign, freshWorkspace, openCampaign, second } from "./Given.ts"
import { sentence } from "./Sentence.ts"

interface Key {
  readonly workspaceId: WorkspaceId
  readonly campaignId: CampaignId
}

/** Moves from whatever status it has. */
const move = Effect.fnUntraced(function* (
  key: Key,
  to: CampaignStatus,
  now: number = base,
  note: string | null = null
) {
  const campaigns = yield* CampaignStore
  const from = ["scheduled", "running", "paused"] as const
  return yield* campaigns.transition({ ...key, from, to, note, now })
})

const given = Effect.gen(function* () {
  const { id: workspaceId } = yield* freshWorkspace
  const campaign = yield* freshCampaign(workspaceId)
  return { campaign, key: { workspaceId, campaignId: campaign.id } }
})

const readToTheEnd = Effect.fnUntraced(function* (campaignId: CampaignId) {
  const campaigns = yield* CampaignStore
  yield* campaigns.append({ campaignId, from: 0, to: 0, last: true, recipients: [], skipped: [], now: base })
})

export const transitionSentences = [
  sentence(
    "a status changes from one of those given, and is kept",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, key } = yield* given
      const running = yield* move(key, "running", base + second)
      assert.deepStrictEqual(running, { ...campaign, status: "running", startedAt: base + second })
      assert.deepStrictEqual(yield* campaigns.get(key.workspaceId, key.campaignId), running)
    })
  ),
  sentence(
    "from any other status the campaign is answered as it stands",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, key } = yield* given
      const pause = { ...key, from: ["running"], to: "paused", note: "wait", now: base } as const
      assert.deepStrictEqual(yield* campaigns.transition(pause), campaign)
      assert.deepStrictEqual(yield* campaigns.get(key.workspaceId, key.campaignId), campaign)
    })
  ),
  sentence(
    "starting bumps no epoch; pausing, resuming and cancelling each do",
    Effect.gen(function* () {
      const { campaign, key } = yield* given
      const running = yield* move(key, "running")
      const paused = yield* move(key, "paused")
      const resumed = yield* move(key, "running")
      const cancelled = yield* move(key, "cancelled")
      assert.strictEqual(running.epoch, campaign.epoch)
      assert.isAbove(paused.epoch, running.epoch)
      assert.isAbove(resumed.epoch, paused.epoch)
      assert.isAbove(cancelled.epoch, resumed.epoch)
    })
  ),
  sentence(
    "the first start is kept when it is resumed",
    Effect.gen(function* () {
      const { key } = yield* given
      yield* move(key, "running", base)
      yield* move(key, "paused", base + second)
      const resumed = yield* move(key, "running", base + 2 * second)
      assert.deepInclude(resumed, { status: "running", startedAt: base })
    })
  ),
  sentence(
    "a pause that never ran has no start, and a cancel no completion",
    Effect.gen(function* () {
      const { key } = yield* given
      assert.deepInclude(yield* move(key, "paused"), { status: "paused", startedAt: null })
      assert.deepInclude(yield* move(key, "cancelled"), { status: "cancelled", startedAt: null, completedAt: null })
    })
  ),
  sentence(
    "a pause keeps why, and a resume drops it",
    Effect.gen(function* () {
      const { key } = yield* given
      assert.strictEqual((yield* move(key, "paused", base, "the account is broken")).note, "the account is broken")
      assert.isNull((yield* move(key, "running")).note)
    })
  ),
  sentence(
    "a campaign is not completed while its audience is unread",
    Effect.gen(function* () {
      const { key } = yield* given
      const running = yield* move(key, "running")
      assert.deepStrictEqual(yield* move(key, "completed"), running)
    })
  ),
  sentence(
    "a campaign is not completed while anything is open, and is once it is settled",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, owned, source } = yield* openCampaign(1)
      const key = { workspaceId: owned.workspaceId, campaignId: campaign.id }
      yield* readToTheEnd(campaign.id)
      const running = yield* move(key, "running")
      assert.deepStrictEqual(yield* move(key, "completed"), running)
      const batch = yield* claimed(owned, source)
      assert.strictEqual((yield* move(key, "completed")).status, "running")
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      const completed = yield* move(key, "completed", base + 9 * second)
      assert.deepInclude(completed, { status: "completed", completedAt: base + 9 * second })
    })
  ),
  sentence(
    "a campaign of another workspace is not found, and stays as it is",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, key } = yield* given
      const mine = yield* freshWorkspace
      const error = yield* Effect.flip(move({ ...key, workspaceId: mine.id }, "cancelled"))
      assert.deepStrictEqual(error, new CampaignNotFound({ campaignId: key.campaignId }))
      assert.deepStrictEqual(yield* campaigns.get(key.workspaceId, key.campaignId), campaign)
    })
  )
]
