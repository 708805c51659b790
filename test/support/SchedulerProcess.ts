/**
 * A process that schedules and works the triggers below on `DATABASE_URL`, with a clock that is wrong by as many
 * milliseconds as it is told. Each run notes its nominal time in the table `ran`. Run by the tests as a real process,
 * through `spawn`.
 */
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as App from "@fibercast/node/App"
import * as Database from "@fibercast/node/Database"
import { Alerts } from "@fibercast/ports/Alerts"
import { Ping } from "@fibercast/ports/Ping"
import { Clock, Effect, Layer, Logger } from "effect"
import { ChildProcess } from "effect/process"
import { SqlClient } from "effect/sql"
import { fileURLToPath } from "node:url"

const note = Effect.fnUntraced(function* ({ name, nominal }: { readonly name: string; readonly nominal: number }) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`INSERT INTO ran (name, nominal, pid) VALUES (${name}, ${nominal}, ${process.pid})`
})

/** Whatever is missed is caught up with, however old. */
const everything = Scheduled.misfire({
  down: { _tag: "All", cap: 1000, maxAge: null },
  overloaded: { _tag: "All", cap: 1000, maxAge: null }
})

export const scheduled = [
  Scheduled.run("second", Frequency.everySecond, note).pipe(everything),
  Scheduled.run("two-seconds", Frequency.everyTwoSeconds, note).pipe(everything),
  Scheduled.run("odd", Trigger.every("1700 millis"), note).pipe(everything),
  Scheduled.run("spread", Trigger.every("3 seconds"), note).pipe(everything, Scheduled.spread("2 seconds")),
  Scheduled.run("one-at-a-time", Frequency.everySecond, note).pipe(
    everything,
    Scheduled.overlap({ _tag: "BufferAll", cap: 1000 })
  )
]

const app = App.make({ name: "chaos", scheduled, layer: Layer.empty })

const clockOff = (millis: number): Layer.Layer<never> =>
  Layer.effect(
    Clock.Clock,
    Effect.map(Clock.Clock, (clock) => {
      const nanos = BigInt(millis) * 1_000_000n
      return {
        ...clock,
        sleep: (duration) => clock.sleep(duration),
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + millis,
        currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + millis),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + nanos,
        currentTimeNanos: Effect.sync(() => clock.currentTimeNanosUnsafe() + nanos),
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: Effect.sync(() => clock.monotonicTimeNanosUnsafe())
      }
    })
  )

/** Started with a clock that is off by so many milliseconds, on the database at the address. */
export const spawn = (databaseUrl: string, skew: number) =>
  ChildProcess.make(process.execPath, [fileURLToPath(import.meta.url), String(skew)], {
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      DATABASE_URL: databaseUrl
    },
    extendEnv: false,
    stdin: "ignore",
    stderr: "inherit"
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const node = app
    .node({})
    .pipe(
      Layer.provide(Database.layer()),
      Layer.provide([Alerts.layerLog, Ping.layerLog, NodeServices.layer, NodeHttpClient.layerUndici]),
      Layer.provide(Logger.layer([])),
      Layer.provide(clockOff(Number(process.argv[2] ?? 0)))
    )
  NodeRuntime.runMain(Layer.launch(node))
}
