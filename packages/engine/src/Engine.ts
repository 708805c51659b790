/**
 * The engine on one node: give it pipelines and the ports, and it works every workspace in the ledger; give it triggers
 * as well, and it schedules. Which workspaces are this node's, the runtime says: `layer` takes all, `layerOn` those of
 * the runtime it is given.
 */
import { type Signal } from "@fibercast/ports/Signal"
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { Layer } from "effect"
import { AccountGates } from "./AccountGates.ts"
import { Campaigns } from "./Campaigns.ts"
import { Lanes } from "./Lanes.ts"
import * as LocalRuntime from "./LocalRuntime.ts"
import { type Runnable } from "./Runnable.ts"
import * as PipelineOverrides from "./PipelineOverrides.ts"
import { Pipelines } from "./Pipelines.ts"
import * as Pruner from "./Pruner.ts"
import * as RunPipeline from "./RunPipeline.ts"
import * as Scheduled from "./Scheduled.ts"
import * as Scheduler from "./Scheduler.ts"
import { SenderNode } from "./SenderNode.ts"
import { Triggers } from "./Triggers.ts"
import type * as WorkspaceActor from "./WorkspaceActor.ts"

export interface Work<R> {
  readonly pipelines: ReadonlyArray<Runnable<R>>
}

export interface Options<R> extends Work<R>, LocalRuntime.Options {}

/** A runtime as `LocalRuntime.layer` and `ClusterRuntime.layer` give it; `RIn`: what it needs besides. */
export type Runtime<RIn> = Layer.Layer<WorkspaceRuntime, never, Signal | WorkspaceActor.Needs | RIn>

/** Runs while the layer is in scope; closing it drains. What the pipelines require, the layer requires. */
export const layerOn = <RIn = never, R = never>(runtime: Runtime<RIn>, { pipelines }: Work<R>) =>
  Layer.mergeAll(Campaigns.layer, Lanes.layer, Pruner.layer).pipe(
    Layer.provideMerge(runtime),
    Layer.provideMerge(Pipelines.layer(pipelines)),
    Layer.provideMerge(AccountGates.layer)
  )

/** What runs the code of triggers. */
const ofTriggers = <R2>({ app, scheduled }: Pick<Scheduler.Options<R2>, "app" | "scheduled">) => {
  const own = app === null ? [] : scheduled.map(Scheduled.ofApp(app))
  return { own, pipelines: own.map(RunPipeline.of).filter((pipeline) => pipeline !== null) }
}

/** The same with a scheduler, for the triggers of its code and those that were defined at run time. */
export const layerSchedulingOn = <RIn = never, R = never, R2 = never>(
  runtime: Runtime<RIn>,
  { pipelines, scheduler }: Work<R> & { readonly scheduler: Scheduler.Options<R2> }
) => {
  const triggers = ofTriggers(scheduler)
  return Layer.merge(Scheduler.Scheduler.layer({ ...scheduler, scheduled: triggers.own }), Triggers.layer).pipe(
    Layer.provideMerge(
      layerOn<RIn, R | R2 | TriggerStore>(runtime, { pipelines: [...pipelines, ...triggers.pipelines] })
    )
  )
}

/** In this process alone. */
export const layer = <R = never>(options: Options<R>) => layerOn(LocalRuntime.layer(options), options)

export const layerScheduling = <R = never, R2 = never>(
  options: Options<R> & { readonly scheduler: Scheduler.Options<R2> }
) => layerSchedulingOn(LocalRuntime.layer(options), options)

/**
 * A worker: it works in this process alone, the code of triggers included, and does not schedule. `overrides`: what counts
 * instead of what the pipelines say.
 */
export const layerWorker = <R = never, R2 = never>({
  alone,
  overrides,
  pipelines,
  triggers
}: Options<R> & {
  readonly overrides: PipelineOverrides.Overrides
  readonly triggers: Pick<Scheduler.Options<R2>, "app" | "scheduled">
}) =>
  layerOn<TriggerStore, R | R2 | TriggerStore>(LocalRuntime.layer({ alone }), {
    pipelines: [...pipelines, ...ofTriggers(triggers).pipelines].map((pipeline) =>
      PipelineOverrides.apply<R | R2 | TriggerStore>(pipeline, overrides)
    )
  })

/**
 * A sender: it sends what engines hand over on the `WorkStream`. It must know the pipelines that they know, and the code of
 * their triggers.
 */
export const layerSender = <R = never, R2 = never>({
  pipelines,
  triggers = { app: null, scheduled: [] }
}: Work<R> & { readonly triggers?: Pick<Scheduler.Options<R2>, "app" | "scheduled"> }) =>
  SenderNode.layer.pipe(
    Layer.provideMerge(Pipelines.layer<R | R2 | TriggerStore>([...pipelines, ...ofTriggers(triggers).pipelines])),
    Layer.provideMerge(AccountGates.layer)
  )
