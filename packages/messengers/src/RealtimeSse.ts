/**
 * A channel of a hub as Server-Sent Events, for `EventSource` and for whoever reads a response as it comes.
 *
 * - Each event has its `id`; a client that comes back with `Last-Event-ID` goes on after it, and gets an event `missed`, with
 *   `{"count":…}`, if something in between is no longer kept.
 * - While nothing happens a comment is sent as a heartbeat.
 * - A client that reads slowly is written to no faster: it costs a place in the channel, and misses what it is too late for.
 *
 * Memory: at most 64 events on their way to each client.
 */
import { Effect, Stream } from "effect"
import * as Sse from "effect/encoding/Sse"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { Realtime, type Subscription } from "./Realtime.ts"
import { type Given } from "./RealtimeEvent.ts"
import * as RealtimeDoor from "./RealtimeDoor.ts"

const encoded = (given: Given): string =>
  given._tag === "Missed"
    ? Sse.encoder.write({ _tag: "Event", id: undefined, event: "missed", data: JSON.stringify({ count: given.count }) })
    : Sse.encoder.write({ _tag: "Event", id: given.id, event: given.name, data: given.data })

/** How long a client waits before it comes back, in milliseconds. */
const comeBack = 1000

const texts = (subscription: Subscription, heartbeat: number): Stream.Stream<string> => {
  const next = subscription.ready.pipe(
    Effect.timeoutOption(heartbeat),
    Effect.andThen(subscription.read),
    Effect.map((given) => (given.length === 0 ? ":\n\n" : given.map(encoded).join("")))
  )
  return Stream.concat(Stream.make(`retry: ${comeBack}\nid: ${subscription.at}\n\n`), Stream.fromEffectRepeat(next))
}

/** Answers the request with the events of the channel, until the client goes or the server closes. */
export const respond = <R>(options: RealtimeDoor.DoorOptions<R>) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { subscribe } = yield* Realtime
    const wanted = yield* RealtimeDoor.enter(request, options)
    const subscription = yield* subscribe(wanted)
    const body = texts(subscription, options.heartbeat ?? RealtimeDoor.heartbeat)
    return HttpServerResponse.stream(Stream.encodeText(body), {
      contentType: "text/event-stream; charset=utf-8",
      headers: { "cache-control": "no-store", "x-accel-buffering": "no" }
    })
  }).pipe(
    Effect.catchTag(["NotAdmitted", "SubscriptionRefused"], (error) => Effect.succeed(RealtimeDoor.refusal(error)))
  )
