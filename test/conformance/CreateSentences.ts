/**
 * How campaigns come to be, and how they are found.
 */
import { assert } from "@effect/vitest"
import { CampaignId, type CampaignSpec } from "@fibercast/domain/Campaign"
import { none } from "@fibercast/domain/Counts"
import { CampaignConflict, CampaignNotFound, CampaignStore, type NewCampaign } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import {
  base,
  freshCampaign,
  freshWorkspace,
  idsOf,
  job,
  lease,
  openCampaign,
  ownedWorkspace,
  second,
  spec
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

const asked = Effect.map(freshWorkspace, ({ id }): NewCampaign => ({
  workspaceId: id,
  key: "march",
  spec,
  templateHash: "t1",
  audienceHash: "a1",
  now: base
}))

/** Workspaces that need an actor at `base`. */
const needingAnActor = Effect.gen(function* () {
  const active = yield* (yield* CampaignStore).activeWorkspaces(base)
  return active.map(({ workspaceId }) => workspaceId)
})

/** What a second launch with these changes differs in. */
const differences = Effect.fnUntraced(function* (first: Partial<CampaignSpec>, change: Partial<NewCampaign>) {
  const campaigns = yield* CampaignStore
  const wanted = yield* asked
  const { campaign } = yield* campaigns.create({ ...wanted, spec: { ...spec, ...first } })
  const conflict = yield* Effect.flip(campaigns.create({ ...wanted, ...change }))
  assert.instanceOf(conflict, CampaignConflict)
  assert.deepStrictEqual(yield* campaigns.get(wanted.workspaceId, campaign.id), campaign)
  return conflict._tag === "CampaignConflict" ? conflict.differs.toSorted() : []
})

export const createSentences = [
  sentence(
    "a new campaign is scheduled, unread and empty",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const wanted = yield* asked
      const { campaign, created } = yield* campaigns.create(wanted)
      assert.isTrue(created)
      assert.deepStrictEqual(campaign, {
        id: campaign.id,
        workspaceId: wanted.workspaceId,
        key: "march",
        spec,
        status: "scheduled",
        epoch: campaign.epoch,
        note: null,
        templateHash: "t1",
        audienceHash: "a1",
        expandedRows: 0,
        expanded: false,
        counts: none,
        createdAt: base,
        startedAt: null,
        completedAt: null
      })
      assert.deepStrictEqual(yield* campaigns.get(wanted.workspaceId, campaign.id), campaign)
    })
  ),
  sentence(
    "what was asked for is kept to the letter",
    Effect.gen(function* () {
      const { id } = yield* freshWorkspace
      const campaigns = yield* CampaignStore
      const changes = {
        template: "Hi {{ name }} 👋\n\"quoted\" \\ 'it''s' \u007f",
        audience: { _tag: "Inline", rows: [{ phone: "+6281", näme: 'Ibu "Ani"' }] },
        region: null,
        rate: null,
        wallTime: "2026-03-01 08:00",
        zone: "Asia/Jakarta",
        deadline: base + 86_400 * second
      } as const
      const campaign = yield* freshCampaign(id, "exact", changes)
      assert.deepStrictEqual((yield* campaigns.get(id, campaign.id)).spec, { ...spec, ...changes })
    })
  ),
  sentence(
    "launching the same key again finds the campaign as it stands",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const wanted = yield* asked
      const { campaign } = yield* campaigns.create(wanted)
      const { id: campaignId, workspaceId } = campaign
      const move = { workspaceId, campaignId, from: ["scheduled"], to: "running", note: null, now: base } as const
      const running = yield* campaigns.transition(move)
      const again = yield* campaigns.create({ ...wanted, now: base + second })
      assert.deepStrictEqual(again, { campaign: running, created: false })
    })
  ),
  sentence(
    "launched without a wall time, it is the same campaign whatever the instant",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const wanted = yield* asked
      const { campaign } = yield* campaigns.create(wanted)
      const later = { ...wanted, spec: { ...spec, dueAt: base + 5 * second }, now: base + 5 * second }
      assert.deepStrictEqual(yield* campaigns.create(later), { campaign, created: false })
    })
  ),
  sentence(
    "a key that is taken by another template is refused, and the answer names the difference",
    Effect.gen(function* () {
      const change = { spec: { ...spec, template: "Bye" }, templateHash: "t2" }
      assert.deepStrictEqual(yield* differences({}, change), ["template"])
    })
  ),
  sentence(
    "a key that is taken by another audience is refused, also when only its content changed",
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* differences({}, { audienceHash: "a2" }), ["audience"])
    })
  ),
  sentence(
    "every field that differs is named",
    Effect.gen(function* () {
      const first = { wallTime: "2026-03-01 08:00", zone: "Asia/Jakarta" }
      const change = { spec: { ...spec, ...first, wallTime: "2026-03-01 09:00", rate: null, lane: "high" as const } }
      assert.deepStrictEqual(yield* differences(first, change), ["lane", "rate", "wallTime"])
    })
  ),
  sentence(
    "a field that only one of them has differs, whichever that is",
    Effect.gen(function* () {
      const identityColumn = "nis"
      const added = { spec: { ...spec, identityColumn } }
      assert.deepStrictEqual(yield* differences({}, added), ["identityColumn"])
      assert.deepStrictEqual(yield* differences({ identityColumn }, { spec }), ["identityColumn"])
    })
  ),
  sentence(
    "the same key in another workspace is another campaign",
    Effect.gen(function* () {
      const mine = yield* freshWorkspace
      const theirs = yield* freshWorkspace
      const campaigns = yield* CampaignStore
      const campaign = yield* freshCampaign(mine.id, "march")
      const other = yield* freshCampaign(theirs.id, "march", { template: "another" })
      assert.notStrictEqual(other.id, campaign.id)
      assert.strictEqual((yield* campaigns.get(mine.id, campaign.id)).spec.template, spec.template)
    })
  ),
  sentence(
    "a campaign is not found from another workspace, nor one that does not exist",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const mine = yield* freshWorkspace
      const theirs = yield* freshWorkspace
      const { id: campaignId } = yield* freshCampaign(theirs.id)
      const missing = CampaignId.make(2_000_000_000)
      assert.deepStrictEqual(
        [yield* Effect.flip(campaigns.get(mine.id, campaignId)), yield* Effect.flip(campaigns.get(mine.id, missing))],
        [new CampaignNotFound({ campaignId }), new CampaignNotFound({ campaignId: missing })]
      )
    })
  ),
  sentence(
    "campaigns are listed newest first, at most as many as asked for, of one workspace",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { id: workspaceId } = yield* freshWorkspace
      const other = yield* freshWorkspace
      const one = yield* freshCampaign(workspaceId, "one")
      const two = yield* freshCampaign(workspaceId, "two")
      yield* freshCampaign(other.id, "theirs")
      const three = yield* freshCampaign(workspaceId, "three")
      assert.deepStrictEqual(yield* campaigns.list({ workspaceId, limit: 10 }), [three, two, one])
      assert.deepStrictEqual(yield* campaigns.list({ workspaceId, limit: 2 }), [three, two])
    })
  ),
  sentence(
    "active campaigns are those not over, by id, and cancelled ones with open work",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const ledger = yield* Ledger
      const { campaign: first, owned } = yield* openCampaign(1)
      const { workspaceId } = owned
      const statuses = ["scheduled", "running", "paused", "cancelled"] as const
      const made = yield* Effect.forEach(statuses, (status) => freshCampaign(workspaceId, status))
      for (const [index, to] of statuses.entries()) {
        const campaignId = made[index]?.id ?? first.id
        yield* campaigns.transition({ workspaceId, campaignId, from: ["scheduled"], to, note: null, now: base })
      }
      const cancel = { workspaceId, from: ["scheduled"], to: "cancelled", note: null, now: base } as const
      yield* campaigns.transition({ ...cancel, campaignId: first.id })
      const active = Effect.map(campaigns.active(workspaceId), idsOf)
      assert.deepStrictEqual(yield* active, [first.id, ...idsOf(made).slice(0, 3)])
      yield* ledger.cancel({ ...owned, campaignId: first.id, limit: 10, reason: "stopped" })
      assert.deepStrictEqual(yield* active, idsOf(made).slice(0, 3))
    })
  ),
  sentence(
    "a completed campaign is not active",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { id: workspaceId } = yield* freshWorkspace
      const { id: campaignId } = yield* freshCampaign(workspaceId)
      yield* campaigns.append({ campaignId, from: 0, to: 0, last: true, recipients: [], skipped: [], now: base })
      assert.include(yield* needingAnActor, workspaceId)
      const to = { from: ["scheduled"], to: "completed", note: null, now: base } as const
      assert.strictEqual((yield* campaigns.transition({ ...to, workspaceId, campaignId })).status, "completed")
      assert.deepStrictEqual(yield* campaigns.active(workspaceId), [])
      assert.notInclude(yield* needingAnActor, workspaceId)
    })
  ),
  sentence(
    "a workspace that needs an actor is listed with its owner",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { workspaceId } = yield* ownedWorkspace()
      yield* freshCampaign(workspaceId)
      const listed = yield* campaigns.activeWorkspaces(base)
      assert.deepInclude(listed, { workspaceId, owner: "node-a", ownedUntil: base + lease })
    })
  ),
  sentence(
    "a workspace with background jobs alone has no active campaign",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { id: workspaceId } = yield* freshWorkspace
      yield* ledger.insert({ workspaceId, now: base, deliveries: [job()] })
      assert.notInclude(yield* needingAnActor, workspaceId)
    })
  )
]
