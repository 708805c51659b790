/**
 * What of a workspace is in doubt and untold, in memory.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Doubt, type TakeDoubts } from "../Doubt.ts"
import { strangeWait } from "../Ledger.ts"
import { type MemoryDoubt, type MemoryState, type MemoryWorkspace } from "./MemoryState.ts"

/** Whether it is for who runs these pipelines. */
const isFor = ({ at, pipeline }: MemoryDoubt, pipelines: ReadonlyArray<string> | undefined, by: number) =>
  pipelines === undefined || at <= by - strangeWait || pipelines.includes(pipeline)

export const hasDoubts = (
  workspace: MemoryWorkspace,
  pipelines: ReadonlyArray<string> | undefined,
  by: number
): boolean => workspace.doubts.values().some((doubt) => isFor(doubt, pipelines, by))

/** Null when it is no longer as it was left. */
const doubtOf = (state: MemoryState, id: DeliveryId, { at, deadline, rescues }: MemoryDoubt): Doubt | null => {
  const record = state.ended.get(id)
  if (record === undefined || record.state !== "unknown" || record.settledAt !== at) return null
  const { attempt, batchId, campaignId, dueAt, lane, payload, pipeline, reason } = record
  if (payload === null || lane === null) return null
  const delivery = { id, pipeline, lane, campaignId, attempt: attempt - 1, rescues, dueAt, deadline, payload, batchId }
  return { delivery, reason: reason ?? "" }
}

export const takeDoubts = (
  state: MemoryState,
  { doubts }: MemoryWorkspace,
  { limit, now, pipelines }: TakeDoubts
): ReadonlyArray<Doubt> => {
  const taken: Array<Doubt> = []
  for (const [id, doubt] of doubts) {
    if (taken.length >= limit) break
    if (!isFor(doubt, pipelines, now)) continue
    doubts.delete(id)
    const found = doubtOf(state, id, doubt)
    if (found !== null) taken.push(found)
  }
  return taken
}
