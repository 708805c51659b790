/**
 * One node with everything in one process: the stores on Postgres (`DATABASE_URL`, or an embedded one
 * in a folder), the audiences, and the engine that works them.
 */
import * as ClusterRuntime from "@fibercast/engine/ClusterRuntime"
import * as Engine from "@fibercast/engine/Engine"
import { type Runnable } from "@fibercast/engine/Runnable"
import { type Overrides } from "@fibercast/engine/PipelineOverrides"
import type * as Scheduler from "@fibercast/engine/Scheduler"
import * as SchedulerHealth from "@fibercast/engine/SchedulerHealth"
import { type OpenAudience } from "@fibercast/ports/AudienceSource"
import { Signal } from "@fibercast/ports/Signal"
import * as CommittedSignal from "@fibercast/postgres/CommittedSignal"
import * as SqlBatchStore from "@fibercast/postgres/SqlBatchStore"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlRecords from "@fibercast/postgres/SqlRecords"
import * as SqlTriggerStore from "@fibercast/postgres/SqlTriggerStore"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Effect, Layer } from "effect"
import * as Audiences from "./Audiences.ts"
import { Database } from "./Database.ts"

export interface Options<R> {
  readonly pipelines: ReadonlyArray<Runnable<R>>
  readonly audiences?: Readonly<Record<string, OpenAudience>> | undefined
}

export interface SchedulingOptions<R, R2> extends Options<R> {
  /** The triggers of this node's code. */
  readonly scheduler: Scheduler.Options<R2>
}

/** The stores alone, for commands that look and tell but do not work. */
export const layerStores = Layer.mergeAll(
  SqlLedger.layer,
  SqlBatchStore.layer,
  SqlCampaignStore.layer,
  SqlWorkspaceStore.layer,
  SqlTriggerStore.layer,
  SqlRecords.layer
)

/** Signals within this process. */
export const layerSignal = CommittedSignal.layer.pipe(Layer.provide(Signal.layerMemory))

/** Works what is in the `Database` until it is closed; closing it drains. */
export const layer = <R = never>(options: Options<R>) =>
  Layer.unwrap(Effect.map(Database, ({ alone }) => Engine.layer({ alone, pipelines: options.pipelines }))).pipe(
    Layer.provideMerge(layerStores),
    Layer.provideMerge(layerSignal),
    Layer.provideMerge(Audiences.layer(options.audiences))
  )

/** What works, the code of triggers included, and does not schedule; on stores and a signal that are there. */
export const layerWorkingEngine = <R = never, R2 = never>({
  audiences,
  overrides,
  pipelines,
  triggers
}: Options<R> & {
  readonly overrides: Overrides
  readonly triggers: Pick<Scheduler.Options<R2>, "app" | "scheduled">
}) =>
  Layer.unwrap(
    Effect.map(Database, ({ alone }) => Engine.layerWorker<R, R2>({ alone, overrides, pipelines, triggers }))
  ).pipe(Layer.provideMerge(Audiences.layer(audiences)))

/** What works and schedules, on stores and a signal that are there. */
export const layerSchedulingEngine = <R = never, R2 = never>({
  audiences,
  pipelines,
  scheduler
}: SchedulingOptions<R, R2>) =>
  Layer.unwrap(Effect.map(Database, ({ alone }) => Engine.layerScheduling({ alone, pipelines, scheduler }))).pipe(
    Layer.merge(SchedulerHealth.layerWatch),
    Layer.provideMerge(Audiences.layer(audiences))
  )

/** The same, of those workspaces that the cluster gives this node. */
export const layerClusterEngine = <R = never, R2 = never>({
  audiences,
  pipelines,
  scheduler
}: SchedulingOptions<R, R2>) =>
  Engine.layerSchedulingOn(ClusterRuntime.layer, { pipelines, scheduler }).pipe(
    Layer.merge(SchedulerHealth.layerWatch),
    Layer.provideMerge(Audiences.layer(audiences))
  )

/** A node that schedules as well: what its triggers set off is worked here. */
export const layerScheduling = <R = never, R2 = never>(options: SchedulingOptions<R, R2>) =>
  layerSchedulingEngine(options).pipe(Layer.provideMerge(layerStores), Layer.provideMerge(layerSignal))
