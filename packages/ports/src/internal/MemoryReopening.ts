/**
 * Opening in memory what ended. One synchronous step.
 */
import { type EndedDelivery } from "./EndedDeliveries.ts"
import { count } from "./MemoryBacklog.ts"
import { countReopened } from "./MemoryBatches.ts"
import { type MemoryState, offer } from "./MemoryState.ts"

/** Whether it could be opened. */
export const reopen = (state: MemoryState, record: EndedDelivery, now: number): boolean => {
  const { attempts, batchId, campaignId, id, lane, payload, pipeline, state: from, tags } = record
  const workspace = state.workspaces.get(record.workspaceId)
  const campaign = campaignId === null ? undefined : state.campaigns.get(campaignId)
  if (payload === null || lane === null || workspace === undefined || from === "completed") return false
  if (campaign !== undefined && (from === "skipped" || campaign.row.status === "cancelled")) return false
  if (campaign !== undefined) {
    campaign.counts = { ...campaign.counts, open: campaign.counts.open + 1, [from]: campaign.counts[from] - 1 }
    if (campaign.row.status === "completed") campaign.row = { ...campaign.row, status: "running", completedAt: null }
  }
  countReopened(state.batches, workspace.row.id, batchId, from)
  state.ended.delete(record)
  workspace.recalls.delete(id)
  for (const claim of workspace.claims.values()) claim.isIntact &&= claim.deliveries.every((held) => held.id !== id)
  const open = {
    id,
    pipeline,
    lane,
    campaignId,
    payload,
    tags,
    deadline: null,
    // No two tries of one delivery are due together.
    dueAt: record.dueAt === now ? now + 1 : now,
    ...(batchId === null ? {} : { batchId }),
    workspace,
    dispatchedAt: record.dispatchedAt ?? now,
    attempts: [...attempts],
    attempt: 0,
    rescues: 0,
    claim: null,
    isStarted: false,
    isCapped: false
  }
  state.open.set(id, open)
  count(workspace.backlog, open, 1)
  offer(open)
  return true
}
