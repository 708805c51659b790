/**
 * A dispatch asks for one background job, and is answered what became of it: it is never silent.
 */
import { type DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type Unique } from "@fibercast/domain/Unique"

export interface Dispatch {
  readonly delivery: NewDelivery
  /** Null: it stands for itself alone. */
  readonly unique: Unique | null
  /**
   * The same request, made again, is answered as it was the first time, for `idempotencyPeriod`. Of a workspace, whatever
   * the pipeline; 1 to 200 characters.
   */
  readonly idempotencyKey: string | null
  /** How many of its pipeline may be open in its workspace; null: any number. */
  readonly backlog: number | null
}

/** How long an idempotency key is remembered, in milliseconds: seven days. */
export const idempotencyPeriod = 7 * 86_400_000

export type Refusal =
  /** As many as may be of the pipeline, or of all background jobs of the workspace, are open. */
  | { readonly _tag: "BacklogFull"; readonly of: "pipeline" | "workspace"; readonly cap: number }
  /** The unique key is taken by this delivery. */
  | { readonly _tag: "KeyTaken"; readonly by: DeliveryId }

export type Dispatched =
  | { readonly _tag: "Inserted"; readonly id: DeliveryId }
  /** An open or ended delivery stands for it. `replaced`: it was given what this dispatch brought. */
  | { readonly _tag: "Deduplicated"; readonly id: DeliveryId; readonly replaced: boolean }
  | { readonly _tag: "Refused"; readonly reason: Refusal }
