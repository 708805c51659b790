/**
 * Batches in memory, and how their jobs are counted.
 */
import { type BatchId, failures } from "@fibercast/domain/Batch"
import { type Counts, planned, settled } from "@fibercast/domain/Counts"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type Job } from "@fibercast/domain/Job"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Batch, type Consequences } from "../BatchStore.ts"

export interface MemoryBatch {
  /** All but the counts and what waits. */
  row: Omit<Batch, "counts" | "waiting">
  counts: Counts
  /** Stages that have not begun. */
  toCome: ReadonlyArray<ReadonlyArray<Job>>
  /** What was not dispatched yet. */
  consequences: Consequences
}

export type MemoryBatches = Map<BatchId, MemoryBatch>

const of = (batches: MemoryBatches, workspaceId: WorkspaceId, batchId: BatchId | undefined) => {
  const batch = batchId === undefined ? undefined : batches.get(batchId)
  return batch?.row.workspaceId === workspaceId ? batch : undefined
}

/** One more of its jobs is open. */
export const countPlanned = (batches: MemoryBatches, workspaceId: WorkspaceId, batchId: BatchId | undefined): void => {
  const batch = of(batches, workspaceId, batchId)
  if (batch !== undefined) batch.counts = planned(batch.counts, 1)
}

/** One of its jobs has ended. */
export const countSettled = (
  batches: MemoryBatches,
  workspaceId: WorkspaceId,
  batchId: BatchId | undefined,
  state: FinalState
): void => {
  const batch = of(batches, workspaceId, batchId)
  if (batch !== undefined) batch.counts = settled(batch.counts, state)
}

/** One of its jobs that had ended so is open again: it goes on if it had not been cancelled and failed too often no more. */
export const countReopened = (
  batches: MemoryBatches,
  workspaceId: WorkspaceId,
  batchId: BatchId | null,
  from: FinalState
): void => {
  const batch = of(batches, workspaceId, batchId ?? undefined)
  if (batch === undefined) return
  const { counts, row } = batch
  batch.counts = { ...counts, open: counts.open + 1, [from]: counts[from] - 1 }
  if (row.status !== "cancelled" && failures(batch.counts) <= (row.allowFailures ?? Infinity)) {
    batch.row = { ...row, status: "running", endedAt: null, note: null }
  }
}
