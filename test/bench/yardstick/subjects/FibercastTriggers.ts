/**
 * Triggers of Fibercast that each dispatch a delivery whenever they are due, and the pipeline that works them.
 */
import * as Frequency from "@fibercast/domain/Frequency"
import * as Engine from "@fibercast/engine/Engine"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type Ticks } from "../Subject.ts"

const frequencies = { second: Frequency.everySecond, minute: Frequency.everyMinute }

const Tick = Pipeline.make("bench.tick", { payload: Schema.Struct({ nominal: Schema.Finite }) })

/** Returns once all are defined; they fire until the scope closes. */
export const work = Effect.fnUntraced(function* ({ begun, count, every }: Ticks) {
  const pipeline = Tick.pipe(Pipeline.tap(({ nominal }) => Effect.sync(() => begun(nominal))))
  const scheduled = Array.from({ length: count }, (_, n) =>
    Scheduled.dispatch(`t${n}`, frequencies[every], Tick, ({ nominal }) => ({ nominal }))
  )
  const scheduler = { app: "bench-ticks", scheduled }
  yield* Layer.build(Engine.layerScheduling({ alone: true, pipelines: [pipeline], scheduler }))
})

/** How many occurrences of that time are recorded, and when the last one was. */
export const recorded = Effect.fnUntraced(function* (nominal: number) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly count: number; readonly last: number }>`
    SELECT count(delivery_id)::int AS count, max(recorded_at)::float8 AS last
    FROM occurrences WHERE workspace_id > 0 AND nominal_at = ${nominal}`
  return { count: row?.count ?? 0, last: row?.last ?? Number.NaN }
})
