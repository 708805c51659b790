/**
 * A real Postgres of one's own: made on first start, run as a child process, kept in one folder.
 *
 * Callers may rely on:
 * - the data survives restarts, and with `durable` (the default) also a power failure;
 * - the server listens on 127.0.0.1 at a random port, for one user with a generated password;
 * - it stops with the layer; when its owner dies otherwise, even by SIGKILL, it stops within moments, and the
 *   next start waits for that or sees to it itself, then recovers what was committed;
 * - when the server dies under a living owner it is started again on the same port, and pools reconnect;
 * - one process at a time owns a folder (`FolderInUse`); others may `attach` to the server it runs, or share the folder:
 *   when its owner goes, one of those takes it over, and the server goes on at the same port within seconds.
 *
 * Meant for one machine: at most 50 sessions, 128 MB of shared buffers. The programs come from `PG_BIN`, the
 * system, or an optional package, in that order. Started by root, it runs as another user (Postgres insists).
 */
import { Context, Deferred, Effect, Layer, Option, Redacted, Schedule, Schema } from "effect"
import * as path from "node:path"
import * as DataFolder from "./internal/DataFolder.ts"
import { type EmbeddedPostgresUnavailable } from "./internal/EmbeddedPostgresUnavailable.ts"
import * as OwnerLock from "./internal/OwnerLock.ts"
import * as PostgresBinaries from "./internal/PostgresBinaries.ts"
import * as PostgresProcess from "./internal/PostgresProcess.ts"
import * as PostgresUser from "./internal/PostgresUser.ts"

export { EmbeddedPostgresUnavailable } from "./internal/EmbeddedPostgresUnavailable.ts"
export { FolderInUse } from "./internal/OwnerLock.ts"

/** No live process runs a Postgres in this folder, so there is nothing to attach to. */
export class NotRunning extends Schema.TaggedError<NotRunning>()("NotRunning", { folder: Schema.String }) {
  override get message(): string {
    return `No running process owns a Postgres in ${this.folder}. Start one there first, or set DATABASE_URL.`
  }
}

/** Why `layer` could not be built. */
export type Failure = EmbeddedPostgresUnavailable | OwnerLock.FolderInUse

export interface Options {
  /** Created when absent; relative to the working directory. Default `.fibercast`. */
  readonly folder?: string | undefined
  /** Whether commits survive a power failure, not only a crash of the server. Default true; tests need it not. */
  readonly durable?: boolean | undefined
  /** Sessions the server accepts. Default 50. */
  readonly maxConnections?: number | undefined
  /** Which programs to consider. Default `any`. */
  readonly binaries?: PostgresBinaries.Preference | undefined
}

export class EmbeddedPostgres extends Context.Service<
  EmbeddedPostgres,
  {
    /** Everything a client needs; carries the password. */
    readonly url: Redacted.Redacted
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
    /** Absolute. */
    readonly folder: string
    /** False for a server that was attached to. */
    readonly ownedByThisProcess: boolean
  }
>()("fibercast/postgres/EmbeddedPostgres") {}

export const layer = (options: Options = {}): Layer.Layer<EmbeddedPostgres, Failure> =>
  Layer.effect(EmbeddedPostgres, make(options, undefined))

/** The server that another live process runs in `folder` (default `.fibercast`). Closing it stops nothing. */
export const layerAttached = (
  options: Pick<Options, "folder"> = {}
): Layer.Layer<EmbeddedPostgres, NotRunning | EmbeddedPostgresUnavailable> =>
  Layer.effect(EmbeddedPostgres, attach(options.folder))

/**
 * The server of the folder, whoever runs it: another live process, else this one. If that other goes while the layer is in
 * use, one of those who share the folder runs the server from then on, at the same port.
 */
export const layerShared = (options: Options = {}): Layer.Layer<EmbeddedPostgres, Failure> =>
  Layer.effect(
    EmbeddedPostgres,
    Effect.suspend(() => attachOrMake(options)).pipe(
      Effect.retry({
        // Who is about to run it can be attached to in a moment.
        while: (error) => error._tag === "FolderInUse",
        schedule: Schedule.spaced("200 millis").pipe(Schedule.upTo({ times: 150 }))
      })
    )
  )

const attachOrMake = Effect.fnUntraced(function* (options: Options) {
  const running = yield* Effect.option(attach(options.folder))
  if (Option.isNone(running)) return yield* make(options, undefined)
  yield* Effect.forkScoped(inherit(options, running.value.port))
  return running.value
})

/** Waits for the owner to go, then runs the server until interrupted, unless another was first. */
const inherit = Effect.fnUntraced(function* (options: Options, port: number) {
  const orphaned = Effect.flip(attach(options.folder)).pipe(Effect.retry({ schedule: Schedule.spaced("500 millis") }))
  for (;;) {
    yield* orphaned
    yield* Effect.scoped(
      Effect.andThen(make(options, port), ({ folder }) =>
        Effect.andThen(Effect.logWarning(`Postgres in ${folder} runs in this process now`), Effect.never)
      )
    ).pipe(
      Effect.catchTag("FolderInUse", () => Effect.void),
      Effect.catch((error) => Effect.logError(error.message)),
      Effect.andThen(Effect.sleep("500 millis"))
    )
  }
})

/** How to reach the server that another live process runs in `folder` (default `.fibercast`). */
export const attach = Effect.fn("EmbeddedPostgres.attach")(function* (
  folder: string = defaultFolder
): Effect.fn.Return<EmbeddedPostgres["Service"], NotRunning | EmbeddedPostgresUnavailable> {
  const absolute = path.resolve(folder)
  const owner = yield* OwnerLock.holder(absolute)
  const server = yield* PostgresProcess.announced(absolute)
  if (Option.isNone(owner) || server?.ready !== true) return yield* new NotRunning({ folder: absolute })
  return yield* connection(absolute, server.port, owner.value.pid === process.pid)
})

const defaultFolder = ".fibercast"

/** Without a port, at one that is free. */
const make = Effect.fnUntraced(function* (options: Options, port: number | undefined) {
  const folder = path.resolve(options.folder ?? defaultFolder)
  const durable = options.durable ?? true
  yield* DataFolder.prepare(folder)
  yield* OwnerLock.acquire(folder)
  yield* PostgresProcess.stopOrphan(folder)

  const user = yield* PostgresUser.resolve(DataFolder.dataOf(folder))
  const dataMajor = yield* DataFolder.version(folder)
  const preference = options.binaries ?? "any"
  const binaries = yield* PostgresBinaries.find({ folder, preference, user, dataMajor })
  if (dataMajor === undefined) yield* DataFolder.initialize({ folder, binaries, user, durable })

  const start = { folder, binaries, user, settings: settings(durable, options.maxConnections ?? 50) }
  const ready = yield* Deferred.make<PostgresProcess.PostgresProcess, EmbeddedPostgresUnavailable>()
  yield* Effect.forkScoped(keepRunning({ ...start, port }, ready))
  const server = yield* Deferred.await(ready)
  return yield* connection(folder, server.port, true)
})

/**
 * Owns the server until interrupted. Tells how the first start went, and ends if it went wrong; from then on starts
 * the server again whenever it ends by itself, on the same port, within 30 seconds of the last try.
 */
const keepRunning = Effect.fnUntraced(
  function* (
    options: PostgresProcess.StartOptions,
    ready: Deferred.Deferred<PostgresProcess.PostgresProcess, EmbeddedPostgresUnavailable>
  ) {
    const { folder } = options
    const run = (port: number | undefined) =>
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* PostgresProcess.start({ ...options, port })
          const again = !(yield* Deferred.succeed(ready, server))
          if (again) yield* Effect.logInfo(`Postgres in ${folder} runs again (process ${server.pid})`)
          yield* server.ended
          const words = `${DataFolder.logOf(folder)}.1`
          yield* Effect.logError(
            `Postgres in ${folder} ended unexpectedly; starting it again. Its last words: ${words}`
          )
          return server.port
        })
      )
    const port = yield* run(options.port).pipe(Effect.tapCause((cause) => Deferred.failCause(ready, cause)))
    yield* run(port).pipe(
      Effect.tapError((error) => Effect.logError(error.message)),
      Effect.retry(Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("30 seconds")])),
      Effect.repeat(Schedule.spaced("500 millis"))
    )
  },
  (running) => Effect.ignore(running)
)

const connection = Effect.fnUntraced(function* (folder: string, port: number, ownedByThisProcess: boolean) {
  const password = yield* DataFolder.password(folder)
  const { database, databaseUser: user } = DataFolder
  const host = "127.0.0.1"
  const url = Redacted.make(
    `postgres://${user}:${Redacted.value(password)}@${host}:${port}/${database}?sslmode=disable`
  )
  return EmbeddedPostgres.of({ url, host, port, user, database, folder, ownedByThisProcess })
})

const settings = (durable: boolean, maxConnections: number): ReadonlyArray<string> => [
  `max_connections=${maxConnections}`,
  "shared_buffers=128MB",
  "jit=off",
  "timezone=UTC",
  "log_timezone=UTC",
  "lc_messages=C",
  "cluster_name=fibercast",
  // The log is for what concerns the server; failed statements are told to those who ran them.
  "log_min_messages=log",
  "log_checkpoints=off",
  // Commits still reach the operating system, so they survive the death of every process.
  ...(durable ? [] : ["fsync=off", "full_page_writes=off"])
]
