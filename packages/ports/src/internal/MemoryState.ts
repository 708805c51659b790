/**
 * What the memory stores share: the rows, and the moves that more than one of them makes. Every
 * move is one synchronous step, so no other fiber sees half of it.
 */
import { type Campaign, type CampaignId } from "@fibercast/domain/Campaign"
import { type Counts, planned, settled } from "@fibercast/domain/Counts"
import { DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type FinalState, type State } from "@fibercast/domain/DeliveryState"
import { type Lane } from "@fibercast/domain/Lane"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Consequences } from "../BatchStore.ts"
import { type DoneDelivery } from "../Ledger.ts"
import { type AttemptRecord } from "../Records.ts"
import { type Workspace } from "../WorkspaceStore.ts"
import { EndedDeliveries } from "./EndedDeliveries.ts"
import { count, type MemoryBacklog } from "./MemoryBacklog.ts"
import { countPlanned, countSettled, type MemoryBatches } from "./MemoryBatches.ts"
import { type MemoryKeys } from "./MemoryKeys.ts"
import { type MemoryTriggers, noTriggers } from "./MemoryTriggers.ts"
import { PlaceOrder } from "./PlaceOrder.ts"

export interface OpenDelivery extends NewDelivery {
  readonly id: DeliveryId
  readonly workspace: MemoryWorkspace
  readonly dispatchedAt: number
  /** Tries that did not complete. */
  readonly attempts: Array<AttemptRecord>
  dueAt: number
  deadline: number | null
  payload: string
  tags?: ReadonlyArray<string> | undefined
  attempt: number
  rescues: number
  /** The standing claim that names it. */
  claim: StandingClaim | null
  /** It may have been sent under `claim`. */
  isStarted: boolean
  /** It was dispatched with a cap on its pipeline. */
  readonly isCapped: boolean
}

export interface StandingClaim {
  readonly claimId: bigint
  readonly claimedAt: number
  /** Everything it was made with. What ended since is no longer in `open`; what was put off since has left it. */
  readonly deliveries: ReadonlyArray<OpenDelivery>
  /** Of the workspace, when it was made. */
  readonly recallNo: number
  /** Nothing has left it. */
  isIntact: boolean
}

export interface MemoryWorkspace {
  row: Workspace
  owner: string | null
  ownedUntil: number | null
  epoch: Epoch
  readonly claims: Map<bigint, StandingClaim>
  /** Why its owner must stop them. */
  readonly recalls: Map<DeliveryId, string>
  /** How often anything was recalled. */
  recallNo: number
  /** What nobody was told of yet. */
  readonly doubts: Map<DeliveryId, MemoryDoubt>
  /** What is open and in no claim, by source. */
  readonly sources: Map<string, PlaceOrder<OpenDelivery>>
  /** When each charged attempt ended. */
  readonly attempts: Array<number>
  readonly campaignKeys: Map<string, MemoryCampaign>
  readonly keys: MemoryKeys
  readonly backlog: MemoryBacklog
}

/** What its final record does not say of a delivery in doubt. */
export interface MemoryDoubt {
  readonly pipeline: string
  readonly at: number
  readonly deadline: number | null
  readonly rescues: number
}

export interface MemoryCampaign {
  /** All but the counts. */
  row: Campaign
  counts: Counts
  /** What was not dispatched yet; null: nothing is left that may be. */
  consequences: Consequences | null
  /** The row that each identity was first read in. */
  readonly identities: Map<string, number>
}

export interface MemoryState {
  readonly workspaces: Map<WorkspaceId, MemoryWorkspace>
  readonly workspaceNames: Map<string, MemoryWorkspace>
  readonly campaigns: Map<CampaignId, MemoryCampaign>
  readonly batches: MemoryBatches
  readonly open: Map<DeliveryId, OpenDelivery>
  readonly ended: EndedDeliveries
  /** How long final records of a pipeline are kept, in milliseconds, where that was said. */
  readonly retention: Map<string, number | null>
  readonly triggers: MemoryTriggers
  lastDeliveryId: bigint
  lastClaimId: bigint
  lastBatchId: number
}

export const make = (): MemoryState => ({
  workspaces: new Map(),
  workspaceNames: new Map(),
  campaigns: new Map(),
  batches: new Map(),
  open: new Map(),
  ended: new EndedDeliveries(),
  retention: new Map(),
  triggers: noTriggers(),
  lastDeliveryId: 0n,
  lastClaimId: 0n,
  lastBatchId: 0
})

export const nextDeliveryId = (state: MemoryState): DeliveryId => {
  state.lastDeliveryId += 1n
  return DeliveryId.make(state.lastDeliveryId, { disableChecks: true })
}

const sourceKey = (lane: Lane, campaignId: CampaignId | null): string => `${lane}:${campaignId ?? 0}`

export const sourceOf = (
  workspace: MemoryWorkspace,
  lane: Lane,
  campaignId: CampaignId | null
): PlaceOrder<OpenDelivery> | undefined => workspace.sources.get(sourceKey(lane, campaignId))

/** Make it claimable. */
export const offer = (delivery: OpenDelivery): void => {
  const { sources } = delivery.workspace
  const key = sourceKey(delivery.lane, delivery.campaignId)
  const source = sources.get(key) ?? new PlaceOrder()
  sources.set(key, source)
  source.add(delivery)
}

export const insert = (
  state: MemoryState,
  workspace: MemoryWorkspace,
  delivery: NewDelivery,
  now: number,
  isCapped = false
): DeliveryId => {
  const id = nextDeliveryId(state)
  const dueAt = Math.max(delivery.dueAt, now)
  const open = {
    ...delivery,
    id,
    workspace,
    dispatchedAt: now,
    attempts: [],
    dueAt,
    attempt: 0,
    rescues: 0,
    claim: null,
    isStarted: false,
    isCapped
  }
  state.open.set(id, open)
  count(workspace.backlog, open, 1)
  offer(open)
  const campaign = delivery.campaignId === null ? undefined : state.campaigns.get(delivery.campaignId)
  if (campaign !== undefined) campaign.counts = planned(campaign.counts, 1)
  countPlanned(state.batches, workspace.row.id, delivery.batchId)
  return id
}

export const stateOf = (delivery: OpenDelivery): State => (delivery.claim === null ? "scheduled" : "claimed")

/** How an open delivery ended. */
export interface Ending {
  readonly state: FinalState
  readonly now: number
  readonly providerId: string | null
  readonly errorClass: DoneDelivery["errorClass"]
  readonly reason: string | null
}

const chargedStates: ReadonlySet<State> = new Set(["completed", "failed", "unknown"])

/** Record an end. The delivery must be open and in no source. */
export const finish = (state: MemoryState, delivery: OpenDelivery, ending: Ending): void => {
  state.open.delete(delivery.id)
  count(delivery.workspace.backlog, delivery, -1)
  const charged = chargedStates.has(ending.state)
  const attempt = charged ? delivery.attempt + 1 : delivery.attempt
  if (charged) delivery.workspace.attempts.push(ending.now)
  if (ending.state === "failed" || ending.state === "unknown") addAttempt(delivery, ending.state, attempt, ending)
  if (state.triggers.runs.has(delivery.id)) state.triggers.runs.set(delivery.id, ending)
  countSettled(state.batches, delivery.workspace.row.id, delivery.batchId, ending.state)
  const campaign = delivery.campaignId === null ? undefined : state.campaigns.get(delivery.campaignId)
  if (campaign !== undefined) campaign.counts = settled(campaign.counts, ending.state)
  if (ending.state === "completed" && delivery.temporary === true) return
  state.ended.set({
    id: delivery.id,
    workspaceId: delivery.workspace.row.id,
    campaignId: delivery.campaignId,
    batchId: delivery.batchId ?? null,
    pipeline: delivery.pipeline,
    lane: delivery.lane,
    tags: delivery.tags ?? [],
    state: ending.state,
    dispatchedAt: delivery.dispatchedAt,
    dueAt: delivery.dueAt,
    deadline: null,
    attempt,
    attempts: delivery.attempts,
    rescues: 0,
    claim: null,
    recalled: null,
    settledAt: ending.now,
    providerId: ending.providerId,
    errorClass: ending.errorClass,
    reason: ending.reason,
    payload: ending.state === "completed" ? null : delivery.payload
  })
}

/** Records a try that did not complete. */
export const addAttempt = (
  delivery: OpenDelivery,
  outcome: AttemptRecord["outcome"],
  attempt: number,
  { errorClass, now: at, reason }: Pick<Ending, "errorClass" | "now" | "reason">
): void => {
  delivery.attempts.push({ attempt, at, outcome, errorClass, reason })
}

/** Take it out of its claim, to be claimed again once it is due. */
export const free = (delivery: OpenDelivery): void => {
  if (delivery.claim !== null) delivery.claim.isIntact = false
  delivery.claim = null
  delivery.isStarted = false
  offer(delivery)
}

/** What the claim holds. */
export const heldBy = (state: MemoryState, claim: StandingClaim): ReadonlyArray<OpenDelivery> =>
  claim.deliveries.filter((delivery) => delivery.claim === claim && state.open.has(delivery.id))

/** End a claim, and answer what it held: that can be claimed again. */
export const release = (
  state: MemoryState,
  workspace: MemoryWorkspace,
  claim: StandingClaim
): ReadonlyArray<OpenDelivery> => {
  workspace.claims.delete(claim.claimId)
  const held = heldBy(state, claim)
  for (const delivery of held) free(delivery)
  return held
}

/** End the claims of an owner that is gone. */
export const rescue = (
  state: MemoryState,
  workspace: MemoryWorkspace,
  now: number
): { readonly rescued: number; readonly unknown: number } => {
  let rescued = 0
  let unknown = 0
  for (const claim of workspace.claims.values()) {
    for (const delivery of heldBy(state, claim)) {
      if (!delivery.isStarted) continue
      const reason = "its sender was lost after it may have been sent"
      finish(state, delivery, { state: "unknown", now, providerId: null, errorClass: "unknown", reason })
      const { deadline, id, pipeline, rescues } = delivery
      workspace.doubts.set(id, { pipeline, at: now, deadline, rescues })
      unknown += 1
    }
    for (const delivery of release(state, workspace, claim)) {
      delivery.rescues += 1
      rescued += 1
    }
  }
  return { rescued, unknown }
}
