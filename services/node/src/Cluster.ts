/**
 * What makes this process a node of a cluster: its place among the others on one Postgres, and the socket on which they
 * reach it. Give its `Sharding` to `ClusterRuntime.layer`.
 *
 * Callers may rely on this:
 * - a node holds its shards by advisory locks of one session, on a pool of two connections of its own: work that uses up
 *   the other pool does not make the node look dead. The address of the database must be the server's: a pooler in
 *   transaction mode loses the locks;
 * - the node makes its tables itself, `fibercast_cluster_*`, whoever comes first; they hold nothing of any tenant,
 *   and tenants cannot read them. Its role must be able to create tables, unless `migrate` has run before;
 * - nothing that nodes say to each other is stored. It is neither encrypted nor authenticated: let the port be reached
 *   by other nodes only.
 */
import { NodeClusterSocket } from "@effect/platform-node"
import { ClusterConfig, sharding } from "@fibercast/engine/ClusterConfig"
import { EngineConfig } from "@fibercast/engine/EngineConfig"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Config, Effect, Layer, Option, type Redacted } from "effect"
import {
  MessageStorage,
  RunnerAddress,
  RunnerHealth,
  Runners,
  type Sharding,
  ShardingConfig,
  SocketRunner,
  SqlRunnerStorage
} from "effect/cluster"
import { RpcSerialization } from "effect/rpc"
import { type SocketServer } from "effect/socket"
import { Migrator, SqlClient, type SqlError } from "effect/sql"

/** Of its tables, and of its locks: clusters of another prefix are others. */
const prefix = "fibercast_cluster"

/** Whoever makes the tables takes this lock; the number is arbitrary and must never change. */
const advisoryLock = 4_650_721_939

export interface Options {
  /** Where the other nodes reach this one. No two nodes share host and port. */
  readonly host: string
  readonly port: number
  /** Where it listens, if that is another address: `0.0.0.0`, or behind a port mapping. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined
  /** The address of the server that all nodes work on. */
  readonly databaseUrl: Redacted.Redacted
}

export type Failure =
  | Postgres.DatabaseUnavailable
  | Migrator.MigrationError
  | SqlError.SqlError
  | SocketServer.SocketServerError

/** Makes the tables if they are not there. Those who start at once wait for each other. */
export const migrate: Effect.Effect<void, Migrator.MigrationError | SqlError.SqlError, SqlClient.SqlClient> =
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const making = Migrator.make({})({
      loader: SqlRunnerStorage.migrations({ prefix }),
      table: `${prefix}_runner_migrations`
    })
    const locked = sql`SELECT pg_advisory_xact_lock(${sql.literal(String(advisoryLock))})`
    yield* sql.withTransaction(Effect.andThen(locked, making))
  })

const storage = SqlRunnerStorage.layerStorage({ prefix }).pipe(Layer.provide(Layer.effectDiscard(migrate)))

/** This node's place. It is a member while the layer is in scope, and leaves when that closes. */
export const layer = ({ databaseUrl, host, listen, port }: Options): Layer.Layer<Sharding.Sharding, Failure> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { drain } = yield* EngineConfig
      const config = ShardingConfig.layer({
        ...sharding(yield* ClusterConfig, drain),
        runnerAddress: Option.some(RunnerAddress.RunnerAddress.make({ host, port })),
        runnerListenAddress: Option.map(Option.fromUndefinedOr(listen), (at) => RunnerAddress.RunnerAddress.make(at))
      })
      const pings = RunnerHealth.layerPing.pipe(Layer.provide(Runners.layerRpc))
      return SocketRunner.layer.pipe(
        Layer.provide(NodeClusterSocket.layerSocketServer),
        Layer.provide(pings),
        Layer.provide(NodeClusterSocket.layerClientProtocol),
        Layer.provide(MessageStorage.layerNoop),
        Layer.provide(storage),
        Layer.provide(config),
        Layer.provide(RpcSerialization.layerNdjson),
        Layer.provide(Postgres.layer({ url: databaseUrl, connections: 2, applicationName: "fibercast-cluster" }))
      )
    })
  )

/**
 * Reads `CLUSTER_HOST` and `CLUSTER_PORT` (default 34431), where the others reach this node; `CLUSTER_LISTEN_HOST` and
 * `CLUSTER_LISTEN_PORT` if it listens elsewhere; and `CLUSTER_DATABASE_URL`, the server itself, if `DATABASE_URL` is a pooler.
 */
export const layerConfig: Layer.Layer<Sharding.Sharding, Failure | Config.ConfigError> = Layer.unwrap(
  Effect.gen(function* () {
    const host = yield* Config.String("CLUSTER_HOST")
    const port = yield* Config.Int("CLUSTER_PORT").pipe(Config.withDefault(34_431))
    const listen = {
      host: yield* Config.String("CLUSTER_LISTEN_HOST").pipe(Config.withDefault(host)),
      port: yield* Config.Int("CLUSTER_LISTEN_PORT").pipe(Config.withDefault(port))
    }
    const databaseUrl = yield* Config.Redacted("CLUSTER_DATABASE_URL").pipe(
      Config.orElse(() => Config.Redacted("DATABASE_URL"))
    )
    return layer({ host, port, listen, databaseUrl })
  })
)
