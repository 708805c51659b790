/**
 * A delivery is one unit of due work: one message to one recipient, or one background job.
 */
import { Schema } from "effect"
import { type CampaignId } from "./Campaign.ts"
import { type Lane } from "./Lane.ts"

/** Given by the Ledger, increasing; unique within one Ledger. */
export const DeliveryId = Schema.BigInt.pipe(Schema.brand("DeliveryId"))
export type DeliveryId = typeof DeliveryId.Type

/** A delivery as it is asked for. */
export interface NewDelivery {
  readonly pipeline: string
  readonly lane: Lane
  /** None for a background job. */
  readonly campaignId: CampaignId | null
  /** Milliseconds since the epoch; earlier than now means now. */
  readonly dueAt: number
  /** Milliseconds since the epoch; not tried after it, but `expired`. Null: never expires. */
  readonly deadline: number | null
  /** JSON text, as the pipeline's payload schema encodes it. */
  readonly payload: string
}

/** A delivery in the hands of a sender. */
export interface ClaimedDelivery {
  readonly id: DeliveryId
  readonly pipeline: string
  readonly lane: Lane
  readonly campaignId: CampaignId | null
  /** Attempts that ended before this one. The try in hand is `attempt + 1`. */
  readonly attempt: number
  /** Times a node died while holding it. */
  readonly rescues: number
  readonly dueAt: number
  readonly deadline: number | null
  readonly payload: string
}
