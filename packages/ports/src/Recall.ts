/**
 * Taking work back.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"

/** Work to be taken back, wherever it is. */
export interface Recall {
  readonly workspaceId: WorkspaceId
  readonly ids: ReadonlyArray<DeliveryId>
  readonly now: number
  readonly reason: string
  /** Also what a standing claim holds is settled at once: whatever its sender says later is not written. */
  readonly force: boolean
}

/** What a recall did, by id. What is in neither list was not open, or is not the workspace's. */
export interface Recalled {
  /** Settled as cancelled by this call. */
  readonly cancelled: ReadonlyArray<DeliveryId>
  /** A standing claim holds it: its owner is asked to stop it, and until then it may end by itself. */
  readonly asked: ReadonlyArray<DeliveryId>
}

/** A delivery that its owner must stop, and why. */
export interface Stop {
  readonly id: DeliveryId
  readonly reason: string
}
