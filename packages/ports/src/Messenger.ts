/**
 * A messenger pushes one rendered message to a provider and says what the provider answered.
 *
 * A messenger never retries and never waits for a limit: the engine does both, because only the
 * engine can do so without charging an attempt. It fails with `SendFailed` alone, whose class says
 * whether the provider may have accepted the message (`unknown`) or certainly has not (all others).
 */
import { ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Limits } from "@fibercast/domain/Limits"
import { type Message } from "@fibercast/domain/Message"
import { type Effect, Schema } from "effect"

/** The provider did not take the message, or nobody can say whether it did (class `unknown`). */
export class SendFailed extends Schema.TaggedError<SendFailed>()("SendFailed", {
  errorClass: ErrorClass,
  /** What the provider said, short enough for a table cell; never a secret. */
  reason: Schema.String,
  /** Milliseconds the provider asked to wait; only with `rateLimited`. */
  retryAfter: Schema.optionalKey(Schema.Number)
}) {}

/** The provider's own id of the accepted message; receipts are matched by it. */
export interface Accepted {
  readonly providerId?: string | undefined
}

/** Which try this is; for providers that echo an opaque reference, and for logs. */
export interface SendContext {
  readonly deliveryId: bigint
  readonly attempt: number
}

export interface Messenger {
  /** The provider, as operators know it: `fonnte`. */
  readonly provider: string
  /** The credential in use, without its secret: `fonnte:default`. Breaker and limits are kept per account. */
  readonly account: string
  /** Shared by all sends of this account. */
  readonly limits: Limits
  readonly send: (message: Message, context: SendContext) => Effect.Effect<Accepted, SendFailed>
  /** Cheap question whether the account can send now; asked while its breaker is open. */
  readonly probe: Effect.Effect<void, SendFailed>
}
