/**
 * What many workspaces cost of which few have work: 10,000 of them, 100 with a job each second.
 * `node test/bench/ManyWorkspaces.ts [workspaces] [seconds]`
 *
 * One process and one durable Postgres. Printed are the start, memory, and CPU of the process and of Postgres: with
 * nothing to do, then with the few at work, then with nothing to do again while their actors wait for more.
 */
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as Engine from "@fibercast/engine/Engine"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { Clock, Console, Effect, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as BenchStores from "./BenchStores.ts"
import * as Processors from "./Processors.ts"

const workspaces = Number(process.argv[2] ?? 10_000)
const seconds = Number(process.argv[3] ?? 20)
const active = Math.max(1, Math.floor(workspaces / 100))

let done = 0
const Job = Pipeline.make("bench.job", { payload: Schema.Number }).pipe(
  Pipeline.tap(() => Effect.sync(() => void done++))
)

const megabytes = () => Math.round(process.memoryUsage().rss / 1e6)

/** Runs it, and says what it cost. */
const measured = Effect.fnUntraced(function* (
  what: string,
  postmaster: number,
  work: Effect.Effect<unknown, unknown, never>
) {
  const own = process.cpuUsage()
  const server = Processors.seconds(postmaster)
  const began = yield* Clock.currentTimeMillis
  yield* work
  const elapsed = ((yield* Clock.currentTimeMillis) - began) / 1000
  const used = process.cpuUsage(own)
  const share = (cpu: number) => `${((100 * cpu) / elapsed).toFixed(1)} %`
  yield* Console.log(
    `${what.padEnd(44)} process ${share((used.user + used.system) / 1e6)}, Postgres ${share(Processors.seconds(postmaster) - server)} of a core; RSS ${megabytes()} MB`
  )
})

const bench = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into workspaces (name, zone, limits) select 'w' || n, 'UTC', '{}' from generate_series(1, ${workspaces}) n`
  const [server] = yield* sql<{ text: string }>`select pg_read_file('postmaster.pid') as text`
  const postmaster = Number.parseInt(server?.text ?? "0", 10)
  const needs = yield* Effect.context<BenchStores.BenchStores>()
  yield* Console.log(`${workspaces} workspaces, ${active} with a job each second; RSS before ${megabytes()} MB`)
  const began = yield* Clock.currentTimeMillis
  yield* Effect.gen(function* () {
    yield* Console.log(`started in ${(yield* Clock.currentTimeMillis) - began} ms`)
    const runtime = yield* WorkspaceRuntime
    const second = Effect.forEach(
      Array.from({ length: active }, (_, n) => WorkspaceId.make(n * 100 + 1)),
      (workspaceId) => Pipeline.dispatch(Job, { workspaceId, payload: 1 }),
      { discard: true }
    ).pipe(Effect.provideContext(needs))
    const work = Effect.repeat(second, Schedule.fixed("1 second").pipe(Schedule.upTo({ times: seconds - 1 })))
    yield* measured("nothing to do", postmaster, Effect.sleep(seconds * 1000))
    yield* measured(`${active} at work`, postmaster, work)
    yield* Effect.sleep("2 seconds")
    yield* Console.log(`${done} of ${active * seconds} jobs done; ${(yield* runtime.running).length} actors`)
    yield* measured("actors that wait", postmaster, Effect.sleep(seconds * 1000))
    yield* Effect.sleep("20 seconds")
    yield* Console.log(`${(yield* runtime.running).length} actors after a rest; RSS ${megabytes()} MB`)
  }).pipe(Effect.provide(Engine.layer({ alone: true, pipelines: [Job] })))
})

BenchStores.run(bench)
