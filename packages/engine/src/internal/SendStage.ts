/**
 * The stage that pushes a message out through a messenger, past the gate of its account.
 */
import { type Message } from "@fibercast/domain/Message"
import { type Accepted, type Messenger, type SendFailed } from "@fibercast/ports/Messenger"
import { type Context, Effect } from "effect"
import { type AccountClosed, AccountGates } from "../AccountGates.ts"
import { Turns } from "../Turns.ts"
import { type Prepare } from "./StageFlow.ts"
import { failure } from "./StageHalt.ts"

export const prepare = <Id>(
  key: Context.Key<Id, Messenger>
): Prepare<Message, Accepted, SendFailed | AccountClosed, Id | AccountGates> =>
  Effect.gen(function* () {
    const messenger = yield* key
    const gates = yield* AccountGates
    const turns = yield* Turns
    return (message, { attempt, delivery, workspaceId }) =>
      Effect.mapError(
        gates.send(messenger, message, { deliveryId: delivery.id, attempt, workspaceId, turns }),
        (error) =>
          error._tag === "AccountClosed"
            ? failure<SendFailed | AccountClosed>(error, { fromSend: true, until: error.until })
            : failure<SendFailed | AccountClosed>(error, { fromSend: true })
      )
  })
