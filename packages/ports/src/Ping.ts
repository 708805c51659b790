/**
 * A ping tells a monitor by HTTP that a trigger ran: a GET of an address that the application names.
 *
 * Whoever has the address of a monitor can ping it: many hold a token, in the path as well. It is never told.
 */
import { Context, Effect, Layer, Schema } from "effect"

/** The monitor could not be reached, or did not answer with success. */
export class PingFailed extends Schema.TaggedError<PingFailed>()("PingFailed", {
  /** What of its address is no secret. */
  monitor: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the ping to ${this.monitor} failed: ${this.reason}`
  }
}

/** What of an address is no secret: its host. */
export const monitorOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : "an address that is none")

export class Ping extends Context.Service<Ping, { readonly ping: (url: string) => Effect.Effect<void, PingFailed> }>()(
  "fibercast/ports/Ping"
) {
  /** Writes each ping to the log instead. */
  static readonly layerLog: Layer.Layer<Ping> = Layer.succeed(
    Ping,
    Ping.of({ ping: (url) => Effect.logInfo(`ping ${monitorOf(url)}`) })
  )
}
