/**
 * Whoever wants to be told what becomes of deliveries in an engine that sends by itself; unless given, nobody is.
 *
 * Told is each start as it happens, and each end once it is written. A listener never waits and never fails; while it
 * has no room nothing more is written, so it is told of no more than a window beyond that.
 */
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Settlement } from "@fibercast/ports/Settlement"
import { Context, type Effect } from "effect"

interface Told {
  readonly workspaceId: WorkspaceId
  readonly delivery: ClaimedDelivery
  /** The number of the try, from 1. */
  readonly attempt: number
  /** When it was begun, in epoch milliseconds; null: it ended without. */
  readonly begunAt: number | null
}

export type News =
  | (Told & { readonly _tag: "Begun" })
  | (Told & {
      readonly _tag: "Ended"
      readonly settlement: Settlement
      /** Epoch milliseconds. */
      readonly endedAt: number
    })

export interface Listener {
  readonly told: (news: News) => void
  /** Returns when it can be told more. */
  readonly room: Effect.Effect<void>
}

export const DeliveryListener = Context.Reference<Listener | null>("fibercast/engine/DeliveryListener", {
  defaultValue: () => null
})
