import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fs from "node:fs"
import * as net from "node:net"
import { inject } from "vitest"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

/** The address of the test server with something about it changed. */
const elsewhere = (change: (url: URL) => void) => {
  const url = new URL(inject("postgresUrl"))
  change(url)
  return Redacted.make(url.href)
}

const refusal = (url: Redacted.Redacted) =>
  Effect.flip(Effect.scoped(Layer.build(Postgres.layer({ url, startupWait: "50 millis" }))))

/** A port that was free a moment ago. */
const silentPort = Effect.callback<number>((resume) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

it.layer(TestDatabase.layer)("a session", (it) => {
  it.effect("has the settings that the statements rely on", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql`SELECT name, setting FROM pg_settings
        WHERE name IN ('plan_cache_mode', 'jit', 'TimeZone', 'statement_timeout', 'application_name') ORDER BY name COLLATE "C"`
      assert.deepStrictEqual(rows, [
        { name: "TimeZone", setting: "UTC" },
        { name: "application_name", setting: "fibercast-test" },
        { name: "jit", setting: "off" },
        { name: "plan_cache_mode", setting: "force_generic_plan" },
        { name: "statement_timeout", setting: "30000" }
      ])
    })
  )

  it.effect("outlives jumps of the test's clock", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const backend = sql`SELECT pg_backend_pid() AS pid`
      const before = yield* backend
      yield* TestClock.adjust("365 days")
      assert.deepStrictEqual(yield* backend, before)
    })
  )

  it.effect("finds the schema of the newest migration", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Migrations.pending, [])
    })
  )
})

it.live("an address where nobody listens is named, with what to do, and without its password", () =>
  Effect.gen(function* () {
    const port = yield* silentPort
    const error = yield* refusal(Redacted.make(`postgres://user:secret@127.0.0.1:${port}/shop`))
    assert.strictEqual(error.where, `127.0.0.1:${port}/shop`)
    assert.include(error.message, "ECONNREFUSED")
    assert.include(error.hint, "Is Postgres running")
    assert.notInclude(error.message, "secret")
  })
)

it.live("a database that does not exist is told apart from a server that does not run", () =>
  Effect.gen(function* () {
    const error = yield* refusal(elsewhere((url) => (url.pathname = "/nowhere")))
    assert.include(error.message, 'database "nowhere" does not exist')
    assert.include(error.hint, "Create that database first")
  })
)

it.live("a wrong password fails at once", () =>
  Effect.gen(function* () {
    const url = elsewhere((url) => (url.password = "wrong"))
    const error = yield* Effect.flip(Effect.scoped(Layer.build(Postgres.layer({ url, startupWait: "1 hour" }))))
    assert.include(error.hint, "Check the user and the password")
  })
)

it.live("text that is no address is answered with the form of one", () =>
  Effect.gen(function* () {
    for (const text of ["localhost", "mysql://root@localhost/shop", ""]) {
      const error = yield* refusal(Redacted.make(text))
      assert.include(error.hint, "postgres://user:password@host:5432/database")
    }
  })
)

it.live("a server that starts listening later is waited for", () =>
  Effect.gen(function* () {
    const port = yield* silentPort
    const { hostname, port: real } = new URL(inject("postgresUrl"))
    const forward = Effect.acquireRelease(
      Effect.callback<net.Server>((resume) => {
        const server = net
          .createServer((near) => {
            const far = net.connect(Number(real), hostname)
            near.on("error", () => far.destroy())
            far.on("error", () => near.destroy())
            near.pipe(far).pipe(near)
          })
          .listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    )
    const url = elsewhere((url) => (url.port = String(port)))
    const [connected] = yield* Effect.all(
      [
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT 1 AS one`).pipe(
          Effect.provide(Postgres.layerUrl(url), { local: true })
        ),
        Effect.delay(forward, "300 millis")
      ],
      { concurrency: "unbounded" }
    )
    assert.deepStrictEqual(connected, [{ one: 1 }])
  })
)

it.live("without DATABASE_URL a fresh folder becomes a running, migrated database", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    const pending = yield* Effect.provide(Migrations.pending, Postgres.layerDefault({ folder, durable: false }), {
      local: true
    })
    assert.deepStrictEqual(pending, [])
    assert.strictEqual((yield* Effect.flip(EmbeddedPostgres.attach(folder)))._tag, "NotRunning")
  }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({}))))
)

it.live("with DATABASE_URL that database is used as it is, and no folder is made", () =>
  Effect.gen(function* () {
    const { url } = yield* TestDatabase
    const folder = `${yield* tempFolder}/unused`
    const config = ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: url }))
    const pending = yield* Effect.provide(
      Migrations.pending,
      Postgres.layerDefault({ folder }).pipe(Layer.provide(config)),
      { local: true }
    )
    assert.deepStrictEqual(pending, Migrations.all)
    assert.isFalse(fs.existsSync(folder))
  }).pipe(Effect.provide(TestDatabase.layerEmpty))
)
