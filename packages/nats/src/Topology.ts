/**
 * What Fibercast keeps on a NATS server: one work-queue stream and one durable pull consumer for each lane, as data, and
 * how it gets there.
 *
 * Several installations share a server by their prefix. No stream is ever deleted: what exists is brought up to date.
 */
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig
} from "@nats-io/jetstream"
import { nanos, type NatsConnection } from "@nats-io/transport-node"
import { type Lane, lanes } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type WorkStreamSettings } from "@fibercast/ports/WorkStream"
import { Effect, Predicate, Schedule, Schema } from "effect"
import { Nats } from "./Nats.ts"
import * as ServerVersion from "./ServerVersion.ts"

/** The server runs without JetStream, or this account may not use it. */
export class JetStreamOff extends Schema.TaggedError<JetStreamOff>()("JetStreamOff", { where: Schema.String }) {
  override get message(): string {
    return `NATS at ${this.where} has no JetStream for us. Start nats-server with -js, or enable it for this account.`
  }
}

/** The server would not keep a stream or a consumer as it is wanted. */
export class TopologyRefused extends Schema.TaggedError<TopologyRefused>()("TopologyRefused", {
  /** The stream or consumer. */
  name: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const { cause, name } = this
    return `NATS refused to set up ${name}: ${Predicate.isError(cause) ? cause.message : String(cause)}`
  }
}

/** Names that can be part of a subject and of a stream's name. */
export const Prefix = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/))

export interface Limits {
  /** Copies of each stream, over as many servers of a cluster. */
  readonly replicas: number
  /** Of each lane, in chunks and in bytes; beyond either, a publish is refused. The server sets the bytes aside. */
  readonly maxMessages: number
  readonly maxBytes: number
}

export const defaults: Limits = { replicas: 1, maxMessages: 65_536, maxBytes: 256 * 1024 * 1024 }

export interface Topology extends Limits {
  readonly prefix: string
  readonly settings: WorkStreamSettings
}

export const defaultPrefix = "fibercast"

/** The only consumer of each stream. */
export const consumerName = "senders"

export const streamName = (prefix: string, lane: Lane): string => `${prefix}-send-${lane}`

export const sendSubject = (prefix: string, lane: Lane, workspaceId: WorkspaceId): string =>
  `${prefix}.send.${lane}.${workspaceId}`

/** How long a published identifier is known. A server takes no longer than a message may live. */
const duplicateWindow = 120_000

export const streamConfig = (
  { maxBytes, maxMessages, prefix, replicas, settings }: Topology,
  lane: Lane,
  version: ServerVersion.ServerVersion
) =>
  ({
    name: streamName(prefix, lane),
    subjects: [`${prefix}.send.${lane}.*`],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    max_age: nanos(settings.maxAge),
    max_msgs: maxMessages,
    max_bytes: maxBytes,
    duplicate_window: nanos(Math.min(duplicateWindow, settings.maxAge)),
    ...(ServerVersion.has(version, "metadata") ? { metadata: { "fibercast.lane": lane } } : {})
  }) satisfies Partial<StreamConfig>

export const consumerConfig = ({ settings }: Topology) =>
  ({
    durable_name: consumerName,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: nanos(settings.ackWait),
    max_ack_pending: settings.inFlight,
    max_deliver: -1
  }) satisfies Partial<ConsumerConfig>

/** Whether anything that is wanted is otherwise; a server may have more to say. */
export const differs = (wanted: unknown, found: unknown): boolean => {
  if (Array.isArray(wanted)) return JSON.stringify(wanted) !== JSON.stringify(found)
  if (!Predicate.isObject(wanted)) return wanted !== found
  return Object.entries(wanted).some(([key, value]) =>
    differs(value, Predicate.hasProperty(found, key) ? found[key] : undefined)
  )
}

/**
 * Brings the server to where all lanes can be published to and consumed. Idempotent; nodes may do it at the same time. What
 * differs is changed to what this node wants. A cluster that is still finding its leaders is waited for, some seconds.
 */
export const ensure = Effect.fn("Topology.ensure")(
  function* (topology: Topology): Effect.fn.Return<void, JetStreamOff | TopologyRefused, Nats> {
    const nats = yield* Nats
    const version = yield* nats.serverVersion
    const ask = <A>(name: string, request: () => Promise<A>) =>
      Effect.tryPromise({
        try: request,
        catch: (cause) =>
          Predicate.isError(cause) && cause.name === "JetStreamNotEnabled"
            ? new JetStreamOff({ where: nats.where })
            : new TopologyRefused({ name, cause })
      })

    const jsm = yield* ask("JetStream", () => jetstreamManager(nats.connection, { timeout: 5000, checkAPI: true }))
    yield* Effect.forEach(
      lanes,
      (lane) => {
        const stream = streamConfig(topology, lane, version)
        const consumer = consumerConfig(topology)
        return ask(stream.name, () => ensureStream(jsm, stream)).pipe(
          Effect.andThen(ask(`${stream.name}/${consumerName}`, () => ensureConsumer(jsm, stream.name, consumer)))
        )
      },
      { concurrency: lanes.length, discard: true }
    )
  },
  Effect.retry({ while: isPassing, schedule: Schedule.spaced("500 millis").pipe(Schedule.upTo({ times: 10 })) })
)

/** What the server says about a lane's consumer; undefined: nothing. */
export const consumerInfo = (connection: NatsConnection, stream: string): Effect.Effect<ConsumerInfo | undefined> =>
  Effect.promise(() =>
    jetstreamManager(connection, { timeout: 2000, checkAPI: false })
      .then((jsm) => jsm.consumers.info(stream, consumerName))
      .catch(() => undefined)
  )

/** Takes a lane's consumer away. What was handed out and not acknowledged is handed out again by the next one. */
export const removeConsumer = (connection: NatsConnection, stream: string): Effect.Effect<void> =>
  Effect.promise(() =>
    jetstreamManager(connection, { timeout: 2000, checkAPI: false })
      .then((jsm) => jsm.consumers.delete(stream, consumerName))
      .then(
        () => {},
        () => {}
      )
  )

/** A server or a leader that is not there yet, or two nodes at the same thing. */
function isPassing(error: JetStreamOff | TopologyRefused): boolean {
  if (error._tag === "JetStreamOff") return false
  const { cause } = error
  if (cause instanceof JetStreamApiError) return cause.status === 503 || isTaken(cause)
  return Predicate.isError(cause) && cause.name === "TimeoutError"
}

/** 10058: a stream of that name; 10148 and 10105: a consumer. */
const isTaken = (cause: unknown): boolean =>
  cause instanceof JetStreamApiError && [10_058, 10_105, 10_148].includes(cause.code)

const missing = (cause: unknown): undefined => {
  if (cause instanceof JetStreamApiError && cause.status === 404) return undefined
  throw cause
}

const ensureStream = async (jsm: JetStreamManager, wanted: ReturnType<typeof streamConfig>): Promise<void> => {
  const found = await jsm.streams.info(wanted.name).catch(missing)
  if (found === undefined) await jsm.streams.add(wanted)
  else if (differs(wanted, found.config)) await jsm.streams.update(wanted.name, wanted)
}

const ensureConsumer = async (
  jsm: JetStreamManager,
  stream: string,
  wanted: ReturnType<typeof consumerConfig>
): Promise<void> => {
  const found = await jsm.consumers.info(stream, consumerName).catch(missing)
  if (found === undefined) await jsm.consumers.add(stream, wanted)
  else if (differs(wanted, found.config)) await jsm.consumers.update(stream, consumerName, wanted)
}
