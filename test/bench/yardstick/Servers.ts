/**
 * The servers of a run: one durable Postgres with a new database for every sample, and a Redis, a NATS and a provider that
 * are new for every sample that needs them. Redis keeps nothing on disk, as that is its fastest mode.
 */
import * as NatsServer from "@fibercast/nats/NatsServer"
import * as FreePort from "@fibercast/node/FreePort"
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Context, Effect, FileSystem, Layer, Redacted, Schedule, Schema } from "effect"
import { ChildProcess } from "effect/process"
import { SqlClient } from "effect/sql"
import * as Provider from "./Provider.ts"
import * as net from "node:net"

const Server = Schema.Struct({ url: Schema.String, pid: Schema.Int })

/** Those that a sample may use. */
export const Servers = Schema.Struct({
  postgres: Schema.NullOr(Server),
  redis: Schema.NullOr(Server),
  nats: Schema.NullOr(Server),
  provider: Schema.NullOr(Server)
})
export type Servers = typeof Servers.Type

const listens = (port: number) =>
  Effect.callback<void, Error>((resume) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.once("error", (error) => resume(Effect.fail(error)))
  })

/** Ends with the scope. */
const redis = Effect.gen(function* () {
  const port = yield* FreePort.find
  const settings = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", String(port)]
  const child = yield* ChildProcess.make("redis-server", settings, { stdout: "ignore", stderr: "ignore" })
  yield* Effect.retry(listens(port), Schedule.spaced("20 millis").pipe(Schedule.upTo({ duration: "10 seconds" })))
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid }
})

/** Ends with the scope. */
const nats = Effect.gen(function* () {
  const { pid, url } = yield* NatsServer.make()
  return { url, pid: yield* pid }
})

/** Whether there is a Redis to measure against. */
export const hasRedis = ChildProcess.make("redis-server", ["--version"], { stdout: "ignore", stderr: "ignore" }).pipe(
  Effect.andThen((child) => child.exitCode),
  Effect.scoped,
  Effect.match({ onFailure: () => false, onSuccess: (code) => code === 0 })
)

/** What a sample needs. */
export interface Needs {
  /** Where its jobs are kept. */
  readonly store: "postgres" | "redis"
  readonly needsNats: boolean
}

/** The Postgres of a run; it and its data are gone with the scope. Gives each sample what it needs. */
export const make = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "fibercast-bench-" })
  const server = Context.get(yield* Layer.build(EmbeddedPostgres.layer({ folder })), EmbeddedPostgres.EmbeddedPostgres)
  const [pid = "0"] = (yield* files.readFileString(`${folder}/postgres/postmaster.pid`)).split("\n")
  const client = yield* Layer.build(Postgres.layer({ url: server.url, connections: 1 }))
  const admin = Context.get(client, SqlClient.SqlClient)
  let databases = 0

  const database = Effect.gen(function* () {
    const name = `bench_${++databases}`
    yield* Effect.acquireRelease(admin`CREATE DATABASE ${admin(name)}`, () =>
      Effect.orDie(admin`DROP DATABASE ${admin(name)} WITH (FORCE)`)
    )
    // What the last sample left in memory is not written in the time of the next.
    yield* admin`CHECKPOINT`
    const url = new URL(Redacted.value(server.url))
    url.pathname = `/${name}`
    return { url: url.href, pid: Number(pid) }
  })

  return Effect.fnUntraced(function* ({ needsNats, store }: Needs, provider: Provider.Kind | null) {
    return Servers.make({
      postgres: store === "postgres" ? yield* database : null,
      redis: store === "redis" ? yield* redis : null,
      nats: needsNats ? yield* nats : null,
      provider: provider === null ? null : yield* Provider.start(provider)
    })
  })
})
