/**
 * A process that owns an embedded Postgres in the folder it is given, adds a row to `visits` on each start, says
 * `ready` and stays until it is stopped. Run by the tests as a real second process, through `spawnOwner`.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Console, Effect, Logger, Option, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { SqlClient } from "effect/sql"
import { fileURLToPath } from "node:url"

const owner = (folder: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE IF NOT EXISTS visits (pid int NOT NULL)`
    yield* sql`INSERT INTO visits VALUES (${process.pid})`
    yield* Console.log("ready")
    yield* Effect.never
  }).pipe(
    Effect.provide(Postgres.layerEmbedded()),
    Effect.provide(EmbeddedPostgres.layer({ folder, durable: false })),
    Effect.provide(Logger.layer([]))
  )

/** Starts it and waits until its Postgres takes connections. It ends with the scope at the latest. */
export const spawnOwner = Effect.fnUntraced(function* (folder: string) {
  const owner = yield* ChildProcess.make(process.execPath, [fileURLToPath(import.meta.url), folder], {
    stderr: "inherit"
  })
  const first = yield* owner.stdout.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => line === "ready"),
    Stream.runHead
  )
  if (Option.isNone(first)) return yield* Effect.die("the owner ended before its Postgres was ready")
  return owner
}, Effect.provide(NodeServices.layer))

/** How often an owner has started in the folder of the server in context. */
export const visits = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly count: number }>`SELECT count(*)::int AS count FROM visits`
  return row?.count
})

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  NodeRuntime.runMain(owner(process.argv[2] ?? ""))
}
