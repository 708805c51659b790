/**
 * A pool of connections to Postgres with the settings every statement of Fibercast relies on.
 *
 * Callers may rely on:
 * - each session plans generically (`plan_cache_mode`), never compiles plans (`jit`), speaks UTC, and gives
 *   up a statement after 30 seconds and an idle transaction after 60 (both can be set);
 * - the layer is built only once a statement has run: a server that is starting up or not yet listening is
 *   waited for (10 seconds unless told otherwise), anything else fails at once with a reason people can act on;
 * - the pool opens at most `connections` sessions and replaces lost ones by itself: after a restart of
 *   the server the next statements succeed without rebuilding the layer.
 *
 * Session settings travel in the startup packet, so the address must be a server, not a pooler in transaction mode.
 */
import { PgClient } from "@effect/sql-pg"
import { Config, Duration, Effect, Layer, Option, Predicate, Redacted, Schedule, Schema } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"
import * as EmbeddedPostgres from "./EmbeddedPostgres.ts"
import * as Migrations from "./Migrations.ts"

/** No session could be had. `where` is host, port and database, never a secret; `hint` says what to do. */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()("DatabaseUnavailable", {
  where: Schema.String,
  hint: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `The database at ${this.where} is unavailable: ${causeText(this.cause)}. ${this.hint}`
  }
}

/** What `layer` provides: the SQL client of Effect, and the same one with what only Postgres can do. */
export type Client = PgClient.PgClient | SqlClient.SqlClient

export interface Options {
  /** `postgres://user:password@host:port/database`, with `sslmode` and the like as libpq knows them. */
  readonly url: Redacted.Redacted
  /** Sessions held at most. Default 4. */
  readonly connections?: number | undefined
  /** As seen in `pg_stat_activity`. Default `fibercast`. */
  readonly applicationName?: string | undefined
  /** After which the server cancels a statement. Default 30 seconds. */
  readonly statementTimeout?: Duration.Input | undefined
  /** For one connection attempt, authentication included. Default 5 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /** How long to wait for a server that refuses connections or is starting up. Default 10 seconds. */
  readonly startupWait?: Duration.Input | undefined
}

export const layer = (options: Options): Layer.Layer<Client, DatabaseUnavailable> =>
  PgClient.layerFrom(
    Effect.gen(function* () {
      const where = yield* address(options.url)
      const client = yield* PgClient.make(poolConfig(options))
      yield* client`SELECT 1`.pipe(
        Effect.tapError((error) =>
          isStartingUp(error)
            ? Effect.logDebug(`waiting for the database at ${where}: ${causeText(error.reason.cause)}`)
            : Effect.void
        ),
        Effect.retry({
          while: isStartingUp,
          schedule: Schedule.spaced("200 millis").pipe(
            Schedule.upTo({ duration: options.startupWait ?? Duration.seconds(10) })
          )
        })
      )
      return client
    }).pipe(Effect.catchTag("SqlError", (error) => Effect.fail(unavailable(options.url, error))))
  )

export const layerUrl = (url: Redacted.Redacted | string): Layer.Layer<Client, DatabaseUnavailable> =>
  layer({ url: Redacted.isRedacted(url) ? url : Redacted.make(url) })

/** Reads `DATABASE_URL`, and `DATABASE_CONNECTIONS` (default 4). */
export const layerConfig: Layer.Layer<Client, DatabaseUnavailable | Config.ConfigError> = Layer.unwrap(
  Effect.gen(function* () {
    const url = yield* Config.Redacted("DATABASE_URL")
    return layer({ url, connections: yield* connectionsConfig })
  })
)

/**
 * What a fresh checkout runs on: `DATABASE_URL` when it is set, else a Postgres of its own in `folder`
 * (default `.fibercast`), started with the layer, stopped with it, and migrated before anyone sees it.
 * A database named by `DATABASE_URL` is never migrated here: its owner decides when.
 */
export const layerDefault = (
  options: EmbeddedPostgres.Options = {}
): Layer.Layer<
  Client,
  DatabaseUnavailable | EmbeddedPostgres.Failure | Migrations.Failure | SqlError.SqlError | Config.ConfigError
> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const url = yield* Config.option(Config.Redacted("DATABASE_URL"))
      const connections = yield* connectionsConfig
      if (Option.isSome(url)) return layer({ url: url.value, connections })
      return Layer.effectDiscard(Migrations.run).pipe(
        Layer.provideMerge(layerEmbedded({ connections })),
        Layer.provide(EmbeddedPostgres.layer(options))
      )
    })
  )

/** A pool on the embedded server that is in context. */
export const layerEmbedded = (
  options: Omit<Options, "url"> = {}
): Layer.Layer<Client, DatabaseUnavailable, EmbeddedPostgres.EmbeddedPostgres> =>
  Layer.unwrap(Effect.map(EmbeddedPostgres.EmbeddedPostgres, ({ url }) => layer({ ...options, url })))

const connectionsConfig = Config.Int("DATABASE_CONNECTIONS").pipe(Config.withDefault(4))

const poolConfig = (options: Options): PgClient.PgPoolConfig => {
  const statementTimeout = Duration.fromInputUnsafe(options.statementTimeout ?? Duration.seconds(30))
  return {
    url: options.url,
    maxConnections: options.connections ?? 4,
    applicationName: options.applicationName ?? "fibercast",
    connectTimeout: options.connectTimeout ?? Duration.seconds(5),
    keepAlive: Duration.seconds(10),
    startupParameters: {
      plan_cache_mode: "force_generic_plan",
      jit: "off",
      timezone: "UTC",
      statement_timeout: String(Math.round(Duration.toMillis(statementTimeout))),
      idle_in_transaction_session_timeout: "60000"
    }
  }
}

/** Where a connection URL points, without its secrets. Fails when it is no connection URL at all. */
const address = (url: Redacted.Redacted): Effect.Effect<string, DatabaseUnavailable> =>
  Effect.suspend(() => {
    const raw = Redacted.value(url)
    const parsed = URL.canParse(raw) ? new URL(raw) : undefined
    return parsed !== undefined && /^postgres(ql)?:$/.test(parsed.protocol)
      ? Effect.succeed(describe(parsed))
      : Effect.fail(
          new DatabaseUnavailable({
            where: "the given address",
            hint: "Set DATABASE_URL to postgres://user:password@host:5432/database, or unset it to run on an embedded Postgres.",
            cause: new Error("it is not a Postgres connection URL")
          })
        )
  })

const describe = (url: URL): string =>
  `${url.hostname || url.searchParams.get("host") || "localhost"}:${url.port || 5432}${url.pathname}`

const unavailable = (url: Redacted.Redacted, error: SqlError.SqlError): DatabaseUnavailable =>
  new DatabaseUnavailable({
    where: describe(new URL(Redacted.value(url))),
    hint: hint(error),
    cause: error.reason.cause
  })

/** The SQLSTATE of the server, or the system's code of a failed connection. */
const code = (error: SqlError.SqlError): string => {
  const { cause } = error.reason
  return Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? cause.code : ""
}

/** 57P03 is "the database system is starting up"; the others happen while its host or listener is not there yet. */
const isStartingUp = (error: SqlError.SqlError): boolean =>
  ["57P03", "ECONNREFUSED", "ECONNRESET", "EAI_AGAIN", "ENOTFOUND"].includes(code(error))

const hint = (error: SqlError.SqlError): string => {
  if (error.reason._tag === "AuthenticationError") return "Check the user and the password in DATABASE_URL."
  switch (code(error)) {
    case "ECONNREFUSED":
    case "ECONNRESET":
      return "Is Postgres running and listening there? Unset DATABASE_URL to run on an embedded one."
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "The host name does not resolve: check DATABASE_URL."
    case "3D000":
      return "Create that database first, or name an existing one in DATABASE_URL."
    case "53300":
      return "The server has no free connections: raise its max_connections, or lower DATABASE_CONNECTIONS."
    case "57P03":
      return "The server did not finish starting up or recovering: try again later."
    case "08P01":
      return "If this is a connection pooler, give the address of the server itself: session settings must get through."
    default:
      return "Check DATABASE_URL."
  }
}

const causeText = (cause: unknown): string => {
  if (cause instanceof AggregateError && cause.errors.length > 0) return causeText(cause.errors[0])
  return Predicate.isError(cause) && cause.message !== "" ? cause.message : String(cause)
}
