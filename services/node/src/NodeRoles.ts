/**
 * What the roles of a node are made of, as its settings say.
 *
 * In this release a node sends what its own engine claims: the role of a sender adds nothing to an engine in the same
 * process, and cannot be had alone.
 */
import * as Activity from "@fibercast/engine/Activity"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import * as SchedulerConfig from "@fibercast/engine/SchedulerConfig"
import { Effect, Layer, Schema } from "effect"
import { type App, type Platform } from "./App.ts"
import { type NodeSettings } from "./NodeConfig.ts"
import { type Role } from "./Role.ts"

/** A sender needs an engine in its own process. */
export class NoHandOff extends Schema.TaggedError<NoHandOff>()("NoHandOff", {}) {
  override get message(): string {
    return "this release hands no work from one node to another yet. Use the roles engine,sender on each node."
  }
}

/** The scheduler's hooks get a fifth of the time to drain; the sends get all of it. */
const hooksShare = 0.2

/** The engine's and the scheduler's own settings, from those of the node. */
export const layerSettings = (settings: NodeSettings): Layer.Layer<never> => {
  const drain = settings.drainSeconds * 1000
  const { concurrency, schedulerDeadAfter: deadAfter, schedulerPoll: poll, window } = settings
  return Layer.mergeAll(
    Layer.succeed(EngineConfig.EngineConfig, { ...EngineConfig.defaults, concurrency, window, drain }),
    Layer.succeed(SchedulerConfig.SchedulerConfig, {
      ...SchedulerConfig.defaults,
      poll,
      deadAfter,
      drain: drain * hooksShare
    })
  )
}

/** Works every workspace and schedules, in this process alone. */
export const engine = (app: App, settings: NodeSettings): Role<Platform> => ({
  name: "engine",
  layer: Layer.provide(app.node({ environment: settings.environment }), layerSettings(settings)),
  capacity: Effect.map(Activity.Activity, Activity.capacity)
})

/** Beside an engine in the same process. */
const besideEngine: Role<Platform> = { name: "sender", layer: Layer.empty, capacity: Effect.succeed(0) }

const alone: Role<Platform> = { ...besideEngine, layer: Layer.effectDiscard(Effect.fail(new NoHandOff())) }

export const of = (app: App, settings: NodeSettings): ReadonlyArray<Role<Platform>> =>
  settings.roles.map((role) => {
    if (role === "engine") return engine(app, settings)
    return settings.roles.includes("engine") ? besideEngine : alone
  })
