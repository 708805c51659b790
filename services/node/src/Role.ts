/**
 * A role is what a node does: a layer that is opened while the node works, each time afresh, and closed when it is
 * cordoned or drained. Closing it gives back what it held.
 */
import { type NodeRole } from "@fibercast/ports/NodeRegistry"
import { type Effect, type Layer, Predicate, Schema } from "effect"

export interface Role<out R> {
  readonly name: NodeRole
  readonly layer: Layer.Layer<never, unknown, R>
  /** Sends that it may have under way at once, as things stand. */
  readonly capacity: Effect.Effect<number>
}

/** A role, as it stands, cannot be opened. */
export class RoleNotOpened extends Schema.TaggedError<RoleNotOpened>()("RoleNotOpened", {
  role: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `The role ${this.role} cannot be opened: ${this.reason}`
  }
}

/** Layers of an app may fail with anything. */
export const notOpened = (role: NodeRole, error: unknown): RoleNotOpened =>
  new RoleNotOpened({
    role,
    reason:
      Predicate.hasProperty(error, "message") && typeof error.message === "string" && error.message !== ""
        ? error.message
        : String(error)
  })
