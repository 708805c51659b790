/**
 * That a monitor went down or came up again, told in lane urgent. A notice is at-least-once.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Context, Effect, Layer, Schema } from "effect"

export const Notice = Schema.Struct({
  monitor: Schema.NonEmptyString,
  change: Schema.Literals(["down", "up"]),
  /** The slot of the check that found it. */
  slot: Schema.Int,
  problem: Schema.NullOr(Schema.String)
})
export type Notice = typeof Notice.Type

export class Watch extends Context.Service<Watch, { readonly tell: (notice: Notice) => Effect.Effect<void> }>()(
  "fibercast/examples/uptime/Watch"
) {
  /** Tells in the log. */
  static readonly layerLog: Layer.Layer<Watch> = Layer.succeed(Watch, {
    tell: ({ change, monitor, problem }) =>
      change === "down" ? Effect.logWarning(`${monitor} is down: ${problem}`) : Effect.logInfo(`${monitor} is up again`)
  })
}

export const Tell = Pipeline.make("uptime.tell", { payload: Notice, lane: "urgent" }).pipe(
  Pipeline.tap((notice) => Effect.flatMap(Watch, ({ tell }) => tell(notice)))
)
