/**
 * A signal says that a workspace may have new work. It only cuts latency: signals may be lost or
 * merged, and whoever listens looks from time to time without one.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context, Effect, Layer, PubSub, Stream } from "effect"

/** Unread signals beyond this many are dropped, the oldest first. */
const unread = 4096

export class Signal extends Context.Service<
  Signal,
  {
    /** Never fails and never waits. */
    readonly notify: (workspaceId: WorkspaceId) => Effect.Effect<void>
    /** Signals from the moment of subscription on. */
    readonly signals: Stream.Stream<WorkspaceId>
  }
>()("fibercast/ports/Signal") {
  /** Reaches listeners in this process. */
  static readonly layerMemory: Layer.Layer<Signal> = Layer.effect(
    Signal,
    Effect.gen(function* () {
      const pubsub = yield* PubSub.sliding<WorkspaceId>(unread)
      return Signal.of({
        notify: (workspaceId) => Effect.asVoid(PubSub.publish(pubsub, workspaceId)),
        signals: Stream.fromPubSub(pubsub)
      })
    })
  )
}
