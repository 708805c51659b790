/**
 * The node of `schedule run` and `schedule work`: an app's triggers and code, or none, those defined at run time, and the
 * broadcasts of the command line; on the database of the folder, shared with whoever else works on it.
 */
import { defaults, EngineConfig } from "@fibercast/engine/EngineConfig"
import { type News, SchedulerListener } from "@fibercast/engine/SchedulerListener"
import { type Scheduler } from "@fibercast/engine/Scheduler"
import { type Triggers } from "@fibercast/engine/Triggers"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as Alerting from "@fibercast/node/Alerting"
import type * as App from "@fibercast/node/App"
import * as Broadcasters from "@fibercast/node/Broadcasters"
import * as Database from "@fibercast/node/Database"
import * as HttpPing from "@fibercast/node/HttpPing"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Config, Effect, Layer, Predicate, Schema } from "effect"
import * as ScreenAlerts from "./ScreenAlerts.ts"
import * as SchedulerSettings from "./SchedulerSettings.ts"

/** The app, as it stands, cannot be started. */
export class NotStarted extends Schema.TaggedError<NotStarted>()("NotStarted", { reason: Schema.String }) {
  override get message(): string {
    return `The app cannot be started: ${this.reason}`
  }
}

export interface Options {
  /** Null: only what was defined at run time. */
  readonly app: App.App | null
  readonly environment: string
  /** False: it passes only when told to. */
  readonly loop: boolean
  readonly folder: string
  readonly told: (news: News) => Effect.Effect<void>
}

const engineConfig = Layer.effect(
  EngineConfig,
  Effect.map(Config.Int("FIBERCAST_CONCURRENCY").pipe(Config.withDefault(defaults.concurrency)), (concurrency) => ({
    ...defaults,
    concurrency
  }))
)

/** An app's own layer may fail with anything. */
const explain = (error: unknown): NotStarted =>
  new NotStarted({
    reason:
      Predicate.hasProperty(error, "message") && typeof error.message === "string" && error.message !== ""
        ? error.message
        : String(error)
  })

export const layer = ({ app, environment, folder, loop, told }: Options) =>
  Layer.unwrap(
    Effect.map(Broadcasters.all, ({ messengers, pipelines }) => {
      const node: Layer.Layer<Scheduler | Triggers | App.Stores, unknown, App.Platform | Broadcasters.Messengers> =
        app === null
          ? LocalNode.layerScheduling({ pipelines, scheduler: { app: null, scheduled: [], environment, loop } })
          : app.node({ environment, loop, pipelines })
      return Layer.catch(node, (error) => Layer.effectContext(Effect.fail(explain(error)))).pipe(
        Layer.provide(Layer.succeed(SchedulerListener, told)),
        Layer.provide([
          SchedulerSettings.layer,
          engineConfig,
          messengers,
          Layer.provide(Alerting.layer, ScreenAlerts.layer)
        ]),
        Layer.provide(HttpPing.layer),
        Layer.provide(UndiciClient.layer),
        Layer.provideMerge(Database.layerShared({ folder }))
      )
    })
  )
