/**
 * What is kept in memory of deliveries that ended: all of campaigns, and of background jobs the last `keptJobs`. The
 * job that ended first is forgotten first.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type AttemptRecord, type DeliveryRecord } from "../Records.ts"
import { PlaceOrder } from "./PlaceOrder.ts"

/** Background jobs that are kept. */
const keptJobs = 100_000

export interface EndedDelivery extends DeliveryRecord {
  readonly state: FinalState
  readonly settledAt: number
  readonly attempts: ReadonlyArray<AttemptRecord>
}

/** A final record in its campaign's order: by id alone. */
interface Placed {
  readonly dueAt: 0
  readonly id: DeliveryId
  readonly delivery: EndedDelivery
}

const placeBefore = (id: DeliveryId) => ({ dueAt: 0, id: id - 1n })

export class EndedDeliveries {
  readonly #jobs = new Map<DeliveryId, EndedDelivery>()
  readonly #ofCampaigns = new Map<CampaignId, PlaceOrder<Placed>>()

  /** In place of an earlier record of the delivery. */
  set(delivery: EndedDelivery): void {
    const { campaignId, id } = delivery
    if (campaignId === null) {
      this.#jobs.set(id, delivery)
      const [first] = this.#jobs.keys()
      if (first !== undefined && this.#jobs.size > keptJobs) this.#jobs.delete(first)
      return
    }
    this.delete(delivery)
    const known = this.#ofCampaigns.get(campaignId) ?? new PlaceOrder()
    this.#ofCampaigns.set(campaignId, known)
    known.add({ dueAt: 0, id, delivery })
  }

  delete({ campaignId, id }: Pick<EndedDelivery, "campaignId" | "id">): void {
    this.#jobs.delete(id)
    const known = campaignId === null ? undefined : this.#ofCampaigns.get(campaignId)
    const placed = known === undefined ? undefined : firstFrom(known, id)
    if (placed?.id === id) known?.remove(placed)
  }

  get(id: DeliveryId): EndedDelivery | undefined {
    const job = this.#jobs.get(id)
    if (job !== undefined) return job
    for (const known of this.#ofCampaigns.values()) {
      const placed = firstFrom(known, id)
      if (placed?.id === id) return placed.delivery
    }
    return undefined
  }

  /** By id, after the given one. Nothing may be set or deleted while it is read. */
  *ofCampaign(campaignId: CampaignId, after: DeliveryId | null): Generator<EndedDelivery> {
    const from = after === null ? null : { dueAt: 0, id: after }
    for (const { delivery } of this.#ofCampaigns.get(campaignId)?.after(from) ?? []) yield delivery
  }

  /** In no order. Nothing may be set or deleted while it is read. */
  *all(): Generator<EndedDelivery> {
    yield* this.#jobs.values()
    for (const campaignId of this.#ofCampaigns.keys()) yield* this.ofCampaign(campaignId, null)
  }
}

const firstFrom = (known: PlaceOrder<Placed>, id: DeliveryId): Placed | undefined => {
  for (const placed of known.after(placeBefore(id))) return placed
  return undefined
}
