/**
 * A Postgres of one's own behind an address that stays the same while the server is stopped and started again, as a
 * `DATABASE_URL` that others run. Stopped, nothing listens at the address.
 */
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import * as net from "node:net"
import { tempFolder } from "./TempFolder.ts"

const listen = (server: net.Server, port: number) =>
  Effect.callback<number>((resume) => {
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

const pass = (from: net.Socket, to: net.Socket) => {
  from.pipe(to)
  from.on("error", () => to.destroy())
  from.on("close", () => to.destroy())
}

/** Running and migrated; stopped with the scope. */
export const make = Effect.gen(function* () {
  const folder = yield* tempFolder
  let target = 0
  let running: Scope.Closeable | undefined
  const door = net.createServer((client) => {
    const server = net.connect(target, "127.0.0.1")
    pass(client, server)
    pass(server, client)
  })

  const open = Effect.gen(function* () {
    running = yield* Scope.make()
    const context = yield* Layer.buildWithScope(EmbeddedPostgres.layer({ folder, durable: false }), running)
    const { port, url } = yield* Effect.provide(EmbeddedPostgres.EmbeddedPostgres, context)
    target = port
    return url
  }).pipe(Effect.orDie)

  /** Ends every session, then the server. */
  const stop = Effect.gen(function* () {
    if (running === undefined) return
    door.close()
    yield* Scope.close(running, Exit.void)
    running = undefined
  })

  yield* Effect.addFinalizer(() => stop)
  const url = new URL(Redacted.value(yield* open))
  const port = yield* listen(door, 0)
  url.port = String(port)
  const client = Layer.build(Postgres.layer({ url: Redacted.make(url.href), connections: 1 })).pipe(
    Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
    Effect.orDie
  )
  yield* Migrations.run.pipe(
    Effect.provide(Logger.layer([])),
    Effect.provide(Postgres.layerUrl(url.href), { local: true }),
    Effect.orDie
  )
  return { url: url.href, client, stop, start: Effect.andThen(open, listen(door, port)) }
})
