/**
 * What the engine costs per delivery: background jobs with a handler that does nothing, in process, on
 * a durable Postgres of its own, with every promise kept. `node test/bench/EngineDrain.ts [rows ...]`
 *
 * Prints for each backlog the rate and the CPU of this process and of Postgres per delivery.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Engine from "@fibercast/engine/Engine"
import { Ledger } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Deferred, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as BenchStores from "./BenchStores.ts"
import * as Processors from "./Processors.ts"

const backlogs = process.argv.slice(2).map(Number)

const drain = Effect.fnUntraced(function* (rows: number) {
  const done = yield* Deferred.make<void>()
  let count = 0
  const noop = Pipeline.make("bench.noop", { payload: Schema.Struct({ n: Schema.Number, text: Schema.String }) }).pipe(
    Pipeline.tap(() =>
      Effect.sync(() => {
        count++
        if (count === rows) Deferred.doneUnsafe(done, Effect.void)
      })
    )
  )
  const sql = yield* SqlClient.SqlClient
  const ledger = yield* Ledger
  const workspace = yield* (yield* WorkspaceStore).ensure({ name: `bench-${rows}`, zone: "UTC", limits: {} })
  const text = "x".repeat(120)
  for (let at = 0; at < rows; at += 1000) {
    const payload = (_: unknown, index: number) => JSON.stringify({ n: at + index, text })
    const now = yield* Clock.currentTimeMillis
    yield* ledger.insert({
      workspaceId: workspace.id,
      now,
      deliveries: Array.from({ length: Math.min(1000, rows - at) }, payload).map((json) => ({
        pipeline: "bench.noop",
        lane: "normal",
        campaignId: null,
        dueAt: now,
        deadline: null,
        payload: json
      }))
    })
  }
  const [postmaster] = yield* sql<{ pid: number }>`select pg_read_file('postmaster.pid') as text`.pipe(
    Effect.map((found) => found.map((row) => ({ pid: Number.parseInt(String(Object.values(row)[0]), 10) })))
  )
  const [wal] = yield* sql<{ lsn: string }>`select pg_current_wal_lsn()::text as lsn`
  const pid = postmaster?.pid ?? 0
  const server = Processors.seconds(pid)
  const own = process.cpuUsage()
  const began = yield* Clock.currentTimeMillis
  yield* Effect.gen(function* () {
    yield* Deferred.await(done)
    for (;;) {
      const [open] = yield* sql<{
        n: bigint
      }>`select count(*) as n from (select 1 from deliveries where workspace_id = ${workspace.id} limit 1) open`
      if (Number(open?.n ?? 0) === 0) return
      yield* Effect.sleep("10 millis")
    }
  }).pipe(Effect.provide(Engine.layer({ alone: true, pipelines: [noop] })))
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
  const used = process.cpuUsage(own)
  const [bytes] = yield* sql<{
    n: string
  }>`select pg_wal_lsn_diff(pg_current_wal_lsn(), ${wal?.lsn}::pg_lsn)::text as n`
  const perItem = (micros: number) => (micros / rows).toFixed(1)
  yield* Console.log(
    `${String(rows).padStart(9)} rows  ${String(Math.round(rows / seconds)).padStart(7)}/s  node ${perItem(used.user + used.system)} µs  postgres ${perItem((Processors.seconds(pid) - server) * 1e6)} µs  WAL ${Math.round(Number(bytes?.n ?? 0) / rows)} B  RSS ${Math.round(process.memoryUsage().rss / 1e6)} MB`
  )
})

BenchStores.run(Effect.forEach(backlogs.length > 0 ? backlogs : [10_000, 100_000, 1_000_000], drain, { discard: true }))
