/**
 * Which workspaces have work for whom, in memory.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type Context } from "effect"
import { type DueWorkspace, type Ledger, strangersPassed, strangeWait } from "../Ledger.ts"
import { hasDoubts } from "./MemoryDoubts.ts"
import { type MemoryState, type MemoryWorkspace, type OpenDelivery } from "./MemoryState.ts"
import { type PlaceOrder } from "./PlaceOrder.ts"

type Asked = Parameters<Context.Service.Shape<typeof Ledger>["dueWorkspaces"]>[0]

/** Whether the source has something due for who runs these pipelines. */
const isOffered = (source: PlaceOrder<OpenDelivery>, by: number, pipelines: ReadonlyArray<string> | undefined) => {
  const { first } = source
  if (first === undefined || first.dueAt > by) return false
  if (pipelines === undefined || first.dueAt <= by - strangeWait) return true
  let passed = 0
  for (const { dueAt, pipeline } of source.after(null)) {
    if (dueAt > by || passed++ === strangersPassed) return false
    if (pipelines.includes(pipeline)) return true
  }
  return false
}

export const isPausedLane = ({ row }: MemoryWorkspace, lane: Lane) => row.paused?.lanes.includes(lane) === true

export const dueWorkspaces = (
  state: MemoryState,
  { after, by, lanes: wanted, limit, now, pipelines }: Asked
): ReadonlyArray<DueWorkspace> => {
  const isPaused = ({ campaignId, lane, workspace }: OpenDelivery) =>
    isPausedLane(workspace, lane) || (campaignId !== null && state.campaigns.get(campaignId)?.row.status === "paused")
  const due: Array<DueWorkspace> = []
  for (const [workspaceId, workspace] of state.workspaces) {
    if (due.length >= limit) break
    const { claims, ownedUntil, owner, row, sources } = workspace
    if (row.quarantine !== null || workspaceId <= (after ?? 0)) continue
    const isStranded = claims.size > 0 && (ownedUntil ?? -Infinity) <= now
    const isDue = () =>
      [...sources.values()].some(
        (source) =>
          source.first !== undefined &&
          wanted?.includes(source.first.lane) !== false &&
          !isPaused(source.first) &&
          isOffered(source, by, pipelines)
      )
    if (isStranded || hasDoubts(workspace, pipelines, by) || isDue()) due.push({ workspaceId, owner, ownedUntil })
  }
  return due
}
