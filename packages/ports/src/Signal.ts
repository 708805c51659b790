/**
 * A signal says that a workspace may have new work. It only cuts latency: signals may be lost or
 * merged, and whoever listens looks from time to time without one.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context, Effect, Layer, PubSub, Stream } from "effect"

/** The lanes of which background jobs are due now, where that is all that is new; null: it may be anything. */
export type Due = ReadonlyArray<Lane> | null

/** What is heard of a workspace. */
export interface News {
  readonly workspaceId: WorkspaceId
  readonly due: Due
}

/** What is new where both are. */
export const both = (one: Due, other: Due): Due =>
  one === null || other === null ? null : [...new Set([...one, ...other])]

/** Unread signals beyond this many are dropped, the oldest first. */
const unread = 4096

export class Signal extends Context.Service<
  Signal,
  {
    /**
     * Never fails and never waits. With `due`, no more is new than a background job of this lane, which is due now: whoever
     * hears of it need not look for anything else.
     */
    readonly notify: (workspaceId: WorkspaceId, due?: Lane) => Effect.Effect<void>
    /** Signals from the moment of subscription on. What is merged says all that was said, or null. */
    readonly signals: Stream.Stream<News>
  }
>()("fibercast/ports/Signal") {
  /** Reaches listeners in this process. */
  static readonly layerMemory: Layer.Layer<Signal> = Layer.effect(
    Signal,
    Effect.gen(function* () {
      const pubsub = yield* PubSub.sliding<News>(unread)
      return Signal.of({
        notify: (workspaceId, due) =>
          Effect.suspend(() => {
            const news = { workspaceId, due: due === undefined ? null : [due] }
            return PubSub.publishUnsafe(pubsub, news) ? Effect.void : Effect.asVoid(PubSub.publish(pubsub, news))
          }),
        signals: Stream.fromPubSub(pubsub)
      })
    })
  )
}
