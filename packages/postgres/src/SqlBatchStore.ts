/**
 * The BatchStore in Postgres. Each call joins the caller's transaction, or makes one of its own; `advance` makes one for
 * each batch.
 *
 * Memory: the names of pipelines, and the jobs of one batch while it is created or goes on.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { dispatched } from "@fibercast/domain/Job"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Advanced, BatchOver, BatchStore, type NewBatch } from "@fibercast/ports/BatchStore"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { WorkspaceNotFound } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { advanceBatch, stop } from "./internal/AdvanceBatch.ts"
import * as BatchStatements from "./internal/BatchStatements.ts"
import { insertDeliveries } from "./internal/InsertDeliveries.ts"
import { int4, int8, text } from "./internal/Parameters.ts"
import { PipelineNames } from "./internal/PipelineNames.ts"
import * as RecallStatements from "./internal/RecallStatements.ts"
import { find, list, sizeOf, storedJob, storedStages } from "./internal/StoredBatches.ts"
import { translate } from "./internal/Translate.ts"

export const layer: Layer.Layer<BatchStore, never, SqlClient.SqlClient> = Layer.effect(
  BatchStore,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const names = new PipelineNames(sql)

    const create = Effect.fnUntraced(function* (wanted: NewBatch) {
      const { allowFailures, name, now, stages, workspaceId } = wanted
      const [first = [], ...rest] = stages
      const [made] = yield* sql.unsafe<{ readonly id: number }>(BatchStatements.create, [
        int4(workspaceId),
        text(name),
        int4(allowFailures),
        int4(Math.min(stages.length, 1)),
        int4(stages.length),
        text(storedStages(rest)),
        int4(sizeOf(rest)),
        text(storedJob(wanted.then)),
        text(storedJob(wanted.catch)),
        text(storedJob(wanted.finally)),
        int8(now)
      ])
      if (made === undefined) {
        return yield* new LedgerUnavailable({
          operation: "create a batch",
          cause: new WorkspaceNotFound({ workspaceId })
        })
      }
      const id = BatchId.make(made.id)
      yield* insertDeliveries(sql, names, {
        workspaceId,
        now,
        deliveries: first.map((job) => dispatched(job, now, id))
      })
      return id
    })

    return BatchStore.of({
      create: Effect.fn("BatchStore.create")(
        (wanted: NewBatch) => sql.withTransaction(create(wanted)),
        translate("create a batch")
      ),

      get: Effect.fn("BatchStore.get")(function* (workspaceId, batchId) {
        return (yield* find(sql, workspaceId, batchId)).batch
      }, translate("read a batch")),

      list: Effect.fn("BatchStore.list")(
        ({ before, limit, workspaceId }) => list(sql, workspaceId, before, limit),
        translate("list batches")
      ),

      add: Effect.fn("BatchStore.add")(function* ({ batchId, jobs, now, workspaceId }) {
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql.unsafe(BatchStatements.lock, [int4(workspaceId), int4(batchId)])
            const { status } = (yield* find(sql, workspaceId, batchId)).batch
            if (status !== "running") return yield* new BatchOver({ batchId, status })
            const deliveries = jobs.map((job) => dispatched(job, now, batchId))
            yield* insertDeliveries(sql, names, { workspaceId, now, deliveries })
          })
        )
      }, translate("add to a batch")),

      cancel: Effect.fn("BatchStore.cancel")(function* (options) {
        const { batchId, workspaceId } = options
        return yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql.unsafe(RecallStatements.lock, [int4(workspaceId)])
            yield* sql.unsafe(BatchStatements.lock, [int4(workspaceId), int4(batchId)])
            const { batch } = yield* find(sql, workspaceId, batchId)
            if (batch.status !== "running") return batch
            yield* stop(sql, { ...options, status: "cancelled" })
            return (yield* find(sql, workspaceId, batchId)).batch
          })
        )
      }, translate("cancel a batch")),

      advance: Effect.fn("BatchStore.advance")(function* ({ limit, now, workspaceId }) {
        const due = yield* sql.unsafe<{ readonly id: number }>(BatchStatements.due, [int4(workspaceId), int4(limit)])
        const advanced: Array<Advanced> = []
        for (const { id } of due) {
          const one = yield* advanceBatch(sql, names, { workspaceId, batchId: BatchId.make(id), now })
          if (one !== null) advanced.push(one)
        }
        return advanced
      }, translate("advance batches")),

      dueWorkspaces: sql
        .unsafe<{
          readonly id: number
          readonly owner: string | null
          readonly owned_until: number | null
        }>(BatchStatements.dueWorkspaces, [])
        .pipe(
          Effect.map((rows) =>
            rows.map((row) => ({
              workspaceId: WorkspaceId.make(row.id),
              owner: row.owner,
              ownedUntil: row.owned_until
            }))
          ),
          translate("find workspaces with batches to advance"),
          Effect.withSpan("BatchStore.dueWorkspaces")
        )
    })
  })
)
