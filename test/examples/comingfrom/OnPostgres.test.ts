import { MakeInvoice, placeOrder } from "@fibercast/examples/comingfrom/Invoices"
import { moveJob, takeOutbox } from "@fibercast/examples/comingfrom/Moving"
import * as LocalNode from "@fibercast/node/LocalNode"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, it } from "@effect/vitest"
import { DateTime, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../../support/TestDatabase.ts"

const onPostgres = LocalNode.layerStores.pipe(
  Layer.provideMerge(LocalNode.layerSignal),
  Layer.provideMerge(TestDatabase.layer)
)

/** Undone at the end, and its answer kept. */
const undone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.flip(sql.withTransaction(Effect.flatMap(effect, () => Effect.fail("changed my mind" as const))))
  )

it.layer(onPostgres, { timeout: "60 seconds" })("Jobs of another queue, on Postgres", (it) => {
  /** The orders that jobs are there for. */
  const asked = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ readonly order: number }>`
      select (payload::jsonb ->> 'order')::int as "order" from deliveries
      join pipelines on pipelines.id = pipeline_id
      where pipelines.name = ${MakeInvoice.name} order by 1`
    return rows.map(({ order }) => order)
  })

  it.effect("exist if and only if the transaction of their row commits", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table orders (id int primary key)`
      const workspaceId = yield* TestEngine.workspace("committed")
      yield* placeOrder(workspaceId, 1)
      assert.strictEqual(yield* undone(placeOrder(workspaceId, 2)), "changed my mind")
      assert.deepStrictEqual(yield* sql`select id from orders`, [{ id: 1 }])
      assert.deepStrictEqual(yield* asked, [1])
    })
  )

  it.effect("are moved once, however often it is tried", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("moved")
      const job = { id: "77", order: 10, runAt: DateTime.makeUnsafe("2027-01-01T00:00:00Z") }
      assert.strictEqual((yield* moveJob(workspaceId, job))._tag, "Inserted")
      assert.strictEqual((yield* moveJob(workspaceId, job))._tag, "Deduplicated")
      assert.deepStrictEqual(yield* asked, [1, 10])
    })
  )

  it.effect("come from an outbox, or the rows stay there", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const workspaceId = yield* TestEngine.workspace("outbox")
      yield* sql`create table outbox (id bigint generated always as identity primary key, order_id int not null)`
      yield* sql`insert into outbox (order_id) values (20), (21)`
      assert.strictEqual(yield* undone(takeOutbox(workspaceId)), "changed my mind")
      assert.deepStrictEqual(yield* asked, [1, 10])
      const { setLimits } = yield* WorkspaceStore
      yield* setLimits(workspaceId, { backlog: 1 })
      assert.strictEqual((yield* Effect.flip(takeOutbox(workspaceId)))._tag, "DispatchRefused")
      yield* setLimits(workspaceId, {})
      assert.lengthOf(yield* takeOutbox(workspaceId), 2)
      assert.lengthOf(yield* takeOutbox(workspaceId), 0)
      assert.deepStrictEqual(yield* asked, [1, 10, 20, 21])
    })
  )
})
