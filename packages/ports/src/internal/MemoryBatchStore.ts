/**
 * The BatchStore over the shared rows in memory.
 */
import { BatchId, nextStep, outcome, type Standing, type Step } from "@fibercast/domain/Batch"
import { none } from "@fibercast/domain/Counts"
import { dispatched, type Job } from "@fibercast/domain/Job"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Context, Effect } from "effect"
import { type Advanced, type Batch, BatchNotFound, BatchOver, type BatchStore, type NewBatch } from "../BatchStore.ts"
import { LedgerUnavailable } from "../Ledger.ts"
import { WorkspaceNotFound } from "../WorkspaceStore.ts"
import { type MemoryBatch } from "./MemoryBatches.ts"
import { recall } from "./MemoryRecalls.ts"
import { insert, type MemoryState, type MemoryWorkspace } from "./MemoryState.ts"

const view = ({ counts, row, toCome }: MemoryBatch): Batch => ({
  ...row,
  counts,
  waiting: toCome.reduce((sum, stage) => sum + stage.length, 0)
})

const standing = ({ consequences, counts, row, toCome }: MemoryBatch): Standing => ({
  status: row.status,
  allowFailures: row.allowFailures,
  counts,
  stagesLeft: toCome.length,
  catches: consequences.catch !== null
})

const next = (batch: MemoryBatch): Step | null => (batch.row.endedAt === null ? nextStep(standing(batch)) : null)

export const make = (state: MemoryState): Context.Service.Shape<typeof BatchStore> => {
  const find = (workspaceId: WorkspaceId, batchId: BatchId) => {
    const batch = state.batches.get(batchId)
    const workspace = state.workspaces.get(workspaceId)
    return batch === undefined || workspace === undefined || batch.row.workspaceId !== workspaceId
      ? Effect.fail(new BatchNotFound({ batchId }))
      : Effect.succeed({ batch, workspace })
  }

  const dispatch = (workspace: MemoryWorkspace, jobs: ReadonlyArray<Job>, now: number, batchId?: BatchId): number => {
    for (const job of jobs) insert(state, workspace, dispatched(job, now, batchId), now)
    return jobs.length
  }

  const stop = (
    workspace: MemoryWorkspace,
    batch: MemoryBatch,
    now: number,
    how: { readonly status: "failed" | "cancelled"; readonly note: string }
  ): number => {
    batch.row = { ...batch.row, ...how }
    const { id: batchId, workspaceId } = batch.row
    const ids = [...state.open.values()].filter((delivery) => delivery.batchId === batchId).map(({ id }) => id)
    return recall(state, workspace, { workspaceId, ids, now, reason: how.note, force: false }).asked.length
  }

  const advance = (workspace: MemoryWorkspace, batch: MemoryBatch, now: number): Advanced => {
    let count = 0
    let asked = 0
    for (let step = next(batch); step !== null; step = next(batch)) {
      const { consequences, row } = batch
      const follow = (job: Job | null) => {
        if (job !== null) count += dispatch(workspace, [job], now)
      }
      switch (step) {
        case "catch":
          batch.consequences = { ...consequences, catch: null }
          follow(consequences.catch)
          break
        case "stop": {
          const note = `more of the batch failed than it allows: ${row.allowFailures ?? 0}`
          asked += stop(workspace, batch, now, { status: "failed", note })
          break
        }
        case "begin": {
          const [stage = [], ...rest] = batch.toCome
          batch.toCome = rest
          batch.row = { ...row, stage: row.stage + 1 }
          count += dispatch(workspace, stage, now, row.id)
          break
        }
        case "end": {
          const status = outcome(row.status)
          const isCompleted = status === "completed"
          batch.row = { ...row, status, endedAt: now }
          batch.consequences = { ...consequences, then: isCompleted ? null : consequences.then, finally: null }
          if (isCompleted) follow(consequences.then)
          follow(consequences.finally)
        }
      }
    }
    return { batchId: batch.row.id, status: batch.row.status, dispatched: count, asked }
  }

  const due = (workspaceId: WorkspaceId): ReadonlyArray<MemoryBatch> =>
    [...state.batches.values()].filter((batch) => batch.row.workspaceId === workspaceId && next(batch) !== null)

  return {
    create: Effect.fn("BatchStore.create")(function* (wanted: NewBatch) {
      const { allowFailures, name, now, stages, workspaceId } = wanted
      const workspace = state.workspaces.get(workspaceId)
      if (workspace === undefined) {
        const cause = new WorkspaceNotFound({ workspaceId })
        return yield* new LedgerUnavailable({ operation: "create a batch", cause })
      }
      const [first = [], ...rest] = stages
      state.lastBatchId += 1
      const id = BatchId.make(state.lastBatchId)
      state.batches.set(id, {
        row: {
          id,
          workspaceId,
          name,
          status: "running",
          allowFailures,
          stage: Math.min(stages.length, 1),
          stages: stages.length,
          note: null,
          createdAt: now,
          endedAt: null
        },
        counts: none,
        toCome: rest,
        consequences: { then: wanted.then, catch: wanted.catch, finally: wanted.finally }
      })
      dispatch(workspace, first, now, id)
      return id
    }),

    get: (workspaceId, batchId) => Effect.map(find(workspaceId, batchId), ({ batch }) => view(batch)),

    list: ({ before, limit, workspaceId }) =>
      Effect.sync(() =>
        [...state.batches.values()]
          .filter(({ row }) => row.workspaceId === workspaceId && row.id < (before ?? Infinity))
          .toReversed()
          .slice(0, limit)
          .map(view)
      ),

    add: Effect.fn("BatchStore.add")(function* ({ batchId, jobs, now, workspaceId }) {
      const { batch, workspace } = yield* find(workspaceId, batchId)
      const { status } = batch.row
      if (status !== "running") return yield* new BatchOver({ batchId, status })
      dispatch(workspace, jobs, now, batchId)
    }),

    cancel: Effect.fn("BatchStore.cancel")(function* ({ batchId, now, reason, workspaceId }) {
      const { batch, workspace } = yield* find(workspaceId, batchId)
      if (batch.row.status === "running") stop(workspace, batch, now, { status: "cancelled", note: reason })
      return view(batch)
    }),

    advance: ({ limit, now, workspaceId }) =>
      Effect.sync(() => {
        const workspace = state.workspaces.get(workspaceId)
        if (workspace === undefined) return []
        return due(workspaceId)
          .slice(0, limit)
          .map((batch) => advance(workspace, batch, now))
      }),

    dueWorkspaces: Effect.sync(() =>
      [...state.workspaces.values()]
        .filter(({ row }) => row.quarantine === null && due(row.id).length > 0)
        .map(({ ownedUntil, owner, row }) => ({ workspaceId: row.id, owner, ownedUntil }))
    )
  }
}
