/**
 * What it costs to dispatch: one after another, by 32 and 256 callers at once, without and with a unique key, in a
 * transaction, and in bulk, beside a bare insert of one row; on a durable Postgres of its own.
 * `node test/bench/Dispatch.ts [jobs]`
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Dispatch } from "@fibercast/ports/Dispatch"
import { Ledger } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as BenchStores from "./BenchStores.ts"

const count = Number(process.argv[2] ?? 20_000)
const text = "x".repeat(120)
let numbers = 0

const job = (now: number, keyed: boolean): Dispatch => {
  const n = numbers++
  return {
    delivery: {
      pipeline: "bench.dispatch",
      lane: "normal",
      campaignId: null,
      dueAt: now,
      deadline: null,
      payload: JSON.stringify({ n, text })
    },
    unique: keyed ? { key: `key ${n}`, taken: "ended", onConflict: "keep", atMost: null } : null,
    idempotencyKey: null,
    backlog: null
  }
}

const millisNow = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/** Runs it so often, by so many at once, and prints how long each took. */
const measure = Effect.fnUntraced(function* <E, R>(
  title: string,
  options: { readonly calls: number; readonly callers: number; readonly jobs?: number },
  call: Effect.Effect<unknown, E, R>
) {
  const { callers, calls, jobs = 1 } = options
  const millis: Array<number> = []
  const timed = Effect.gen(function* () {
    const began = yield* millisNow
    yield* call
    millis.push((yield* millisNow) - began)
  })
  yield* Effect.forEach(Array.from({ length: Math.min(200, calls) }), () => call, {
    concurrency: callers,
    discard: true
  })
  const cpu = process.cpuUsage()
  const began = yield* millisNow
  yield* Effect.forEach(Array.from({ length: calls }), () => timed, { concurrency: callers, discard: true })
  const seconds = ((yield* millisNow) - began) / 1000
  const { system, user } = process.cpuUsage(cpu)
  const sorted = millis.toSorted((a, b) => a - b)
  const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(2).padStart(7)
  const rate = Math.round((calls * jobs) / seconds)
  yield* Console.log(
    `${title.padEnd(44)} ${String(rate).padStart(7)}/s  p50 ${at(0.5)}  p99 ${at(0.99)} ms  node ${((user + system) / (calls * jobs)).toFixed(1)} µs`
  )
})

const bench = Effect.gen(function* () {
  const ledger = yield* Ledger
  const sql = yield* SqlClient.SqlClient
  const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name: "bench", zone: "UTC", limits: {} })
  const dispatch = (keyed: boolean, jobs = 1, of: WorkspaceId = workspaceId) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const dispatches = Array.from({ length: jobs }, () => job(now, keyed))
      yield* ledger.dispatch({ workspaceId: of, now, dispatches })
    })
  const inserted = (jobs: number) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      yield* ledger.insert({
        workspaceId,
        now,
        deliveries: Array.from({ length: jobs }, () => job(now, false).delivery)
      })
    })
  const bare = Effect.suspend(
    () => sql`insert into deliveries (workspace_id, lane, campaign_id, pipeline_id, due_at, payload)
      values (${workspaceId}, 2, 0, 1, 1, ${JSON.stringify({ n: numbers++, text })}::json)`
  )
  yield* sql`create table orders (id bigint generated always as identity primary key, body text not null)`
  const order = sql`insert into orders (body) values ('one')`
  for (let round = 0; round < 2; round++) {
    const lone = { calls: count / 10, callers: 1 }
    yield* measure("bare insert, one after another", lone, bare)
    yield* measure("dispatch, one after another", lone, dispatch(false))
    yield* measure("with a unique key", lone, dispatch(true))
    yield* measure("own insert in a transaction", lone, sql.withTransaction(order))
    yield* measure("with a dispatch", lone, sql.withTransaction(Effect.andThen(order, dispatch(false))))
    for (const callers of [32, 256]) {
      yield* measure(`bare insert, ${callers} callers`, { calls: count / 2, callers }, bare)
      yield* measure(`dispatch, ${callers} callers`, { calls: count * 2, callers }, dispatch(false))
      yield* measure(`with a unique key, ${callers} callers`, { calls: count, callers }, dispatch(true))
    }
    const bulk = { calls: count / 200, callers: 2, jobs: 1000 }
    yield* measure("bulk of 1000 inserted, 2 callers", bulk, inserted(1000))
    yield* measure("bulk of 1000, 2 callers", bulk, dispatch(false, 1000))
    yield* measure("bulk of 1000 with unique keys, 2 callers", bulk, dispatch(true, 1000))
    yield* Console.log("")
  }
})

BenchStores.run(bench)
