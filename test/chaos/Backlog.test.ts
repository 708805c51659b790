import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
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
import { Clock, Console, Effect, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { tempFolder } from "../support/TempFolder.ts"

/** What one system's queue really grew to. */
const rows = 1_400_000
const parts = 7

const layer = Layer.unwrap(
  Effect.map(tempFolder, (folder) =>
    LocalNode.layerStores.pipe(
      Layer.provideMerge(Layer.mergeAll(Signal.layerMemory, AudienceSource.layerMemory(), Alerts.layerLog)),
      Layer.provideMerge(Layer.effectDiscard(Migrations.run)),
      Layer.provideMerge(Postgres.layerEmbedded()),
      Layer.provide(EmbeddedPostgres.layer({ folder, durable: false })),
      Layer.provideMerge(NodeServices.layer)
    )
  )
)

/** Pages that the database has looked at so far, and instants: what a delivery costs, whatever else the machine does. */
const spent = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`SELECT pg_stat_force_next_flush()`
  const [row] = yield* sql<{ readonly pages: number }>`
    SELECT (blks_hit + blks_read)::float8 AS pages FROM pg_stat_database WHERE datname = current_database()`
  return { pages: row?.pages ?? 0, at: yield* Clock.currentTimeMillis }
})

const size = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly bytes: number; readonly index: number; readonly open: number }>`
    SELECT pg_table_size('deliveries')::float8 AS bytes, pg_indexes_size('deliveries')::float8 AS index,
      (SELECT count(*) FROM deliveries WHERE workspace_id > 0)::float8 AS open`
  return row ?? { bytes: 0, index: 0, open: 0 }
})

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
      const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name: "uptime", zone: "UTC", limits: {} })
      const payloads = Array.from({ length: 5000 }, (_, monitor) => ({ monitor }))
      for (let at = 0; at < rows; at += payloads.length) yield* Pipeline.dispatchMany(check, { workspaceId, payloads })
      const full = yield* size
      assert.strictEqual(full.open, rows)

      const marks = [yield* spent]
      const watch = Effect.gen(function* () {
        if (count >= (marks.length * rows) / parts) marks.push(yield* spent)
        return marks.length > parts
      }).pipe(Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (isOver) => isOver }))
      const settled = Effect.map(size, ({ open }) => open === 0).pipe(
        Effect.repeat({ schedule: Schedule.spaced("100 millis"), until: (isOver) => isOver })
      )
      yield* Effect.andThen(watch, settled).pipe(Effect.provide(Engine.layer({ alone: true, pipelines: [check] })))
      assert.strictEqual(count, rows)

      const costs = marks.slice(1).map(({ at, pages }, part) => ({
        pages: ((pages - (marks[part]?.pages ?? 0)) * parts) / rows,
        rate: Math.round(((rows / parts) * 1000) / Math.max(1, at - (marks[part]?.at ?? 0)))
      }))
      const sql = yield* SqlClient.SqlClient
      // A vacuum keeps what an older transaction may still see, and the server's own analyze is one: the next takes it.
      const after = yield* Effect.andThen(sql`VACUUM deliveries`, size).pipe(
        Effect.repeat({
          schedule: Schedule.spaced("1 second"),
          times: 30,
          until: ({ bytes }) => bytes <= before.bytes * 3
        })
      )
      yield* Console.log(
        `${rows} jobs: ${costs.map(({ pages, rate }) => `${pages.toFixed(1)} pages, ${rate}/s`).join("; ")}; ` +
          `table and indexes ${[before, full, after].map(megabytes).join(", ")}`
      )
      const pagesOf = (some: typeof costs) => some.reduce((sum, { pages }) => sum + pages, 0)
      assert.isAtMost(pagesOf(costs.slice(-3)), pagesOf(costs.slice(0, 3)) * 1.5)
      // What is left of the indexes are free pages: later work is put there.
      assert.isAtMost(after.bytes, before.bytes * 3)
    }).pipe(Effect.provide(layer), Effect.orDie)
  )
})
