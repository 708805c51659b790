/**
 * Campaigns and batches as another process finds them: by workspace name and number, in whatever database is there.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { CampaignId } from "@fibercast/domain/Campaign"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as Database from "@fibercast/node/Database"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer, Option, Schema } from "effect"

/** The stores, without an engine: of a running process, or of a database that is started for the moment. */
export const layer = (folder: string) =>
  LocalNode.layerStores.pipe(Layer.provideMerge(Database.layerExisting({ folder })))

/** No workspace has this name, or this number. */
export class NoWorkspace extends Schema.TaggedError<NoWorkspace>()("NoWorkspace", { name: Schema.String }) {
  override get message(): string {
    return `There is no workspace "${this.name}" here. Name another with --workspace.`
  }
}

/** By name, or by the number that alerts tell. */
export const workspaceId = Effect.fnUntraced(function* (name: string) {
  const workspaces = yield* WorkspaceStore
  const found = yield* workspaces.find(name)
  if (found !== null) return found.id
  const numbered = Schema.decodeOption(WorkspaceId)(/^[1-9]\d{0,8}$/u.test(name) ? Number(name) : 0)
  if (Option.isNone(numbered)) return yield* new NoWorkspace({ name })
  const { id } = yield* Effect.catchTag(
    workspaces.get(numbered.value),
    "WorkspaceNotFound",
    () => new NoWorkspace({ name })
  )
  return id
})

export const campaign = Effect.fnUntraced(function* (workspace: string, id: number) {
  return yield* (yield* CampaignStore).get(yield* workspaceId(workspace), CampaignId.make(id))
})

export const batch = Effect.fnUntraced(function* (workspace: string, id: number) {
  return yield* (yield* BatchStore).get(yield* workspaceId(workspace), BatchId.make(id))
})
