/**
 * A delivery is one unit of due work: one message to one recipient, or one background job.
 */
import { Schema } from "effect"
import { type BatchId } from "./Batch.ts"
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
  /** What operators find it by: at most 10 of 1 to 100 characters. */
  readonly tags?: ReadonlyArray<string> | undefined
  /** Gone when it is done: if it completes, no record stays of it. */
  readonly temporary?: boolean | undefined
  /** The batch that it is counted for. */
  readonly batchId?: BatchId | undefined
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
  /** The batch that it is counted for; null: none. */
  readonly batchId: BatchId | null
}
