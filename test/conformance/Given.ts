/**
 * What sentences start from. Each takes a workspace of its own, so they can share a store.
 * Instants are chosen, not read: `base` is when most sentences begin.
 */
import { type Campaign, type CampaignId, type CampaignSpec } from "@fibercast/domain/Campaign"
import { type ClaimedDelivery, type NewDelivery } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { none } from "@fibercast/domain/Limits"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type BeginClaims, type HeldDelivery } from "@fibercast/ports/HandOver"
import { type Batch, Ledger, type Source } from "@fibercast/ports/Ledger"
import { type GivenBack, type Settlement } from "@fibercast/ports/Settlement"
import { type Owned } from "@fibercast/ports/Owned"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Random } from "effect"

export const base = 1_700_000_000_000
export const second = 1000

/** How long ownerships hold here without a heartbeat. */
export const lease = 30 * second

/** A name that no other sentence has, in this run or another. */
export const freshName = Effect.map(
  Effect.all([Random.nextInt, Random.nextInt]),
  (chance) => `workspace ${chance.join(":")}`
)

export const freshWorkspace = Effect.gen(function* () {
  const workspaces = yield* WorkspaceStore
  return yield* workspaces.ensure({ name: yield* freshName, zone: "UTC", limits: none })
})

/** Owned by `node-a` from `now` on. */
export const ownedWorkspace = Effect.fnUntraced(function* (now: number = base) {
  const ledger = yield* Ledger
  const { id } = yield* freshWorkspace
  const { epoch } = yield* ledger.takeOver({ workspaceId: id, owner: "node-a", now, lease, force: false })
  return { workspaceId: id, epoch, now } satisfies Owned
})

/** The same ownership, later. */
export const later = (owned: Owned, millis: number): Owned => ({ ...owned, now: owned.now + millis })

/** `node-b` takes the workspace, whoever holds it. */
export const takenByAnother = Effect.fnUntraced(function* ({ now, workspaceId }: Owned) {
  const ledger = yield* Ledger
  const taken = yield* ledger.takeOver({ workspaceId, owner: "node-b", now, lease, force: true })
  return { taken, owned: { workspaceId, epoch: taken.epoch, now } satisfies Owned }
})

export const background: Source = { lane: "normal", campaignId: null }

export const job = (payload: unknown = {}, options: Partial<NewDelivery> = {}): NewDelivery => ({
  pipeline: "jobs",
  lane: "normal",
  campaignId: null,
  dueAt: base,
  deadline: null,
  payload: JSON.stringify(payload),
  ...options
})

export const jobs = (count: number, options: Partial<NewDelivery> = {}): ReadonlyArray<NewDelivery> =>
  Array.from({ length: count }, (_, index) => job({ index }, options))

export const spec: CampaignSpec = {
  name: "Reports",
  pipeline: "reports",
  lane: "bulk",
  guarantee: "at-most-once",
  template: "Hello {{ name }}",
  audience: { _tag: "Csv", path: "parents.csv" },
  addressColumn: "phone",
  region: "ID",
  rate: { permits: 20, per: 1000 },
  wallTime: null,
  zone: null,
  dueAt: base,
  deadline: null
}

export const freshCampaign = Effect.fnUntraced(function* (
  workspaceId: WorkspaceId,
  key = "reports",
  changes: Partial<CampaignSpec> = {}
) {
  const campaigns = yield* CampaignStore
  const { campaign } = yield* campaigns.create({
    workspaceId,
    key,
    spec: { ...spec, ...changes },
    templateHash: "t1",
    audienceHash: "a1",
    now: base
  })
  return campaign
})

export const sourceOf = (campaign: Campaign): Source => ({ lane: campaign.spec.lane, campaignId: campaign.id })

/** An owned workspace with a campaign and its open deliveries. */
export const openCampaign = Effect.fnUntraced(function* (count: number) {
  const ledger = yield* Ledger
  const owned = yield* ownedWorkspace()
  const campaign = yield* freshCampaign(owned.workspaceId)
  const deliveries = jobs(count, { lane: "bulk", campaignId: campaign.id, pipeline: "reports" })
  const ids = yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries })
  return { owned, campaign, source: sourceOf(campaign), ids }
})

/** The same, with all of it in one claim. */
export const claimedCampaign = Effect.fnUntraced(function* (count: number) {
  const opened = yield* openCampaign(count)
  return { ...opened, batch: yield* claimed(opened.owned, opened.source) }
})

/** The same, running; `running` is what its work may be sent under. */
export const runningCampaign = Effect.fnUntraced(function* (count: number) {
  const campaigns = yield* CampaignStore
  const given = yield* claimedCampaign(count)
  const { id: campaignId, workspaceId } = given.campaign
  const change = { workspaceId, campaignId, note: null, now: base }
  const { epoch, id } = yield* campaigns.transition({ ...change, from: ["scheduled"], to: "running" })
  return { ...given, running: { id, epoch } }
})

/** What can be claimed of the source: a batch that must not be empty. */
export const claimed = Effect.fnUntraced(function* (owned: Owned, source: Source = background, limit = 1000) {
  const ledger = yield* Ledger
  const batch = yield* ledger.claim({ ...owned, source, limit, after: null })
  return batch === null ? yield* Effect.die(new Error("nothing could be claimed")) : batch
})

/** A claim of this many new deliveries of the source, and of whatever else of it can be claimed. */
export const claimedMore = Effect.fnUntraced(function* (owned: Owned, count: number, source: Source = background) {
  const ledger = yield* Ledger
  yield* ledger.insert({ ...owned, deliveries: jobs(count, { ...source, dueAt: owned.now }) })
  return yield* claimed(owned, source)
})

/** How many deliveries of the source can be claimed now; claims them. */
export const claimable = Effect.fnUntraced(function* (owned: Owned, source: Source = background) {
  const ledger = yield* Ledger
  const batch = yield* ledger.claim({ ...owned, source, limit: 1000, after: null })
  return batch?.deliveries ?? []
})

export const start = Effect.fnUntraced(function* (owned: Owned, batch: Batch, started: ReadonlyArray<ClaimedDelivery>) {
  const ledger = yield* Ledger
  yield* ledger.start({ ...owned, claimId: batch.claimId, ids: idsOf(started) })
})

export const ended = ({ dueAt: wasDue, id }: ClaimedDelivery, state: FinalState): Settlement => ({
  id,
  wasDue,
  state,
  providerId: null,
  errorClass: null,
  reason: null
})

export const putOff = (
  { dueAt: wasDue, id }: ClaimedDelivery,
  state: "retry" | "snooze",
  dueAt: number
): Settlement => ({
  id,
  wasDue,
  state,
  dueAt,
  errorClass: null,
  reason: null
})

export const givenBack = ({ claimId }: Batch, deliveries: ReadonlyArray<ClaimedDelivery>): ReadonlyArray<GivenBack> =>
  deliveries.map(({ id }) => ({ claimId, id }))

export const heldOf = ({ claimId, deliveries }: Batch): ReadonlyArray<HeldDelivery> =>
  deliveries.map(({ dueAt: wasDue, id }) => ({ claimId, id, wasDue }))

/** Ascending. */
export const claimsOf = (batches: ReadonlyArray<Batch>): ReadonlyArray<bigint> =>
  batches.map(({ claimId }) => claimId).toSorted((a, b) => (a < b ? -1 : 1))

/** Which of these claims may be begun as a whole, ascending. */
export const wholeOf = Effect.fnUntraced(function* (
  owned: Owned,
  batches: ReadonlyArray<Batch>,
  campaign: BeginClaims["campaign"] = null
) {
  const claims = yield* (yield* Ledger).beginClaims({
    ...owned,
    claims: batches.map(({ claimId }) => claimId),
    campaign
  })
  return claims.toSorted((a, b) => (a < b ? -1 : 1))
})

export const idsOf = <T extends { readonly id: unknown }>(rows: ReadonlyArray<T>): ReadonlyArray<T["id"]> =>
  rows.map(({ id }) => id)

export const countsOf = Effect.fnUntraced(function* (workspaceId: WorkspaceId, campaignId: CampaignId) {
  const campaigns = yield* CampaignStore
  return (yield* campaigns.get(workspaceId, campaignId)).counts
})

/** JSON text as a store gives it back: the same value, perhaps spaced otherwise. */
export const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json))
