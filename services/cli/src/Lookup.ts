/**
 * Campaigns and batches as another process finds them: by workspace name and number, in whatever database is there.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { CampaignId } from "@fibercast/domain/Campaign"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as Database from "@fibercast/node/Database"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { Effect, Layer } from "effect"
import * as WorkspaceLookup from "./WorkspaceLookup.ts"

/** The stores, without an engine: of a running process, or of a database that is started for the moment. */
export const layer = (folder: string) =>
  LocalNode.layerStores.pipe(Layer.provideMerge(Database.layerExisting({ folder })))

/** The same, and the registry of nodes. */
export const layerWithNodes = (folder: string) => Layer.provideMerge(SqlNodeRegistry.layer, layer(folder))

export const campaign = Effect.fnUntraced(function* (workspace: string, id: number) {
  return yield* (yield* CampaignStore).get((yield* WorkspaceLookup.find(workspace)).id, CampaignId.make(id))
})

export const batch = Effect.fnUntraced(function* (workspace: string, id: number) {
  return yield* (yield* BatchStore).get((yield* WorkspaceLookup.find(workspace)).id, BatchId.make(id))
})
