/**
 * BatchStores that keep every guarantee but one.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { none } from "@fibercast/domain/Counts"
import { type NewBatch } from "@fibercast/ports/BatchStore"
import { Effect } from "effect"
import { type BrokenTwin, brokenBatchStore, brokenLedger } from "./BrokenTwin.ts"

const anyHistory =
  "whatever happens in whatever order, counts add up, stages begin in order, and what follows does so once"

/** It asks for something else than what was wanted. */
const creating = (does: string, breaks: string, change: (wanted: NewBatch) => Partial<NewBatch>) =>
  brokenBatchStore(does, breaks, (batches) => ({
    create: (wanted) => batches.create({ ...wanted, ...change(wanted) })
  }))

export const brokenBatchStores: ReadonlyArray<BrokenTwin> = [
  creating(
    "begins all stages at once",
    "a stage begins when all of the one before has ended, counted from when it does",
    ({ stages }) => ({ stages: [stages.flat()] })
  ),
  creating(
    "begins a step of a chain after one that failed",
    "in a chain nothing begins after a step that failed, is in doubt or expired",
    () => ({ allowFailures: null })
  ),
  creating(
    "stops at the first failure, whatever is allowed",
    "a batch that allows any number of failures completes with all of them failed",
    () => ({ allowFailures: 0 })
  ),
  creating(
    "lets one failure more pass than it may",
    "one failure more than it allows cancels what is open, asks for what is held, and it ends as failed",
    ({ allowFailures }) => ({ allowFailures: allowFailures === null ? null : allowFailures + 1 })
  ),
  creating(
    "forgets what is to be done in any case",
    "when all has ended, what is to be done then and finally is dispatched, once, and counted for no batch",
    () => ({ finally: null })
  ),
  creating(
    "forgets what is to be done at the first failure",
    "what is to be done at the first failure is dispatched at once, and once, also if the failure is allowed",
    () => ({ catch: null })
  ),
  creating("does what is to be done then in any case", anyHistory, ({ then }) => ({ finally: then, then: null })),
  creating("does something that was not asked for", "what is not asked for does not follow", (wanted) => ({
    finally: wanted.finally ?? wanted.stages[0]?.[0] ?? null
  })),
  creating(
    "drops the delays of jobs",
    "a batch is created with its first stage open, the others waiting, and its jobs as they were asked for",
    ({ stages }) => ({ stages: stages.map((stage) => stage.map((job) => ({ ...job, delay: 0 }))) })
  ),
  brokenBatchStore(
    "adds to batches that are over",
    "nothing is added to a batch that completed, failed or was cancelled",
    (batches) => ({ add: (options) => Effect.catchTag(batches.add(options), "BatchOver", () => Effect.void) })
  ),
  brokenBatchStore("loses what is added", "jobs that are added are counted, and hold the stage up", (batches) => ({
    add: (options) => batches.add({ ...options, jobs: [] })
  })),
  brokenBatchStore(
    "cancels nothing",
    "a cancel cancels what is open, asks for what is held, and only what follows in any case is dispatched, at the end",
    (batches) => ({ cancel: ({ batchId, workspaceId }) => batches.get(workspaceId, batchId) })
  ),
  brokenBatchStore(
    "cancels what has completed",
    "a batch that has completed or failed stays so, whoever cancels it",
    (batches) => ({
      cancel: (options) =>
        Effect.map(batches.cancel(options), (batch) => ({ ...batch, status: "cancelled", note: options.reason }))
    })
  ),
  brokenBatchStore(
    "advances a batch once only",
    "a stage begins when all of the one before has ended, counted from when it does",
    (batches) => {
      const advanced = new Set<number>()
      return {
        advance: (options) =>
          advanced.has(options.workspaceId)
            ? Effect.succeed([])
            : Effect.tap(batches.advance(options), (done) => {
                if (done.length > 0) advanced.add(options.workspaceId)
                return Effect.void
              })
      }
    }
  ),
  brokenBatchStore(
    "advances more batches than it may",
    "each call advances at most so many batches, of its workspace alone, and leaves none for good",
    (batches) => ({ advance: (options) => batches.advance({ ...options, limit: 1000 }) })
  ),
  brokenBatchStore(
    "says of each caller that it did what one did",
    "of callers that advance at the same time one does each thing",
    (batches) => {
      const told = new Map<number, number>()
      return {
        advance: (options) =>
          Effect.map(batches.advance(options), (done) => {
            const dispatched = done[0]?.dispatched ?? told.get(options.workspaceId) ?? 0
            told.set(options.workspaceId, dispatched)
            return done.length > 0 || dispatched === 0
              ? done
              : [{ batchId: BatchId.make(1), status: "completed" as const, dispatched, asked: 0 }]
          })
      }
    }
  ),
  brokenBatchStore(
    "finds nothing to advance",
    "a batch without a job is over at once, and what follows is dispatched",
    () => ({ dueWorkspaces: Effect.succeed([]) })
  ),
  brokenBatchStore(
    "lists the oldest first",
    "batches are listed the newest first, page by page, those of the workspace alone",
    (batches) => ({ list: (options) => Effect.map(batches.list(options), (page) => page.toReversed()) })
  ),
  brokenBatchStore(
    "lists all pages as the first",
    "batches are listed the newest first, page by page, those of the workspace alone",
    (batches) => ({ list: (options) => batches.list({ ...options, before: null }) })
  ),
  brokenBatchStore(
    "finds batches of any workspace",
    "a batch is not found from another workspace, nor one that does not exist, by any call",
    (batches) => {
      const owners = new Map<BatchId, NewBatch["workspaceId"]>()
      return {
        create: (wanted) =>
          Effect.tap(batches.create(wanted), (id) => Effect.sync(() => owners.set(id, wanted.workspaceId))),
        get: (workspaceId, batchId) => batches.get(owners.get(batchId) ?? workspaceId, batchId)
      }
    }
  ),
  brokenBatchStore(
    "counts nothing",
    "its counts are those of its jobs, whatever state each ended in, and add up",
    (batches) => ({
      get: (workspaceId, batchId) =>
        Effect.map(batches.get(workspaceId, batchId), (batch) => ({ ...batch, counts: none }))
    })
  ),
  brokenLedger(
    "takes an expired job for one that was done",
    "in a chain nothing begins after a step that failed, is in doubt or expired",
    (ledger) => ({
      settle: (options) =>
        ledger.settle({
          ...options,
          settlements: options.settlements.map((one) =>
            one.state === "expired" ? { ...one, state: "completed" as const } : one
          )
        })
    })
  ),
  brokenLedger("does not say of which batch a claimed job is", anyHistory, (ledger) => ({
    claim: (options) =>
      Effect.map(ledger.claim(options), (claimed) =>
        claimed === null
          ? null
          : { ...claimed, deliveries: claimed.deliveries.map((delivery) => ({ ...delivery, batchId: null })) }
      )
  }))
]
