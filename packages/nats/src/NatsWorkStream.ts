/**
 * The WorkStream over JetStream: chunks outlast senders, owners and servers.
 *
 * Beyond what each WorkStream promises:
 * - what was published and confirmed is on the server's disk, on as many servers as `replicas` says;
 * - a publish fails at once while the connection is down, and after `publishTimeout` without an answer;
 * - consumption goes on by itself after the server was restarted, or lost its streams;
 * - what cannot be read as a chunk is logged and dropped for good, and holds up nothing. Should it be one, as nodes of
 *   another release write them, it is lost for its owner as with its sender.
 *
 * A publish beyond `maxMessages` or `maxBytes` of a lane, or larger than the server takes (1 MiB unless it is told
 * otherwise), is refused.
 */
import { jetstream } from "@nats-io/jetstream"
import { type Msg } from "@nats-io/transport-node"
import { type Lane } from "@fibercast/domain/Lane"
import { type Chunk } from "@fibercast/ports/Chunk"
import * as ChunkText from "@fibercast/ports/ChunkText"
import {
  defaults,
  type Received,
  WorkStream,
  type WorkStreamSettings,
  WorkStreamUnavailable
} from "@fibercast/ports/WorkStream"
import { Effect, Layer, Predicate, Result, Semaphore, Stream } from "effect"
import { createHash } from "node:crypto"
import * as Fetched from "./internal/Fetched.ts"
import * as PullConsumer from "./internal/PullConsumer.ts"
import { Nats } from "./Nats.ts"
import * as Topology from "./Topology.ts"

export interface Options extends Partial<Topology.Limits> {
  /** Default `fibercast`. */
  readonly prefix?: string | undefined
  readonly settings?: Partial<WorkStreamSettings> | undefined
  /** In milliseconds. Default 5000. */
  readonly publishTimeout?: number | undefined
}

/** Sets the lanes up on the server. */
export const layer = (
  options: Options = {}
): Layer.Layer<WorkStream, Topology.JetStreamOff | Topology.TopologyRefused, Nats> =>
  Layer.effect(WorkStream, make(options))

const make = Effect.fnUntraced(function* ({
  prefix = Topology.defaultPrefix,
  publishTimeout = 5000,
  ...options
}: Options) {
  const nats = yield* Nats
  const settings = { ...defaults, ...options.settings }
  const topology: Topology.Topology = { ...Topology.defaults, ...options, prefix, settings }
  const ensure = Effect.provideService(Topology.ensure(topology), Nats, nats)
  yield* ensure

  const one = yield* Semaphore.make(1)
  /** One at a time: what the first restored, the next find. */
  const restore = one
    .withPermits(1)(ensure)
    .pipe(Effect.catch((error) => Effect.logWarning(error.message)))
  const js = jetstream(nats.connection, { timeout: publishTimeout })

  const publish = Effect.fn("WorkStream.publish")(function* (chunk: Chunk) {
    if (!(yield* nats.isUp)) return yield* unavailable("publish a chunk", new Error("NATS is not connected"))
    const subject = Topology.sendSubject(prefix, chunk.lane, chunk.workspaceId)
    yield* Effect.tryPromise({
      try: () => js.publish(subject, ChunkText.encode(chunk), { msgID: messageId(chunk.id) }),
      catch: (cause) => unavailable("publish a chunk", cause)
    }).pipe(Effect.tapError((error) => (isStreamGone(error.cause) ? restore : Effect.void)))
  })

  const received = (message: Msg, chunk: Chunk): Received => ({
    chunk,
    times: Fetched.timesOf(message),
    ack: Effect.sync(() => Fetched.say(message, Fetched.ack)),
    ackSure: Effect.suspend(() =>
      nats.connection.isClosed() || message.reply === undefined
        ? unavailable("acknowledge a chunk", new Error("NATS is not connected"))
        : sure(message.reply)
    ),
    nak: (delay) => Effect.sync(() => Fetched.say(message, Fetched.nak(delay))),
    working: Effect.sync(() => Fetched.say(message, Fetched.working))
  })

  /** The server answers what has an address to answer to. */
  const sure = (reply: string) =>
    Effect.tryPromise({
      try: () => nats.connection.request(reply, Fetched.ack, { timeout: Math.min(2000, settings.ackWait) }),
      catch: (cause) => unavailable("acknowledge a chunk", cause)
    }).pipe(Effect.asVoid)

  const read = Effect.fnUntraced(function* (message: Msg) {
    const decoded = yield* Effect.result(Effect.suspend(() => ChunkText.decode(message.data)))
    if (Result.isSuccess(decoded)) return [received(message, decoded.success)]
    Fetched.say(message, Fetched.term)
    const why = decoded.failure.message
    yield* Effect.logError(
      `a message on ${message.subject} is dropped, as this release cannot read it as a chunk; if it is one of another release, its owner hands over again what it held, within half a minute: ${why}`
    )
    return []
  })

  const standingOf = (stream: string): Effect.Effect<PullConsumer.Standing | undefined> =>
    Effect.map(Topology.consumerInfo(nats.connection, stream), (info) =>
      info === undefined
        ? undefined
        : {
            created: info.created,
            handedOut: info.delivered.consumer_seq,
            isDue: info.num_pending > 0 && info.num_waiting > 0 && info.num_ack_pending < settings.inFlight
          }
    )

  /** Another node may have been first. */
  const replace = (stream: string, { created }: PullConsumer.Standing) =>
    Effect.flatMap(standingOf(stream), (now) =>
      now?.created === created ? Topology.removeConsumer(nats.connection, stream) : Effect.void
    ).pipe(Effect.andThen(restore))

  const consume = (lane: Lane, { ahead }: { readonly ahead: number }): Stream.Stream<Received> =>
    Stream.suspend(() => consumeFrom(Topology.streamName(prefix, lane), ahead))

  const consumeFrom = (stream: string, ahead: number) =>
    Stream.unwrap(
      Effect.map(
        PullConsumer.make({
          nats,
          stream,
          consumer: Topology.consumerName,
          ahead,
          ackWait: settings.ackWait,
          restore,
          standing: standingOf(stream),
          replace: (standing) => replace(stream, standing)
        }),
        (next) => Stream.fromIterableEffectRepeat(Effect.flatMap(next, read))
      )
    )

  return WorkStream.of({ settings, publish, consume })
})

const unavailable = (operation: string, cause: unknown) => new WorkStreamUnavailable({ operation, cause })

/** Nobody listens on the subject. */
const isStreamGone = (cause: unknown): boolean => Predicate.isError(cause) && cause.name === "JetStreamNotEnabled"

/** A header takes no line breaks, and a server holds every identifier of the last minutes in memory. */
const messageId = (id: string): string =>
  /^[\w.:-]{1,128}$/.test(id) ? id : `sha256:${createHash("sha256").update(JSON.stringify(id)).digest("hex")}`
