/**
 * What triggers cost, on a durable Postgres of its own: how long after its time a run begins, and how long a tick of
 * many triggers at one instant takes, until all are recorded and until all have run.
 * `node test/bench/Triggers.ts [triggers] [seconds]`
 */
import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as Engine from "@fibercast/engine/Engine"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Clock, Console, Deferred, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as BenchStores from "./BenchStores.ts"

const count = Number(process.argv[2] ?? 10_000)
const seconds = Number(process.argv[3] ?? 30)

const percentile = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN

const node = <R>(app: string, scheduled: ReadonlyArray<Scheduled.Scheduled<R>>) =>
  Engine.layerScheduling({ alone: true, pipelines: [], scheduler: { app, scheduled } })

const latency = Effect.gen(function* () {
  const late: Array<number> = []
  const note = ({ nominal }: { readonly nominal: number }) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      late.push(now - nominal)
    })
  yield* Effect.sleep(seconds * 1000).pipe(
    Effect.provide(node("latency", [Scheduled.run("each-second", Frequency.everySecond, note)]))
  )
  const sorted = late.toSorted((a, b) => a - b)
  yield* Console.log(
    `one trigger each second, ${sorted.length} runs: begun after p50 ${percentile(sorted, 0.5)} ms, p99 ${percentile(sorted, 0.99)} ms`
  )
})

const crowd = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const done = yield* Deferred.make<void>()
  let ran = 0
  const note = Effect.sync(() => {
    ran++
    if (ran === count) Deferred.doneUnsafe(done, Effect.void)
  })
  const began = yield* Clock.currentTimeMillis
  const at = began + 5000 + count * 5
  const scheduled = Array.from({ length: count }, (_, index) => Scheduled.run(`t${index}`, Trigger.once(at), note))
  yield* Effect.gen(function* () {
    const ready = yield* Clock.currentTimeMillis
    yield* Console.log(`${count} triggers: defined in ${ready - began} ms`)
    yield* Deferred.await(done)
    const ended = yield* Clock.currentTimeMillis
    const [row] = yield* sql<{ readonly recorded: number }>`
      select max(recorded_at)::float8 as recorded from occurrences where workspace_id > 0 and nominal_at = ${at}`
    yield* Console.log(
      `${count} at one instant: recorded after ${(row?.recorded ?? NaN) - at} ms, all run after ${ended - at} ms`
    )
  }).pipe(Effect.provide(node("crowd", scheduled)))
})

BenchStores.run(Effect.andThen(latency, crowd))
