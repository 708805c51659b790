import * as Migration from "@fibercast/postgres/Migration"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../support/TestDatabase.ts"

const first = Migration.make({
  id: 1,
  name: "things",
  statements: ["CREATE TABLE things (id int PRIMARY KEY)", "INSERT INTO things (id) VALUES (1)"]
})
const second = Migration.make({ id: 2, name: "more things", statements: ["INSERT INTO things (id) VALUES (2)"] })

const things = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql<{ readonly id: number }>`SELECT id FROM things ORDER BY id`, (rows) => rows.map((row) => row.id))
)

/** Runs `body` on an empty database of its own. */
const onEmpty = <A, E>(body: Effect.Effect<A, E, TestDatabase | SqlClient.SqlClient>) =>
  Effect.provide(body, TestDatabase.layerEmpty, { local: true })

it.effect("each migration is applied once, in order, and a second run does nothing", () =>
  onEmpty(
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Migrations.pendingOf([first, second]), [first, second])
      assert.deepStrictEqual(yield* Migrations.runList([first]), [first])
      assert.deepStrictEqual(yield* Migrations.pendingOf([first, second]), [second])
      assert.deepStrictEqual(yield* Migrations.runList([first, second]), [second])
      assert.deepStrictEqual(yield* Migrations.runList([first, second]), [])
      assert.deepStrictEqual(yield* things, [1, 2])
    })
  )
)

it.effect("runners that start together apply each migration once between them", () =>
  onEmpty(
    Effect.gen(function* () {
      const { url } = yield* TestDatabase
      const node = Migrations.runList([first, second]).pipe(
        Effect.provide(Postgres.layer({ url: Redacted.make(url), connections: 1 }), { local: true })
      )
      const applied = yield* Effect.all(
        Array.from({ length: 5 }, () => node),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        applied
          .flat()
          .map((migration) => migration.id)
          .toSorted(),
        [1, 2]
      )
      assert.deepStrictEqual(yield* things, [1, 2])
    })
  )
)

it.effect("a released migration whose text changed is refused by name", () =>
  onEmpty(
    Effect.gen(function* () {
      yield* Migrations.runList([first])
      const edited = Migration.make({ ...first, statements: ["CREATE TABLE things (id bigint PRIMARY KEY)"] })
      const error = yield* Effect.flip(Migrations.runList([edited, second]))
      assert.strictEqual(error._tag, "MigrationChanged")
      assert.include(error.message, "Migration 1 (things)")
      assert.deepStrictEqual(yield* things, [1])
    })
  )
)

it.effect("a database of a newer release is refused", () =>
  onEmpty(
    Effect.gen(function* () {
      yield* Migrations.runList([first, second])
      const error = yield* Effect.flip(Migrations.runList([first]))
      assert.strictEqual(error._tag, "DatabaseNewer")
      assert.include(error.message, "migrations (2)")
      assert.strictEqual((yield* Effect.flip(Migrations.pendingOf([first])))._tag, "DatabaseNewer")
    })
  )
)

it.effect("a migration that fails half-way leaves nothing of itself, and keeps those before it", () =>
  onEmpty(
    Effect.gen(function* () {
      const broken = Migration.make({
        id: 2,
        name: "broken",
        statements: ["INSERT INTO things (id) VALUES (2)", "INSERT INTO nowhere (id) VALUES (1)"]
      })
      const error = yield* Effect.flip(Migrations.runList([first, broken]))
      assert.strictEqual(error._tag, "MigrationFailed")
      assert.include(error.message, 'relation "nowhere" does not exist')
      assert.include(error.message, "INSERT INTO nowhere")
      assert.deepStrictEqual(yield* things, [1])
      assert.deepStrictEqual(yield* Migrations.runList([first, second]), [second])
    })
  )
)
