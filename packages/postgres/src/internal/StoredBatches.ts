/**
 * Batches as rows: what is read, and what is still to be dispatched of one.
 */
import { BatchId, BatchStatus } from "@fibercast/domain/Batch"
import { type Counts } from "@fibercast/domain/Counts"
import { Job } from "@fibercast/domain/Job"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Batch, BatchNotFound } from "@fibercast/ports/BatchStore"
import { Effect, Schema } from "effect"
import { type SqlClient } from "effect/sql"
import * as BatchStatements from "./BatchStatements.ts"
import { int4 } from "./Parameters.ts"

interface Row extends Counts {
  readonly id: number
  readonly workspace_id: number
  readonly name: string
  readonly status: string
  readonly allow_failures: number | null
  readonly stage: number
  readonly stages: number
  readonly waiting: number
  readonly note: string | null
  readonly created_at: number
  readonly ended_at: number | null
  readonly catches: boolean
}

const statusOf = Schema.decodeUnknownSync(BatchStatus)

const batchOf = (row: Row): Batch => {
  const { cancelled, completed, expired, failed, open, planned, skipped, unknown } = row
  return {
    id: BatchId.make(row.id),
    workspaceId: WorkspaceId.make(row.workspace_id),
    name: row.name,
    status: statusOf(row.status),
    allowFailures: row.allow_failures,
    stage: row.stage,
    stages: row.stages,
    counts: { planned, open, completed, failed, skipped, cancelled, expired, unknown },
    waiting: row.waiting,
    note: row.note,
    createdAt: row.created_at,
    endedAt: row.ended_at
  }
}

/** The row, and the batch that it is. */
export const find = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, workspaceId: WorkspaceId, batchId: BatchId) {
  const [row] = yield* sql.unsafe<Row>(BatchStatements.byId, [int4(workspaceId), int4(batchId)])
  return row === undefined ? yield* new BatchNotFound({ batchId }) : { batch: batchOf(row), catches: row.catches }
})

export const list = (sql: SqlClient.SqlClient, workspaceId: WorkspaceId, before: BatchId | null, limit: number) =>
  Effect.map(
    sql.unsafe<Row>(BatchStatements.newest, [int4(workspaceId), int4(before ?? 2_147_483_647), int4(limit)]),
    (rows) => rows.map(batchOf)
  )

const Stages = Schema.fromJsonString(Schema.Array(Schema.Array(Job)))
const OneJob = Schema.fromJsonString(Job)

export const storedStages = Schema.encodeSync(Stages)
const readStages = Schema.decodeSync(Stages)
const encodeJob = Schema.encodeSync(OneJob)
const decodeJob = Schema.decodeSync(OneJob)

export const storedJob = (job: Job | null): string | null => (job === null ? null : encodeJob(job))
export const readJob = (text: string | null): Job | null => (text === null ? null : decodeJob(text))

/** What is still to be dispatched. */
export const toCome = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  workspaceId: WorkspaceId,
  batchId: BatchId
) {
  const [row] = yield* sql.unsafe<{
    readonly to_come: string
    readonly then_job: string | null
    readonly catch_job: string | null
    readonly finally_job: string | null
  }>(BatchStatements.toCome, [int4(workspaceId), int4(batchId)])
  if (row === undefined) return yield* Effect.die(new Error(`the batch ${batchId} vanished`))
  return {
    stages: readStages(row.to_come),
    then: readJob(row.then_job),
    catch: readJob(row.catch_job),
    finally: readJob(row.finally_job)
  }
})

/** How many jobs these stages have. */
export const sizeOf = (stages: ReadonlyArray<ReadonlyArray<Job>>): number =>
  stages.reduce((sum, stage) => sum + stage.length, 0)
