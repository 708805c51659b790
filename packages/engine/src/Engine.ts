/**
 * The engine on one node: give it pipelines and the ports, and it works every workspace in the ledger; give it triggers
 * as well, and it schedules.
 */
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { Layer } from "effect"
import { AccountGates } from "./AccountGates.ts"
import { Campaigns } from "./Campaigns.ts"
import * as LocalRuntime from "./LocalRuntime.ts"
import { type Runnable } from "./Pipeline.ts"
import { Pipelines } from "./Pipelines.ts"
import * as RunPipeline from "./RunPipeline.ts"
import * as Scheduled from "./Scheduled.ts"
import * as Scheduler from "./Scheduler.ts"
import { SenderNode } from "./SenderNode.ts"
import { Triggers } from "./Triggers.ts"

export interface Options<R> extends LocalRuntime.Options {
  readonly pipelines: ReadonlyArray<Runnable<R>>
}

/** Runs while the layer is in scope; closing it drains. What the pipelines require, the layer requires. */
export const layer = <R = never>(options: Options<R>) =>
  Campaigns.layer.pipe(
    Layer.provideMerge(LocalRuntime.layer(options)),
    Layer.provideMerge(Pipelines.layer(options.pipelines)),
    Layer.provideMerge(AccountGates.layer)
  )

/** The same with a scheduler, for the triggers of its code and those that were defined at run time. */
export const layerScheduling = <R = never, R2 = never>(
  options: Options<R> & { readonly scheduler: Scheduler.Options<R2> }
) => {
  const { pipelines, scheduler } = options
  const { app } = scheduler
  const scheduled = app === null ? [] : scheduler.scheduled.map(Scheduled.ofApp(app))
  const own = scheduled.map(RunPipeline.of).filter((pipeline) => pipeline !== null)
  return Layer.merge(Scheduler.Scheduler.layer({ ...scheduler, scheduled }), Triggers.layer).pipe(
    Layer.provideMerge(layer<R | R2 | TriggerStore>({ ...options, pipelines: [...pipelines, ...own] }))
  )
}

/** A sender: it sends what engines hand over on the `WorkStream`. It must know the pipelines that they know. */
export const layerSender = <R = never>(options: { readonly pipelines: ReadonlyArray<Runnable<R>> }) =>
  SenderNode.layer.pipe(Layer.provideMerge(Pipelines.layer(options.pipelines)), Layer.provideMerge(AccountGates.layer))
