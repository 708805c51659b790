/**
 * One connection to NATS, shared by all that speaks over it in this process.
 *
 * Callers may rely on:
 * - the layer is built once a server has taken the connection: one that cannot be reached is waited for, without end, with
 *   a line in the log; one that refuses us, and settings that cannot work, fail at once with `NatsRefused`;
 * - a lost connection is made again, for ever, to any of the servers; `upSince` says how it stands;
 * - closing the layer lets what was published get out, for 3 seconds at most;
 * - no secret is logged, nor in an error.
 */
import * as transportNode from "@nats-io/transport-node"
import {
  Cause,
  Clock,
  Config,
  Context,
  Data,
  Effect,
  Layer,
  Option,
  Redacted,
  Ref,
  Schedule,
  Stream,
  SubscriptionRef
} from "effect"
import * as Credentials from "./Credentials.ts"
import { classify, type NatsRefused } from "./NatsRefused.ts"
import * as ServerVersion from "./ServerVersion.ts"

export interface Options {
  /** `nats://host:4222`; `tls://` insists on TLS. One or several of the same cluster. A user and password in it count. */
  readonly servers: Redacted.Redacted | string | ReadonlyArray<string>
  readonly credentials?: Credentials.Credentials | undefined
  readonly tls?: Credentials.TlsFiles | undefined
  /** As the server lists it. Default `fibercast`. */
  readonly name?: string | undefined
}

export class Nats extends Context.Service<
  Nats,
  {
    readonly connection: transportNode.NatsConnection
    /** Hosts and ports, without secrets. */
    readonly where: string
    readonly isUp: Effect.Effect<boolean>
    /** Since when the connection holds, in epoch milliseconds; null: it is down. */
    readonly upSince: Effect.Effect<number | null>
    /** `upSince` as it is and as it changes. */
    readonly changes: Stream.Stream<number | null>
    /** Of the server that is connected, or was last. */
    readonly serverVersion: Effect.Effect<ServerVersion.ServerVersion>
  }
>()("fibercast/nats/Nats") {}

export const layer = (options: Options): Layer.Layer<Nats, NatsRefused> => Layer.effect(Nats, make(options))

/**
 * Reads `NATS_URL` (several with commas), and how to sign in, the first of these that is set: `NATS_CREDS` (a file),
 * `NATS_NKEY_SEED`, `NATS_TOKEN`, `NATS_USER` with `NATS_PASSWORD`; for TLS the files `NATS_CA`, `NATS_CERT`, `NATS_KEY`.
 */
export const layerConfig: Layer.Layer<Nats, NatsRefused | Config.ConfigError> = Layer.unwrap(
  Effect.gen(function* () {
    const servers = yield* Config.Redacted("NATS_URL")
    return layer({ servers, credentials: yield* Credentials.config, tls: yield* Credentials.tlsConfig })
  })
)

const reconnectWait = 250

const make = Effect.fnUntraced(function* (options: Options) {
  const { servers } = options
  const addresses = Credentials.readServers(Redacted.isRedacted(servers) ? Redacted.value(servers) : servers)
  const where = addresses.servers.join(", ")
  const credentials = options.credentials ?? addresses.credentials
  const signIn = yield* Credentials.authenticators(where, credentials)
  const tls = yield* Credentials.tlsOptions(where, options.tls, addresses)
  const connection = yield* Effect.acquireRelease(
    connect(where, {
      servers: [...addresses.servers],
      name: options.name ?? "fibercast",
      ...signIn,
      ...(tls === undefined ? {} : { tls }),
      timeout: 5000,
      reconnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectWait,
      reconnectJitter: reconnectWait,
      reconnectJitterTLS: reconnectWait,
      // Credentials may be refused for a while, as when they are being replaced.
      ignoreAuthErrorAbort: true,
      // A server that says nothing for 20 to 30 seconds is taken for dead.
      pingInterval: 10_000,
      maxPingOut: 2
    }),
    (connection) => Effect.suspend(() => close(connection)),
    { interruptible: true }
  )
  const upSince = yield* SubscriptionRef.make<number | null>(yield* Clock.currentTimeMillis)
  const closing = yield* Ref.make(false)
  yield* Effect.forkScoped(watch(connection, where, upSince, closing))
  yield* Effect.addFinalizer(() => Ref.set(closing, true))
  return Nats.of({
    connection,
    where,
    isUp: Effect.map(SubscriptionRef.get(upSince), (since) => since !== null),
    upSince: SubscriptionRef.get(upSince),
    changes: SubscriptionRef.changes(upSince),
    serverVersion: Effect.sync(() => ServerVersion.parse(connection.info?.version ?? ""))
  })
})

/** Nobody took the connection, this time. */
class NotReached extends Data.TaggedError("NotReached")<{ readonly cause: unknown }> {}

/** Waits for a server that cannot be reached. Fails only with what waiting does not change. */
const connect = Effect.fnUntraced(function* (
  where: string,
  options: transportNode.NodeConnectionOptions
): Effect.fn.Return<transportNode.NatsConnection, NatsRefused> {
  let tries = 0
  const attempt = Effect.callback<transportNode.NatsConnection, NatsRefused | NotReached>((resume) => {
    let wanted = true
    transportNode.connect(options).then(
      (connection) => (wanted ? resume(Effect.succeed(connection)) : connection.close()),
      (cause: unknown) => resume(Effect.fail(classify(where, cause) ?? new NotReached({ cause })))
    )
    return Effect.sync(() => {
      wanted = false
    })
  })
  return yield* attempt.pipe(
    Effect.tapError((error) =>
      // Each try takes at least half a second: one line in ten seconds or more.
      error._tag === "NatsRefused" || tries++ % 20 !== 0
        ? Effect.void
        : Effect.logWarning(`NATS at ${where} cannot be reached, waiting for it: ${Credentials.textOf(error.cause)}`)
    ),
    Effect.retry({
      while: (error) => error._tag === "NotReached",
      schedule: Schedule.jittered(Schedule.spaced("500 millis"))
    }),
    Effect.catchTag("NotReached", Effect.die)
  )
})

/** Follows the connection until it is closed. */
const watch = (
  connection: transportNode.NatsConnection,
  where: string,
  upSince: SubscriptionRef.SubscriptionRef<number | null>,
  closing: Ref.Ref<boolean>
) =>
  Stream.fromAsyncIterable(connection.status(), (cause) => new Cause.UnknownError(cause)).pipe(
    Stream.runForEach(
      Effect.fnUntraced(function* (status) {
        switch (status.type) {
          case "disconnect":
          case "close":
            if ((yield* SubscriptionRef.getAndSet(upSince, null)) === null || (yield* Ref.get(closing))) return
            return yield* Effect.logWarning(`the connection to NATS at ${where} is lost; making it again`)
          case "reconnect":
            yield* SubscriptionRef.set(upSince, yield* Clock.currentTimeMillis)
            return yield* Effect.logInfo(`connected to NATS at ${status.server} again`)
          case "error":
            return yield* Effect.logWarning(`NATS at ${where} says: ${status.error.message}`)
          default:
            return
        }
      })
    ),
    Effect.ignore
  )

const close = (connection: transportNode.NatsConnection) =>
  Effect.promise(() => connection.drain().catch(() => {})).pipe(
    Effect.timeoutOption("3 seconds"),
    Effect.andThen(Effect.promise(() => connection.close().catch(() => {}))),
    Effect.timeoutOption("5 seconds"),
    Effect.map(Option.isSome)
  )
