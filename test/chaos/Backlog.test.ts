import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Allowance from "@fibercast/engine/Allowance"
import * as Engine from "@fibercast/engine/Engine"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Alerts } from "@fibercast/ports/Alerts"
import { AudienceSource } from "@fibercast/ports/AudienceSource"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Console, Effect, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { tempFolder } from "../support/TempFolder.ts"

/** What one system's queue really grew to. */
const rows = 1_400_000
const parts = 7

/** Its own session is the only one that stays. */
const database = Layer.unwrap(
  Effect.map(tempFolder, (folder) =>
    Layer.effectDiscard(Migrations.run).pipe(
      Layer.provideMerge(Postgres.layerEmbedded({ connections: 1 })),
      Layer.provideMerge(EmbeddedPostgres.layer({ folder, durable: false })),
      Layer.provideMerge(NodeServices.layer)
    )
  )
)

/** With sessions of their own, which end with whoever uses them. */
const stores = LocalNode.layerStores.pipe(
  Layer.provideMerge(Layer.mergeAll(Signal.layerMemory, AudienceSource.layerMemory(), Alerts.layerLog)),
  Layer.provide(Postgres.layerEmbedded())
)

/** Pages that the database has looked at so far: sessions tell of theirs at the latest when they end, so all have. */
const pages = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const others = sql<{ readonly count: number }>`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`
  yield* Effect.repeat(others, { schedule: Schedule.spaced("20 millis"), until: ([row]) => row?.count === 0 })
  const [row] = yield* sql<{ readonly pages: number }>`
    SELECT (blks_hit + blks_read)::float8 AS pages FROM pg_stat_database WHERE datname = current_database()`
  return row?.pages ?? 0
})

const size = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly bytes: number; readonly index: number; readonly open: number }>`
    SELECT pg_table_size('deliveries')::float8 AS bytes, pg_indexes_size('deliveries')::float8 AS index,
      (SELECT count(*) FROM deliveries WHERE workspace_id > 0)::float8 AS open`
  return row ?? { bytes: 0, index: 0, open: 0 }
})

/**
 * The server's own vacuums and analyses are over, and none begins any more: a vacuum keeps what a transaction that is older
 * may still see, and an analysis is one, which takes its time on a busy machine.
 */
const alone = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER SYSTEM SET autovacuum = off`
  yield* sql`SELECT pg_reload_conf()`
  const workers = sql<{ readonly count: number }>`
    SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
    WHERE backend_type = 'autovacuum worker'`
  yield* Effect.repeat(workers, { schedule: Schedule.spaced("100 millis"), until: ([row]) => row?.count === 0 })
})

/** Whoever may still see what was deleted. */
const seers = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly who: string }>`
    SELECT concat_ws(' ', backend_type, state, age(backend_xmin), now() - xact_start, left(query, 80)) AS who
    FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()`
  return rows.map(({ who }) => who).join("; ")
})

const sum = (some: ReadonlyArray<number>): number => some.reduce((total, cost) => total + cost, 0)

const megabytes = ({ bytes, index }: { readonly bytes: number; readonly index: number }): string =>
  `${Math.round(bytes / 1e6)} + ${Math.round(index / 1e6)} MB`

describe("a backlog of 1.4 million jobs", () => {
  it.live("costs the last of them no more than the first, and leaves a small table", () =>
    Effect.gen(function* () {
      let count = 0
      const check = Pipeline.make("uptime.check", { payload: Schema.Struct({ monitor: Schema.Number }) }).pipe(
        Pipeline.tap(() => Effect.sync(() => count++))
      )
      const before = yield* size
      const fill = Effect.gen(function* () {
        const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name: "uptime", zone: "UTC", limits: {} })
        const payloads = Array.from({ length: 5000 }, (_, monitor) => ({ monitor }))
        for (let at = 0; at < rows; at += payloads.length) {
          yield* Pipeline.dispatchMany(check, { workspaceId, payloads })
        }
      })
      yield* Effect.provide(fill, stores)
      const full = yield* size
      assert.strictEqual(full.open, rows)

      const part = Effect.gen(function* () {
        const allowance = yield* Allowance.make({ deliveries: rows / parts, rest: 0 })
        const engine = Engine.layer({ alone: true, pipelines: [check] }).pipe(
          Layer.provide(Layer.succeed(Allowance.Allowance, allowance))
        )
        const before = yield* pages
        yield* allowance.spent.pipe(Effect.provide(engine), Effect.provide(stores))
        return (((yield* pages) - before) * parts) / rows
      })
      const costs = yield* Effect.replicateEffect(part, parts)
      assert.strictEqual(count, rows)
      assert.strictEqual((yield* size).open, 0)
      const sql = yield* SqlClient.SqlClient
      yield* alone
      const after = yield* Effect.andThen(sql`VACUUM deliveries`, size).pipe(
        Effect.repeat({
          schedule: Schedule.spaced("1 second"),
          times: 30,
          until: ({ bytes }) => bytes <= before.bytes * 3
        })
      )
      yield* Console.log(
        `${rows} jobs: ${costs.map((cost) => cost.toFixed(1)).join(", ")} pages each; ` +
          `table and indexes ${[before, full, after].map(megabytes).join(", ")}`
      )
      assert.isAtMost(sum(costs.slice(-3)), sum(costs.slice(0, 3)) * 1.2)
      // What is left of the indexes are free pages: later work is put there.
      assert.isAtMost(after.bytes, before.bytes * 3, `seen by ${yield* seers}`)
    }).pipe(Effect.provide(database), Effect.orDie)
  )
})
