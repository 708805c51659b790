/**
 * The WorkspaceStore over the shared rows in memory.
 */
import * as LanePause from "@fibercast/domain/LanePause"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import { type Context, Effect } from "effect"
import { WorkspaceNotFound, type WorkspaceStore } from "../WorkspaceStore.ts"
import { noBacklog } from "./MemoryBacklog.ts"
import { noKeys } from "./MemoryKeys.ts"
import { type MemoryState, type MemoryWorkspace } from "./MemoryState.ts"

export const make = (state: MemoryState): Context.Service.Shape<typeof WorkspaceStore> => {
  const find = (workspaceId: WorkspaceId) => {
    const workspace = state.workspaces.get(workspaceId)
    return workspace === undefined ? Effect.fail(new WorkspaceNotFound({ workspaceId })) : Effect.succeed(workspace)
  }

  return {
    ensure: ({ limits, name, zone }) =>
      Effect.sync(() => {
        const known = state.workspaceNames.get(name)
        if (known !== undefined) return known.row
        const id = WorkspaceId.make(state.workspaces.size + 1)
        const workspace: MemoryWorkspace = {
          row: { id, name, zone, limits, quarantine: null, paused: null },
          owner: null,
          ownedUntil: null,
          epoch: Epoch.make(0),
          claims: new Map(),
          recalls: new Map(),
          recallNo: 0,
          doubts: new Map(),
          sources: new Map(),
          attempts: [],
          campaignKeys: new Map(),
          keys: noKeys(),
          backlog: noBacklog()
        }
        state.workspaces.set(id, workspace)
        state.workspaceNames.set(name, workspace)
        return workspace.row
      }),

    find: (name) => Effect.sync(() => state.workspaceNames.get(name)?.row ?? null),

    get: (id) => Effect.map(find(id), ({ row }) => row),

    list: Effect.sync(() =>
      Array.from(state.workspaces.values(), ({ ownedUntil, owner, row }) => ({ ...row, owner, ownedUntil }))
    ),

    setLimits: (id, limits) =>
      Effect.map(find(id), (workspace) => {
        workspace.row = { ...workspace.row, limits }
      }),

    setQuarantine: (id, quarantine) =>
      Effect.map(find(id), (workspace) => {
        workspace.row = { ...workspace.row, quarantine }
      }),

    pauseLanes: (id, pause) =>
      Effect.map(find(id), (workspace) => {
        workspace.row = { ...workspace.row, paused: LanePause.paused(workspace.row.paused, pause) }
        return workspace.row
      }),

    resumeLanes: (id, lanes) =>
      Effect.map(find(id), (workspace) => {
        workspace.row = { ...workspace.row, paused: LanePause.resumed(workspace.row.paused, lanes) }
        return workspace.row
      })
  }
}
