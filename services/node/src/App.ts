/**
 * An app is what an engineer gives a node to run: pipelines, triggers, and the layer that both need.
 *
 * A module exports one as its default; `fibercast schedule work --app ./app.ts` runs it. Its layer may use what a node
 * offers: the stores, a launcher of campaigns, the node's own SQL client, files and an HTTP client.
 */
import type * as NodeServices from "@effect/platform-node/NodeServices"
import { type AccountGates } from "@fibercast/engine/AccountGates"
import * as Engine from "@fibercast/engine/Engine"
import { Launcher } from "@fibercast/engine/Launcher"
import { type Pipelines } from "@fibercast/engine/Pipelines"
import { type Overrides } from "@fibercast/engine/PipelineOverrides"
import type * as QueueHealth from "@fibercast/engine/QueueHealth"
import { type Runnable } from "@fibercast/engine/Runnable"
import { type Scheduled } from "@fibercast/engine/Scheduled"
import { type Scheduler } from "@fibercast/engine/Scheduler"
import { type SenderNode } from "@fibercast/engine/SenderNode"
import { type Triggers } from "@fibercast/engine/Triggers"
import { type Alerts } from "@fibercast/ports/Alerts"
import { type OpenAudience } from "@fibercast/ports/AudienceSource"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type Ping } from "@fibercast/ports/Ping"
import { type SenderChannel } from "@fibercast/ports/SenderChannel"
import { type Signal } from "@fibercast/ports/Signal"
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type WorkStream } from "@fibercast/ports/WorkStream"
import * as CommittedSignal from "@fibercast/postgres/CommittedSignal"
import type * as Postgres from "@fibercast/postgres/Postgres"
import { Context, Effect, Layer, Predicate, type Scope } from "effect"
import { type Sharding } from "effect/cluster"
import { type HttpClient } from "effect/http"
import * as Audiences from "./Audiences.ts"
import { type Database } from "./Database.ts"
import * as LocalNode from "./LocalNode.ts"

/** What a node needs to be on a machine. */
export type Platform = Database | Postgres.Client | NodeServices.NodeServices | HttpClient.HttpClient | Alerts | Ping

export type Stores = Ledger | CampaignStore | WorkspaceStore | TriggerStore | Signal

/** What an app may use without bringing it. The launcher knows all pipelines of the node. */
export type Offered = Platform | Stores | Launcher

/** What a pipeline may use besides: the gates of the accounts that it sends through. */
type Sending = Offered | AccountGates

export interface Running<out R = never> {
  readonly environment?: string | undefined
  /** Pipelines of whoever runs it, for what is defined at run time; one that the app has under its name is left out. */
  readonly pipelines?: ReadonlyArray<Runnable<R | Sending>> | undefined
  /** False: the scheduler passes only when told to. */
  readonly loop?: boolean | undefined
}

const TypeId = "~fibercast/node/App"

export interface App {
  readonly [TypeId]: typeof TypeId
  /** Whose triggers they are: apps on one database have names of their own. */
  readonly name: string
  /** What its nodes judge queues by at `/health`; null: they do not. */
  readonly targets: QueueHealth.Targets | null
  /** Everything in one process: it works every workspace, schedules and sends. */
  readonly node: <R = never>(running: Running<R>) => Layer.Layer<Scheduler | Triggers | Stores, unknown, Platform | R>
  /** An engine among others: it works the workspaces that the cluster gives it, and schedules. */
  readonly engine: <R = never>(
    running: Running<R>
  ) => Layer.Layer<Scheduler | Triggers, unknown, Platform | Signal | Sharding.Sharding | R>
  /** Works every workspace in one process, and does not schedule. */
  readonly worker: <R = never>(
    running: Pick<Running<R>, "pipelines"> & { readonly overrides?: Overrides | undefined }
  ) => Layer.Layer<WorkspaceRuntime | Pipelines | Stores, unknown, Platform | R>
  /** A sender among others. */
  readonly sender: <R = never>(
    running: Pick<Running<R>, "pipelines">
  ) => Layer.Layer<SenderNode, unknown, Platform | Signal | WorkStream | SenderChannel | R>
}

export const isApp = (u: unknown): u is App => Predicate.hasProperty(u, TypeId)

const validName = /^[a-z0-9._-]{1,80}$/

/** Throws a `RangeError` when the name is not 1 to 80 lower-case letters, digits, dots, dashes and underscores. */
export const make = <Own, E>(options: {
  readonly name: string
  readonly pipelines?: ReadonlyArray<Runnable<NoInfer<Own> | Sending>>
  readonly scheduled?: ReadonlyArray<Scheduled<NoInfer<Own> | Offered>>
  readonly audiences?: Readonly<Record<string, OpenAudience>>
  /** What queues are to keep to: `/health` of its nodes is 503 while a lane of any workspace misses one. */
  readonly targets?: QueueHealth.Targets | undefined
  /** What pipelines and triggers need beyond what a node offers. */
  readonly layer: Layer.Layer<Own, E, Offered>
}): App => {
  const { audiences, name, pipelines = [], scheduled = [], targets = null } = options
  if (!validName.test(name)) {
    throw new RangeError(
      `"${name}" cannot name an app: use 1 to 80 lower-case letters, digits, dots, dashes and underscores`
    )
  }
  const known = new Set(pipelines.map((pipeline) => pipeline.name))
  const all = <R>(more: ReadonlyArray<Runnable<R | Sending>> = []): ReadonlyArray<Runnable<Own | R | Sending>> => [
    ...pipelines,
    ...more.filter((pipeline) => !known.has(pipeline.name))
  ]
  /** With what the app brings. */
  const withOwn = <A, E2, R>(layer: Layer.Layer<A, E2, R>) =>
    Layer.effectContext(
      Effect.gen(function* () {
        const own = yield* Layer.build(options.layer)
        // The rest of what is needed and what the app brings are all of it, which the compiler cannot see for an unknown R.
        const whole = (offered: Context.Context<Exclude<R, Own> | Scope.Scope>) =>
          Context.merge(offered, own) as Context.Context<R | Scope.Scope>
        return yield* Effect.updateContext(Layer.build(layer), whole)
      })
    )
  const launcher = <R>(more: Running<R>["pipelines"]) =>
    Launcher.layer(all(more)).pipe(Layer.provide(Audiences.layer(audiences)))
  const scheduling = <R>({ environment, loop, pipelines: more }: Running<R>) => ({
    audiences,
    pipelines: all(more),
    scheduler: { app: name, scheduled, environment, loop }
  })
  const node: App["node"] = <R = never>(running: Running<R>) =>
    withOwn(LocalNode.layerSchedulingEngine<Own | R | Sending, Own | Offered>(scheduling(running))).pipe(
      Layer.provide(launcher(running.pipelines)),
      Layer.provideMerge(LocalNode.layerStores),
      Layer.provideMerge(LocalNode.layerSignal)
    )
  const engine: App["engine"] = <R = never>(running: Running<R>) =>
    withOwn(LocalNode.layerClusterEngine<Own | R | Sending, Own | Offered>(scheduling(running))).pipe(
      Layer.provide(launcher(running.pipelines)),
      Layer.provide([LocalNode.layerStores, CommittedSignal.layer])
    )
  const sender: App["sender"] = <R = never>({ pipelines: more }: Pick<Running<R>, "pipelines">) =>
    withOwn(
      Engine.layerSender<Own | R | Sending, Own | Offered>({
        pipelines: all(more),
        triggers: { app: name, scheduled }
      })
    ).pipe(Layer.provide(launcher(more)), Layer.provide([LocalNode.layerStores, CommittedSignal.layer]))
  const worker: App["worker"] = <R = never>({
    overrides = {},
    pipelines: more
  }: Pick<Running<R>, "pipelines"> & { readonly overrides?: Overrides | undefined }) =>
    withOwn(
      LocalNode.layerWorkingEngine<Own | R | Sending, Own | Offered>({
        audiences,
        overrides,
        pipelines: all(more),
        triggers: { app: name, scheduled }
      })
    ).pipe(
      Layer.provide(launcher(more)),
      Layer.provideMerge(LocalNode.layerStores),
      Layer.provideMerge(LocalNode.layerSignal)
    )
  return { [TypeId]: TypeId, name, targets, node, engine, worker, sender }
}
