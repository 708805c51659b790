/**
 * Sending a message: it is stored, and its broadcast dispatched, in one transaction.
 *
 * While the database is away the message is told at once to who is connected to this process, marked as not stored, and kept
 * here until it can be stored; then its room hears that it is. Once it waits, all that come after wait behind it, so the
 * order stays; but what was stored and not yet broadcast when the database went away is told after it is back. At most 1000 wait; further ones are refused. They are lost with the process, so a client sends again, under
 * the same id, what it did not hear is stored.
 */
import { type BadDispatch } from "@fibercast/engine/BadDispatch"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Realtime } from "@fibercast/messengers/Realtime"
import { type Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Context, Effect, Fiber, FiberSet, Latch, Layer, Schedule, Schema } from "effect"
import { Broadcast, tellDirectly } from "./Broadcast.ts"
import { type Message, Messages, type MessagesUnavailable, type Stored } from "./Messages.ts"
import * as Status from "./Status.ts"

/** Too many messages wait for the database. */
export class ChatOverloaded extends Schema.TaggedError<ChatOverloaded>()("ChatOverloaded", {}) {
  override get message(): string {
    return "the database is away, and too many messages wait for it; try again later"
  }
}

export interface Sent {
  /** Null: told directly, and not stored yet; or stored before. */
  readonly place: number | null
  readonly stored: boolean
}

/** How long the database may take, in milliseconds. */
const patience = 2000
const most = 1000

type Needs = Ledger | Messages | Realtime | Signal

const make = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
  const needs = yield* Effect.context<Needs>()
  const messages = yield* Messages
  const waiting: Array<Message> = []
  const some = yield* Latch.make(false)
  const dispatch = (payload: Stored) => Pipeline.dispatch(Broadcast, { workspaceId, payload })
  const attempts = yield* FiberSet.make<
    Stored | null,
    MessagesUnavailable | LedgerUnavailable | BadDispatch | Schema.SchemaError
  >()

  /**
   * May be repeated: an id is stored, and so dispatched, once. What a silent connection does cannot be stopped soon, and is not
   * waited for; no more than the connections of the pool can be held up so.
   */
  const store = Effect.fnUntraced(function* (message: Message) {
    const storing = yield* FiberSet.run(attempts, messages.store(message, dispatch))
    return yield* Fiber.join(storing).pipe(
      Effect.timeout(patience),
      Effect.onError(() => Effect.sync(() => storing.interruptUnsafe()))
    )
  })

  const direct = Effect.fnUntraced(function* (message: Message) {
    if (waiting.some(({ id }) => id === message.id)) return { place: null, stored: false }
    if (waiting.length >= most) return yield* new ChatOverloaded()
    waiting.push(message)
    yield* some.open
    yield* Effect.orDie(tellDirectly(message))
    return { place: null, stored: false }
  })

  const send = Effect.fn("Chat.send")(function* (message: Message): Effect.fn.Return<Sent, ChatOverloaded, Needs> {
    if (waiting.length > 0) return yield* direct(message)
    return yield* store(message).pipe(
      Effect.map((stored): Sent => ({ place: stored?.place ?? null, stored: true })),
      Effect.catch((error) =>
        Effect.andThen(Effect.logWarning(`told directly, as the database is away: ${error.message}`), direct(message))
      )
    )
  })

  const storing = Effect.gen(function* () {
    for (;;) {
      yield* some.await
      const [next] = waiting
      if (next === undefined) some.closeUnsafe()
      else {
        yield* Effect.retry(store(next), Schedule.spaced("250 millis"))
        waiting.shift()
      }
    }
  })
  yield* Effect.forkScoped(storing)
  yield* Status.watch(workspaceId)

  return Chat.of({
    workspaceId,
    send: (message) => Effect.provideContext(send(message), needs),
    waiting: Effect.sync(() => waiting.length)
  })
})

export class Chat extends Context.Service<
  Chat,
  {
    readonly workspaceId: WorkspaceId
    /** May be repeated with the same id. */
    readonly send: (message: Message) => Effect.Effect<Sent, ChatOverloaded>
    /** Messages that wait for the database. */
    readonly waiting: Effect.Effect<number>
  }
>()("fibercast/examples/campus/Chat") {
  static readonly layer = Layer.effect(
    Chat,
    Effect.gen(function* () {
      const { id } = yield* (yield* WorkspaceStore).ensure({ name: "campus", zone: "Asia/Makassar", limits: {} })
      return yield* make(id)
    })
  )
}
