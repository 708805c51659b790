import { assert, describe, it } from "@effect/vitest"
import * as SqlAudience from "@fibercast/postgres/SqlAudience"
import { Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../support/TestDatabase.ts"

const query = "select id, name, phone from contacts where phone is not null order by id"

const open = Effect.fnUntraced(function* (text: string) {
  return yield* (yield* SqlAudience.opener)({ _tag: "Sql", query: text })
})

const contacts = (rows: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`create table contacts (id int primary key, name text, phone text, joined date)`
    yield* sql`insert into contacts select n, case when n % 2 = 0 then 'Ayu ' || n end, '0812' || n, '2026-01-02' from generate_series(1, ${rows}::int) n`
  })

describe("SqlAudience", () => {
  it.effect("reads the rows of a query in its order, from any row on, every value as text", () =>
    Effect.gen(function* () {
      yield* contacts(2500)
      const audience = yield* open(query)
      assert.deepStrictEqual(audience.columns, ["id", "name", "phone"])
      const all = yield* Stream.runCollect(audience.rows(0))
      assert.strictEqual(all.length, 2500)
      assert.deepStrictEqual(all[0], { _tag: "Row", row: 1, columns: { id: "1", name: "", phone: "08121" } })
      assert.deepStrictEqual(yield* Stream.runCollect(audience.rows(2400)), all.slice(2400))
    }).pipe(Effect.provide(TestDatabase.layer))
  )

  it.effect("knows its columns when it is empty, and its hash tells whether any row changed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* contacts(3)
      const empty = yield* open("select name, phone from contacts where false")
      assert.deepStrictEqual(empty.columns, ["name", "phone"])
      const { hash } = yield* open(query)
      assert.strictEqual((yield* open(query)).hash, hash)
      yield* sql`update contacts set name = 'Budi' where id = 2`
      assert.notStrictEqual((yield* open(query)).hash, hash)
    }).pipe(Effect.provide(TestDatabase.layer))
  )

  it.effect("a query that does not run is refused with what the database says", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(open("select phone from nowhere"))
      assert.strictEqual(error.message, `the audience's query: relation "nowhere" does not exist`)
    }).pipe(Effect.provide(TestDatabase.layer))
  )
})
