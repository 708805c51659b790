/**
 * Campaigns and batches as another process finds them: by workspace name and number, in whatever database is there.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { CampaignId } from "@fibercast/domain/Campaign"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as Database from "@fibercast/node/Database"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer, Schema } from "effect"

/** The stores, without an engine: of a running process, or of a database that is started for the moment. */
export const layer = (folder: string) =>
  LocalNode.layerStores.pipe(Layer.provideMerge(Database.layerExisting({ folder })))

/** Nothing was sent for a workspace of this name. */
export class NoWorkspace extends Schema.TaggedError<NoWorkspace>()("NoWorkspace", { name: Schema.String }) {
  override get message(): string {
    return `There is no workspace "${this.name}" here. Name another with --workspace.`
  }
}

export const workspaceId = Effect.fnUntraced(function* (name: string) {
  const found = yield* (yield* WorkspaceStore).find(name)
  return found === null ? yield* new NoWorkspace({ name }) : found.id
})

export const campaign = Effect.fnUntraced(function* (workspace: string, id: number) {
  return yield* (yield* CampaignStore).get(yield* workspaceId(workspace), CampaignId.make(id))
})

export const batch = Effect.fnUntraced(function* (workspace: string, id: number) {
  return yield* (yield* BatchStore).get(yield* workspaceId(workspace), BatchId.make(id))
})
