/**
 * One node with everything in one process: the stores on Postgres (`DATABASE_URL`, or an embedded one
 * in a folder), the audiences, and the engine that works them.
 */
import * as Engine from "@fibercast/engine/Engine"
import { type Runnable } from "@fibercast/engine/Pipeline"
import { type OpenAudience } from "@fibercast/ports/AudienceSource"
import { Signal } from "@fibercast/ports/Signal"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlTriggerStore from "@fibercast/postgres/SqlTriggerStore"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Effect, Layer } from "effect"
import * as Audiences from "./Audiences.ts"
import { Database } from "./Database.ts"

export interface Options<R> {
  readonly pipelines: ReadonlyArray<Runnable<R>>
  readonly audiences?: Readonly<Record<string, OpenAudience>> | undefined
}

/** The stores alone, for commands that look and tell but do not work. */
export const layerStores = Layer.mergeAll(
  SqlLedger.layer,
  SqlCampaignStore.layer,
  SqlWorkspaceStore.layer,
  SqlTriggerStore.layer
)

/** Works what is in the `Database` until it is closed; closing it drains. */
export const layer = <R>(options: Options<R>) =>
  Layer.unwrap(Effect.map(Database, ({ alone }) => Engine.layer({ alone, pipelines: options.pipelines }))).pipe(
    Layer.provideMerge(layerStores),
    Layer.provideMerge(Signal.layerMemory),
    Layer.provideMerge(Audiences.layer(options.audiences))
  )
