/**
 * The messenger that sends nothing: it accepts every message and writes one debug line about it. For
 * dry runs, demos and the first minutes with the engine.
 *
 * The line carries the address with all but its last three characters hidden, and never the text.
 * It holds nothing in memory, has no limits and cannot fail.
 */
import { none } from "@fibercast/domain/Limits"
import { type Messenger } from "@fibercast/ports/Messenger"
import { Context, Effect, Layer } from "effect"

/** The address as a log may show it: `***890`. Addresses of three characters or fewer are hidden whole. */
export const mask = (address: string): string => `***${address.length > 3 ? address.slice(-3) : ""}`

export class Log extends Context.Service<Log, Messenger>()("fibercast/messengers/Log") {
  static readonly layer: Layer.Layer<Log> = Layer.succeed(Log, {
    provider: "log",
    account: "log:default",
    limits: none,
    send: (message, { attempt, deliveryId }) =>
      Effect.logDebug("message accepted").pipe(
        Effect.annotateLogs({ to: mask(message.to), characters: message.text.length, deliveryId, attempt }),
        Effect.as({ providerId: `log-${deliveryId}-${attempt}` })
      ),
    probe: Effect.void
  })
}
