/**
 * The database that one node or one command works on: `DATABASE_URL`, or an embedded Postgres in a folder.
 *
 * Callers may rely on this: whoever gets a `Database` finds its schema up to date. An embedded one is
 * migrated when it is started; one named by `DATABASE_URL` is refused until its owner has migrated it.
 */
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Config, Context, Effect, FileSystem, Layer, Option, Path, Predicate, Redacted, Schedule, Schema } from "effect"
import { type SqlError } from "effect/sql"

/** The schema is older than this release. */
export class NotMigrated extends Schema.TaggedError<NotMigrated>()("NotMigrated", {
  place: Schema.String,
  pending: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const count = this.pending.length
    return `The database at ${this.place} lacks ${count} ${count === 1 ? "migration" : "migrations"} (${this.pending.join(", ")}). Run \`fibercast migrate\` first.`
  }
}

/** There is nothing to look at. */
export class NoDatabase extends Schema.TaggedError<NoDatabase>()("NoDatabase", { folder: Schema.String }) {
  override get message(): string {
    return `There is no database in ${this.folder}: nothing was sent from here yet. Name another folder with --folder, or set DATABASE_URL.`
  }
}

/** The embedded database found no room for its tables. */
export class DiskFull extends Schema.TaggedError<DiskFull>()("DiskFull", { folder: Schema.String }) {
  override get message(): string {
    return `The disk that holds ${this.folder} is full. Free some space (an empty database needs about 60 MB) and start again; nothing that was committed is lost.`
  }
}

export type Failure =
  | NotMigrated
  | DiskFull
  | Postgres.DatabaseUnavailable
  | EmbeddedPostgres.Failure
  | Migrations.Failure
  | SqlError.SqlError
  | Config.ConfigError

export const defaultFolder = ".fibercast"

export class Database extends Context.Service<
  Database,
  {
    /** For people: the folder, or host, port and database; never a secret. */
    readonly place: string
    readonly embedded: boolean
    /** No other process works on it. */
    readonly alone: boolean
  }
>()("fibercast/node/Database") {}

export interface Options {
  /** Of the embedded Postgres; default `.fibercast`. Unused with `DATABASE_URL`. */
  readonly folder?: string | undefined
}

export const defaultConnections = 4

const connections = Config.Int("DATABASE_CONNECTIONS").pipe(Config.withDefault(defaultConnections))

const databaseUrl = Config.option(Config.Redacted("DATABASE_URL"))

const placeOf = (url: Redacted.Redacted): string => {
  const text = Redacted.value(url)
  if (!URL.canParse(text)) return "the given address"
  const { hostname, pathname, port } = new URL(text)
  return `${hostname || "localhost"}:${port || 5432}${pathname}`
}

const refuseUnmigrated = Effect.fnUntraced(function* (place: string) {
  const pending = yield* Migrations.pending
  if (pending.length === 0) return
  return yield* new NotMigrated({ place, pending: pending.map(({ id, name }) => `${id} ${name}`) })
})

/** `migrated`: a schema that is behind is refused. */
const remote = (url: Redacted.Redacted, migrated: boolean): Layer.Layer<Database | Postgres.Client, Failure> => {
  const place = placeOf(url)
  return Layer.effect(
    Database,
    Effect.as(migrated ? refuseUnmigrated(place) : Effect.void, Database.of({ place, embedded: false, alone: false }))
  ).pipe(
    Layer.provideMerge(Layer.unwrap(Effect.map(connections, (held) => Postgres.layer({ url, connections: held }))))
  )
}

const pool = Layer.unwrap(Effect.map(connections, (held) => Postgres.layerEmbedded({ connections: held })))

/** SQLSTATE 53100 is disk_full. */
const isDiskFull = (error: Migrations.Failure | SqlError.SqlError): boolean => {
  const failed = error._tag === "MigrationFailed" ? error.cause : error
  if (failed._tag !== "SqlError") return false
  const { cause } = failed.reason
  return Predicate.hasProperty(cause, "code") && cause.code === "53100"
}

/** An embedded server in the folder, whatever `DATABASE_URL` says. */
export const layerEmbedded = (folder: string): Layer.Layer<Database | Postgres.Client, Failure> =>
  Layer.effect(
    Database,
    Effect.gen(function* () {
      const { folder: place } = yield* EmbeddedPostgres.EmbeddedPostgres
      yield* Effect.catchIf(Migrations.run, isDiskFull, () => new DiskFull({ folder: place }))
      return Database.of({ place, embedded: true, alone: true })
    })
  ).pipe(Layer.provideMerge(pool), Layer.provide(EmbeddedPostgres.layer({ folder })))

/** The server that another process runs in the folder. */
const attached = (
  server: EmbeddedPostgres.EmbeddedPostgres["Service"]
): Layer.Layer<Database | Postgres.Client, Failure> =>
  Layer.effect(
    Database,
    Effect.as(refuseUnmigrated(server.folder), Database.of({ place: server.folder, embedded: true, alone: false }))
  ).pipe(Layer.provideMerge(pool), Layer.provide(Layer.succeed(EmbeddedPostgres.EmbeddedPostgres, server)))

const moment = Schedule.spaced("200 millis").pipe(Schedule.upTo({ times: 50 }))

/**
 * For whoever works beside others: the embedded server of a running process if there is one, else one that is started here
 * and that others may share. Whoever shares it takes it over when the process that runs it goes.
 */
export const layerShared = (options: Options = {}): Layer.Layer<Database | Postgres.Client, Failure> =>
  Layer.unwrap(
    Effect.map(databaseUrl, (url) => {
      if (Option.isSome(url)) return remote(url.value, true)
      const database = Effect.gen(function* () {
        const { folder: place, ownedByThisProcess } = yield* EmbeddedPostgres.EmbeddedPostgres
        // Its owner may be about to migrate it.
        if (ownedByThisProcess) yield* Effect.catchIf(Migrations.run, isDiskFull, () => new DiskFull({ folder: place }))
        else
          yield* Effect.retry(refuseUnmigrated(place), {
            schedule: moment,
            while: (error) => error._tag === "NotMigrated"
          })
        return Database.of({ place, embedded: true, alone: false })
      })
      return Layer.effect(Database, database).pipe(
        Layer.provideMerge(pool),
        Layer.provide(EmbeddedPostgres.layerShared({ folder: options.folder ?? defaultFolder }))
      )
    })
  )

/** For whoever works: an embedded server is started here and belongs to this process. */
export const layer = (options: Options = {}): Layer.Layer<Database | Postgres.Client, Failure> =>
  Layer.unwrap(
    Effect.map(databaseUrl, (url) =>
      Option.isSome(url) ? remote(url.value, true) : layerEmbedded(options.folder ?? defaultFolder)
    )
  )

/** Whether the folder holds an embedded database, running or not. */
export const isInFolder = Effect.fnUntraced(function* (folder: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  return yield* Effect.orElseSucceed(files.exists(paths.join(folder, "postgres")), () => false)
})

/**
 * For whoever looks or tells: the embedded server of a running process if there is one, else one that is
 * started for the moment. Creates no database.
 */
export const layerExisting = (
  options: Options = {}
): Layer.Layer<Database | Postgres.Client, Failure | NoDatabase, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const url = yield* databaseUrl
      if (Option.isSome(url)) return remote(url.value, true)
      const folder = options.folder ?? defaultFolder
      const running = yield* Effect.option(EmbeddedPostgres.attach(folder))
      if (Option.isSome(running)) return attached(running.value)
      if (yield* isInFolder(folder)) return layerEmbedded(folder)
      return yield* new NoDatabase({ folder })
    })
  )

/** For whoever migrates: nothing is asked of the schema, and nothing done to it. Creates an embedded database. */
export const layerAsIs = (options: Options = {}): Layer.Layer<Database | Postgres.Client, Failure> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const url = yield* databaseUrl
      if (Option.isSome(url)) return remote(url.value, false)
      const folder = options.folder ?? defaultFolder
      const running = yield* Effect.option(EmbeddedPostgres.attach(folder))
      const place = Layer.effect(
        Database,
        Effect.map(EmbeddedPostgres.EmbeddedPostgres, (server) =>
          Database.of({ place: server.folder, embedded: true, alone: server.ownedByThisProcess })
        )
      )
      const server: Layer.Layer<EmbeddedPostgres.EmbeddedPostgres, EmbeddedPostgres.Failure> = Option.isSome(running)
        ? Layer.succeed(EmbeddedPostgres.EmbeddedPostgres, running.value)
        : EmbeddedPostgres.layer({ folder })
      return place.pipe(Layer.provideMerge(pool), Layer.provide(server))
    })
  )
