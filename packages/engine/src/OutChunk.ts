/**
 * An out chunk is what the owner of a workspace knows of a chunk that it has handed over.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Chunk } from "@fibercast/ports/Chunk"
import { type HeldDelivery } from "@fibercast/ports/HandOver"
import { type Flow, type Task } from "./Flow.ts"

export interface OutChunk {
  readonly chunk: Chunk
  readonly flow: Flow
  /** What of it has not ended, as far as its owner knows. */
  readonly tasks: Map<DeliveryId, Task>
  /** When it was last heard of; when it was handed over, before that. */
  heardAt: number
  /** A sender has said that he is at it. */
  isTaken: boolean
  /** Whoever had these first may be gone. */
  readonly orphans: Set<Task>
}

/** As its claim names it. */
export const heldOf = ({ context: { delivery }, held }: Task): HeldDelivery => ({
  claimId: held.claimId,
  id: delivery.id,
  wasDue: delivery.dueAt
})

/** It is claimable again. */
export const comeBack = ({ held: { flow } }: Task): void => {
  flow.returned++
  flow.cursor = null
  flow.dryUntil = 0
}
