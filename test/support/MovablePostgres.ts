/**
 * A Postgres of one's own behind an address that stays the same while the server is stopped and started again, as a
 * `DATABASE_URL` that others run. Stopped, nothing listens at the address.
 */
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import * as Door from "./Door.ts"
import { tempFolder } from "./TempFolder.ts"

/** Running and migrated; stopped with the scope. */
export const make = Effect.gen(function* () {
  const folder = yield* tempFolder
  let running: { readonly scope: Scope.Closeable } | undefined

  const launch = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(EmbeddedPostgres.layer({ folder, durable: false }), scope)
    const { port, url } = yield* Effect.provide(EmbeddedPostgres.EmbeddedPostgres, context)
    running = { scope }
    return { url, port }
  }).pipe(Effect.orDie)

  const end = Effect.suspend(() => {
    if (running === undefined) return Effect.void
    const { scope } = running
    running = undefined
    return Scope.close(scope, Exit.void)
  })
  yield* Effect.addFinalizer(() => end)
  const first = yield* launch
  const door = yield* Door.make(first.port)
  /** Ends every session, then the server. */
  const stop = Effect.andThen(door.shut, end)
  const start = Effect.gen(function* () {
    door.leadTo((yield* launch).port)
    yield* door.open
  })
  const url = new URL(Redacted.value(first.url))
  url.port = String(door.port)
  const client = Layer.build(Postgres.layer({ url: Redacted.make(url.href), connections: 1 })).pipe(
    Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
    Effect.orDie
  )
  yield* Migrations.run.pipe(
    Effect.provide(Logger.layer([])),
    Effect.provide(Postgres.layerUrl(url.href), { local: true }),
    Effect.orDie
  )
  return { url: url.href, port: door.port, folder, client, stop, start }
})
