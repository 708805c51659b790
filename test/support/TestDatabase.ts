/**
 * A database of one's own for each suite: copied from a migrated template (some 50 ms), dropped at the end.
 *
 * The server is the one of the test run (`PostgresServer.ts`). Connections live in real time even where the
 * test's own clock stands still. At most `connections` (default 4) sessions per suite.
 */
import { type PgClient } from "@effect/sql-pg"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Clock, Context, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"
import "./PostgresServer.ts"

/** Where this suite's database is; for a second pool, or another process. */
export class TestDatabase extends Context.Service<TestDatabase, { readonly name: string; readonly url: string }>()(
  "fibercast/test/TestDatabase"
) {
  /** A migrated database and a pool on it. */
  static readonly layer: Layer.Layer<TestDatabase | PgClient.PgClient | SqlClient.SqlClient> = Layer.suspend(() =>
    pool.pipe(Layer.provideMerge(database("template")), Layer.provide(realTime), Layer.orDie)
  )

  /** The same, without any table: for the tests of what creates them. */
  static readonly layerEmpty: Layer.Layer<TestDatabase | PgClient.PgClient | SqlClient.SqlClient> = Layer.suspend(() =>
    pool.pipe(Layer.provideMerge(database("empty")), Layer.provide(realTime), Layer.orDie)
  )
}

const realTime = Layer.sync(Clock.Clock, () => Clock.Clock.defaultValue())

const urlOf = (name: string): string => {
  const url = new URL(inject("postgresUrl"))
  url.pathname = `/${name}`
  return url.href
}

const pool = Layer.unwrap(
  Effect.map(TestDatabase, ({ url }) => Postgres.layer({ url: Redacted.make(url), applicationName: "fibercast-test" }))
)

const database = (from: "template" | "empty") =>
  Layer.effect(
    TestDatabase,
    Effect.gen(function* () {
      if (from === "template") yield* ensureTemplate
      const name = `test_${randomUUID().replaceAll("-", "")}`
      const source = from === "template" ? templateName : "template1"
      yield* Effect.acquireRelease(
        maintain((sql) => sql`CREATE DATABASE ${sql(name)} TEMPLATE ${sql(source)} STRATEGY file_copy`),
        () => Effect.orDie(maintain((sql) => sql`DROP DATABASE IF EXISTS ${sql(name)} WITH (FORCE)`))
      )
      return { name, url: urlOf(name) }
    })
  )

const templateName = "fibercast_template"

/** The first suite of the run migrates the template; the others wait for it. */
const ensureTemplate = maintain((sql) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* sql`SELECT pg_advisory_lock(1)`
      const [present] = yield* sql`SELECT 1 FROM pg_database WHERE datname = ${templateName}`
      if (present !== undefined) return
      yield* sql`DROP DATABASE IF EXISTS ${sql("fibercast_building")} WITH (FORCE)`
      yield* sql`CREATE DATABASE ${sql("fibercast_building")} STRATEGY file_copy`
      yield* Migrations.run.pipe(Effect.provide(Postgres.layerUrl(urlOf("fibercast_building")), { local: true }))
      yield* sql`ALTER DATABASE ${sql("fibercast_building")} RENAME TO ${sql(templateName)}`
    }).pipe(
      Effect.onError(() => Effect.ignore(sql`DROP DATABASE IF EXISTS ${sql("fibercast_building")} WITH (FORCE)`)),
      Effect.ensuring(Effect.ignore(sql`SELECT pg_advisory_unlock(1)`))
    )
  )
)

/** One session on the server itself, for as long as `use` runs. */
function maintain<A, E>(use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) {
  return Effect.flatMap(SqlClient.SqlClient, use).pipe(
    Effect.provide(Postgres.layer({ url: Redacted.make(inject("postgresUrl")), connections: 1 }), { local: true })
  )
}
