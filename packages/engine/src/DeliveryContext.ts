/**
 * A delivery context is what a stage may know about the try in hand, beside the value it works on.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"

export interface DeliveryContext {
  readonly workspaceId: WorkspaceId
  readonly delivery: ClaimedDelivery
  /** As it stood when the delivery was claimed; null for a background job. */
  readonly campaign: Campaign | null
  /** The try in hand, from 1. */
  readonly attempt: number
}
