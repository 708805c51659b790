/**
 * The node of `queue work`: an app's pipelines and the code of its triggers, or the broadcasts of the command line alone,
 * without a scheduler. It is written down in the registry, so that it is listed and can be told to drain.
 */
import * as Allowance from "@fibercast/engine/Allowance"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import { type Overrides } from "@fibercast/engine/PipelineOverrides"
import * as Stint from "@fibercast/engine/Stint"
import type * as App from "@fibercast/node/App"
import * as Broadcasters from "@fibercast/node/Broadcasters"
import { type Drained } from "@fibercast/node/OpenRoles"
import * as NodeLife from "@fibercast/node/NodeLife"
import { type Role } from "@fibercast/node/Role"
import * as Activity from "@fibercast/engine/Activity"
import { Deferred, Effect, Layer, type Scope } from "effect"
import * as QueueListener from "./QueueListener.ts"
import type * as QueueReport from "./QueueReport.ts"

export interface Options {
  readonly app: App.App
  readonly name: string
  readonly release: string | null
  readonly settings: EngineConfig.EngineSettings
  readonly overrides: Overrides
  readonly allowance: Allowance.Allowance
  readonly terms: Stint.Terms
  readonly listener: QueueListener.QueueListener
}

export interface QueueNode {
  /** Returns when it is over, by its own terms or an operator's wish. */
  readonly over: Effect.Effect<Exclude<QueueReport.Ended, "interrupted">>
  /** How its end went; returns once it has ended. */
  readonly drained: Effect.Effect<Drained>
}

/** Works until the scope closes, which drains it. */
export const make = Effect.fnUntraced(function* (options: Options) {
  const { allowance, app, listener, name, overrides, release, settings, terms } = options
  const over = yield* Deferred.make<Stint.Over>()
  const { messengers, pipelines } = yield* Broadcasters.all
  const ending = Effect.flatMap(Stint.over(terms), (why) => Deferred.succeed(over, why))
  const role: Role<App.Platform> = {
    name: "engine",
    capacity: Effect.map(Activity.Activity, Activity.capacity),
    layer: Layer.effectDiscard(Effect.forkScoped(ending)).pipe(
      Layer.provide(app.worker({ pipelines, overrides })),
      Layer.provide([
        messengers,
        QueueListener.layer(listener),
        Layer.succeed(EngineConfig.EngineConfig, settings),
        Layer.succeed(Allowance.Allowance, allowance)
      ])
    )
  }
  const life = yield* NodeLife.make({
    name,
    app: app.name,
    release,
    address: null,
    lanes: settings.lanes,
    roles: [role]
  })
  return {
    over: Effect.raceFirst(Deferred.await(over), Effect.as(life.drained, "drained" as const)),
    drained: life.drained
  } satisfies QueueNode
})

export type Needs = Effect.Services<ReturnType<typeof make>> | Scope.Scope
