/**
 * Which keys of a workspace are taken, in memory. They are remembered until the store is gone, or another takes them.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Taken } from "@fibercast/domain/Unique"

/** Who has a unique key, and since when. */
export interface TakenKey {
  readonly id: DeliveryId
  readonly taken: Taken
  readonly since: number
}

/** A request that was answered with this delivery. */
export interface AnsweredRequest {
  readonly id: DeliveryId
  readonly until: number
}

export interface MemoryKeys {
  /** By pipeline and key. */
  readonly unique: Map<string, TakenKey>
  readonly requests: Map<string, AnsweredRequest>
}

export const noKeys = (): MemoryKeys => ({ unique: new Map(), requests: new Map() })
