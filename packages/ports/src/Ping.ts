/**
 * A ping tells a monitor by HTTP that a trigger ran: a GET of an address that the application names.
 */
import { Context, Effect, Layer, Schema } from "effect"

/** The monitor could not be reached, or did not answer with success. */
export class PingFailed extends Schema.TaggedError<PingFailed>()("PingFailed", {
  /** Without its query, which may hold a secret. */
  address: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the ping to ${this.address} failed: ${this.reason}`
  }
}

export class Ping extends Context.Service<Ping, { readonly ping: (url: string) => Effect.Effect<void, PingFailed> }>()(
  "fibercast/ports/Ping"
) {
  /** Writes each ping to the log instead. */
  static readonly layerLog: Layer.Layer<Ping> = Layer.succeed(
    Ping,
    Ping.of({ ping: (url) => Effect.logInfo(`ping ${url.split("?")[0]}`) })
  )
}
