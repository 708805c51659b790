/**
 * Taking work back in memory: what is cancelled at once, what its owner is asked to stop, and that nothing
 * which was asked for is claimed again.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Recall, type Recalled, type Stop } from "../Recall.ts"
import { finish, type MemoryState, type MemoryWorkspace, type OpenDelivery, sourceOf, stateOf } from "./MemoryState.ts"
import { type Place, type PlaceOrder } from "./PlaceOrder.ts"

const byId = (a: DeliveryId, b: DeliveryId): number => (a < b ? -1 : 1)

const cancel = (state: MemoryState, delivery: OpenDelivery, now: number, reason: string): void => {
  sourceOf(delivery.workspace, delivery.lane, delivery.campaignId)?.remove(delivery)
  finish(state, delivery, { state: "cancelled", now, providerId: null, errorClass: null, reason })
}

export const recall = (state: MemoryState, workspace: MemoryWorkspace, options: Recall): Recalled => {
  if (options.ids.length > 0) workspace.recallNo += 1
  const cancelled: Array<DeliveryId> = []
  const asked: Array<DeliveryId> = []
  for (const id of [...new Set(options.ids)].toSorted(byId)) {
    const delivery = state.open.get(id)
    if (delivery === undefined || delivery.workspace !== workspace) continue
    const isHeld = stateOf(delivery) === "claimed"
    if (isHeld && !workspace.recalls.has(id)) workspace.recalls.set(id, options.reason)
    if (isHeld && !options.force) asked.push(id)
    else {
      cancel(state, delivery, options.now, options.reason)
      cancelled.push(id)
    }
  }
  return { cancelled, asked }
}

export const recalled = (state: MemoryState, workspace: MemoryWorkspace, now: number): ReadonlyArray<Stop> => {
  const stops: Array<Stop> = []
  for (const [id, reason] of [...workspace.recalls].toSorted(([a], [b]) => byId(a, b))) {
    const delivery = state.open.get(id)
    const isHeld = delivery !== undefined && stateOf(delivery) === "claimed"
    if (!isHeld) workspace.recalls.delete(id)
    if (delivery === undefined || isHeld) stops.push({ id, reason })
    else cancel(state, delivery, now, reason)
  }
  return stops
}

/** Remove and answer what can be claimed of the source, as `take` does. */
export const takeClaimable = (
  { recalls }: MemoryWorkspace,
  source: PlaceOrder<OpenDelivery>,
  after: Place | null,
  by: number,
  limit: number
): ReadonlyArray<OpenDelivery> => {
  const taken = source.take(after, by, limit)
  if (recalls.size === 0) return taken
  const claimable: Array<OpenDelivery> = []
  const asked: Array<OpenDelivery> = []
  for (let some = taken; some.length > 0; some = source.take(after, by, limit - claimable.length)) {
    for (const delivery of some) (recalls.has(delivery.id) ? asked : claimable).push(delivery)
  }
  for (const delivery of asked) source.add(delivery)
  return claimable
}

/** The first of the source that can be claimed once it is due. */
export const firstClaimable = (
  { recalls }: MemoryWorkspace,
  source: PlaceOrder<OpenDelivery>
): OpenDelivery | undefined => {
  for (const delivery of source.after(null)) if (!recalls.has(delivery.id)) return delivery
  return undefined
}
