/**
 * How the monitors stand: a line for each, with what its last check found and how many slots it lost.
 * `node services/examples/src/uptime/Show.ts`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Database from "@fibercast/node/Database"
import { Console, DateTime, Effect, Layer } from "effect"
import { type Finding, Monitors, type Standing } from "./Monitors.ts"
import * as SqlMonitors from "./SqlMonitors.ts"

const layer = SqlMonitors.layer.pipe(Layer.provide(Database.layerShared()), Layer.provideMerge(NodeServices.layer))

/** `2026-05-04T00:00:10Z` */
const instant = (millis: number): string => `${DateTime.formatIso(DateTime.makeUnsafe(millis)).slice(0, 19)}Z`

const line = ({ down, id, refused, url }: Standing, last: Finding | undefined): string => {
  const state = last === undefined ? "new" : down ? "down" : last.problem === null ? "up" : "failing"
  const seen =
    last === undefined
      ? "no check yet"
      : `${instant(last.slot)}  ${last.problem ?? `${last.status} in ${Math.round(last.latency)} ms`}`
  return `${state.padEnd(7)} ${id}  ${url}  ${seen}${refused === 0 ? "" : `, ${refused} checks refused`}`
}

const show = Effect.gen(function* () {
  const { history, standing } = yield* Monitors
  const all = yield* standing
  if (all.length === 0) yield* Console.log("There are no monitors.")
  for (const one of all) yield* Console.log(line(one, (yield* history(one.id, 1))[0]))
})

show.pipe(Effect.provide(layer), NodeRuntime.runMain)
