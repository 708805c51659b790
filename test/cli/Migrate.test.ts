import { assert, describe, it } from "@effect/vitest"
import * as Cluster from "@fibercast/node/Cluster"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import * as FreePort from "@fibercast/node/FreePort"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import * as Program from "./Program.ts"

const known = Migrations.all.map(({ id, name }) => ({ id, name }))

describe("migrate", () => {
  it.live("brings a database to this release's schema; until then send refuses it and says so", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const { name, url } = yield* TestDatabase
      const place = { folder, env: { DATABASE_URL: url } }
      const migrate = (...flags: ReadonlyArray<string>) => Program.run(place, ["migrate", "--json", ...flags])
      const database = `${new URL(url).host}/${name}`
      yield* Program.write(`${folder}/contacts.csv`, Program.contacts(3))
      const flags = [
        "--audience",
        "contacts.csv",
        "--to",
        "phone",
        "--region",
        "ID",
        "--template",
        "Hi",
        "--provider",
        "log"
      ]
      const refused = yield* Program.run(place, ["send", ...flags])
      assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
      assert.match(refused.stderr, /lacks \d+ migrations? \(1 .*\)\. Run `fibercast migrate` first\./u)

      assert.deepStrictEqual(Program.lastJson(yield* migrate("--status")), { database, pending: known })
      assert.deepStrictEqual(Program.lastJson(yield* migrate()), { database, applied: known })
      assert.deepStrictEqual(Program.lastJson(yield* migrate()), { database, applied: [] })
      assert.strictEqual((yield* Program.run(place, ["send", ...flags])).code, 0)
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layerEmpty))
  )

  it.live("makes the tables of a cluster, so that a node needs no right to make any", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const { name: role, url } = yield* TestDatabase
      const sql = yield* SqlClient.SqlClient
      const ran = yield* Program.run({ folder, env: { DATABASE_URL: url } }, ["migrate"])
      assert.strictEqual(ran.code, 0)
      yield* Effect.acquireRelease(sql`CREATE ROLE ${sql(role)} LOGIN PASSWORD 'node'`, () =>
        Effect.ignore(Effect.andThen(sql`DROP OWNED BY ${sql(role)}`, sql`DROP ROLE ${sql(role)}`))
      )
      yield* sql`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${sql(role)}`
      yield* sql`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${sql(role)}`
      const address = new URL(url)
      address.username = role
      address.password = "node"
      const member = Postgres.layer({ url: Redacted.make(address.href) })
      const refused = yield* Effect.flip(
        Effect.provide(
          Effect.flatMap(SqlClient.SqlClient, (as) => as`CREATE TABLE mine (id int)`),
          member
        )
      )
      assert.strictEqual(refused._tag, "SqlError")
      const databaseUrl = Redacted.make(address.href)
      yield* Layer.build(Cluster.layer({ host: "127.0.0.1", port: yield* FreePort.find, databaseUrl }))
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layerEmpty))
  )
})
