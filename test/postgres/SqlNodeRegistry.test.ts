import { assert, it } from "@effect/vitest"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { suite } from "../conformance/NodeRegistrySuite.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

suite("Postgres", SqlNodeRegistry.layer.pipe(Layer.provide(TestDatabase.layer)))

it.layer(TestDatabase.layer, { timeout: "30 seconds" })("SqlNodeRegistry", (it) => {
  it.effect("no tenant may look at the nodes, nor touch them", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [rights] = yield* sql<{ readonly is_any: boolean }>`
        SELECT has_table_privilege('fibercast_tenant', 'nodes', 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') AS is_any`
      assert.deepStrictEqual(rights, { is_any: false })
    })
  )
})
