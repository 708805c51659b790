/**
 * A channel of a hub over a WebSocket. Each frame is one event as JSON: `{"id":…,"event":…,"data":…}`, the data as text.
 *
 * - The first frame is `{"event":"hello","id":…}`; a client that comes back with `?lastEventId=` goes on after that event, and is
 *   sent `missed`, with how many, if something in between is no longer kept.
 * - While nothing happens `{"event":"heartbeat"}` is sent.
 * - Nothing is received: a client that sends is cut off (1008). Set `maxPayload` of the server besides, as a frame is held in
 *   memory before it can be refused.
 * - A client that reads slowly is written to no faster, and cut off when it took nothing for `patience`.
 *
 * Memory: at most 64 KiB and one read of 64 events on their way to each client.
 */
import { Effect, Exit } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { Socket } from "effect/socket"
import { IncomingMessage } from "node:http"
import { Realtime, type Subscription } from "./Realtime.ts"
import { type Given } from "./RealtimeEvent.ts"
import * as RealtimeDoor from "./RealtimeDoor.ts"

export interface SocketOptions<out R> extends RealtimeDoor.DoorOptions<R> {
  /** Milliseconds that a client may take nothing of what waits for it. Default 30 seconds. */
  readonly patience?: number | undefined
}

const frame = (given: Given): string =>
  given._tag === "Missed"
    ? JSON.stringify({ event: "missed", count: given.count })
    : JSON.stringify({ id: given.id, event: given.name, data: given.data })

/** Bytes that may wait in the connection before it is waited for. */
const waiting = 65_536

/** Waits until what was written has left; at once if little waits. */
const drained = ({ source }: HttpServerRequest.HttpServerRequest): Effect.Effect<void> => {
  if (!(source instanceof IncomingMessage)) return Effect.void
  const { socket } = source
  if (socket.writableLength < waiting) return Effect.void
  return Effect.callback<void>((resume) => {
    const done = () => resume(Effect.void)
    socket.once("drain", done)
    socket.once("close", done)
    return Effect.sync(() => {
      socket.off("drain", done)
      socket.off("close", done)
    })
  })
}

const slow = new Socket.CloseEvent(1013, "it reads too slowly; come back")
const talks = new Socket.CloseEvent(1008, "nothing is received here")

/** Writes until the client is too slow. */
const write = Effect.fnUntraced(function* (
  writer: Socket.Writer,
  subscription: Subscription,
  { drained, heartbeat, patience }: { readonly drained: Effect.Effect<void>; heartbeat: number; patience: number }
) {
  yield* writer.write(JSON.stringify({ event: "hello", id: subscription.at }))
  for (;;) {
    yield* Effect.timeoutOption(subscription.ready, heartbeat)
    const given = yield* subscription.read
    const [first = JSON.stringify({ event: "heartbeat" }), ...rest] = given.map(frame)
    yield* writer.writeAll([first, ...rest])
    const took = yield* Effect.timeoutOption(drained, patience)
    if (took._tag === "None") return slow
  }
})

/** Answers the request by a WebSocket with the events of the channel, until the client goes or the server closes. */
export const respond = <R>(options: SocketOptions<R>) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { subscribe } = yield* Realtime
    const wanted = yield* RealtimeDoor.enter(request, options)
    const subscription = yield* subscribe(wanted)
    const socket = yield* request.upgrade
    const writer = yield* socket.writer
    const reader = yield* socket.reader
    const { heartbeat = RealtimeDoor.heartbeat, patience = 30_000 } = options
    const writing = write(writer, subscription, {
      drained: Effect.suspend(() => drained(request)),
      heartbeat,
      patience
    })
    const reading = Effect.as(reader.pull, talks)
    const ending = yield* Effect.exit(Effect.raceFirst(writing, reading))
    if (Exit.isSuccess(ending)) yield* Effect.ignore(writer.write(ending.value))
    return HttpServerResponse.empty()
  }).pipe(
    Effect.catchTag(["NotAdmitted", "SubscriptionRefused"], (error) => Effect.succeed(RealtimeDoor.refusal(error)))
  )
