/**
 * What of a claim may be sent, what of it still stands, and what of it a sender died with, in memory. Each is one synchronous step.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Begin, type BeginClaims, type Begun, type HeldDelivery, type Standing } from "../HandOver.ts"
import { isPausedLane } from "./MemoryDue.ts"
import { free, type MemoryState, type MemoryWorkspace, type OpenDelivery } from "./MemoryState.ts"

/** The delivery, if it is held as named. */
const heldAs = (
  state: MemoryState,
  workspace: MemoryWorkspace,
  { claimId, id, wasDue }: HeldDelivery
): OpenDelivery | undefined => {
  const delivery = state.open.get(id)
  if (delivery === undefined || delivery.workspace !== workspace || delivery.dueAt !== wasDue) return undefined
  return delivery.claim?.claimId === claimId ? delivery : undefined
}

/** Whether its work may be sent: background work always. */
const isRunning = (state: MemoryState, campaign: Begin["campaign"]): boolean => {
  if (campaign === null) return true
  const row = state.campaigns.get(campaign.id)?.row
  return row !== undefined && row.status === "running" && row.epoch === campaign.epoch
}

export const begin = (state: MemoryState, workspace: MemoryWorkspace, { campaign, held, mark }: Begin): Begun => {
  const go: Array<DeliveryId> = []
  const back: Array<DeliveryId> = []
  const mayGo = isRunning(state, campaign)
  for (const named of held) {
    const delivery = heldAs(state, workspace, named)
    if (delivery === undefined || delivery.isStarted || delivery.campaignId !== (campaign?.id ?? null)) continue
    if (!mayGo || isPausedLane(workspace, delivery.lane) || workspace.recalls.has(delivery.id)) back.push(delivery.id)
    else {
      go.push(delivery.id)
      delivery.isStarted = mark
    }
  }
  return { go, back }
}

/** The claims of which everything may be sent. */
export const whole = (
  state: MemoryState,
  workspace: MemoryWorkspace,
  { campaign, claims }: BeginClaims
): ReadonlyArray<bigint> => {
  if (!isRunning(state, campaign)) return []
  return claims.filter((claimId) => {
    const claim = workspace.claims.get(claimId)
    const [first] = claim?.deliveries ?? []
    if (claim === undefined || first === undefined || first.campaignId !== (campaign?.id ?? null)) return false
    if (!claim.isIntact || claim.recallNo !== workspace.recallNo || isPausedLane(workspace, first.lane)) return false
    return claim.deliveries.every(({ isStarted }) => !isStarted)
  })
}

export const rescueHeld = (state: MemoryState, workspace: MemoryWorkspace, held: ReadonlyArray<HeldDelivery>): void => {
  for (const named of held) {
    const delivery = heldAs(state, workspace, named)
    if (delivery === undefined || delivery.isStarted) continue
    delivery.rescues += 1
    free(delivery)
  }
}

export const standing = (
  state: MemoryState,
  workspace: MemoryWorkspace,
  held: ReadonlyArray<HeldDelivery>
): ReadonlyArray<Standing> =>
  held.flatMap((named) => {
    const delivery = heldAs(state, workspace, named)
    return delivery === undefined ? [] : [{ id: delivery.id, started: delivery.isStarted }]
  })
