/**
 * Does what is to follow from how one batch stands, step by step, in one transaction.
 */
import { type BatchId, nextStep, outcome } from "@fibercast/domain/Batch"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { dispatched, type Job } from "@fibercast/domain/Job"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Advanced } from "@fibercast/ports/BatchStore"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import * as BatchStatements from "./BatchStatements.ts"
import { insertDeliveries } from "./InsertDeliveries.ts"
import { int4, int8, text } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import * as RecallStatements from "./RecallStatements.ts"
import { find, sizeOf, storedStages, toCome } from "./StoredBatches.ts"
import { takeBack } from "./TakeBack.ts"

interface Options {
  readonly workspaceId: WorkspaceId
  readonly batchId: BatchId
  readonly now: number
}

/** Cancels what of it is open and asks for what is held; answers how much that is. The workspace is locked, then its standing. */
export const stop = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { batchId, now, reason, status, workspaceId }: Options & { readonly status: string; readonly reason: string }
) {
  const one = [int4(workspaceId), int4(batchId)]
  yield* sql.unsafe(BatchStatements.stopped, [...one, text(status), text(reason)])
  const open = yield* sql.unsafe<{ readonly id: bigint }>(BatchStatements.open, one)
  const ids = open.map(({ id }) => DeliveryId.make(id, { disableChecks: true }))
  if (ids.length === 0) return 0
  return (yield* takeBack(sql, { workspaceId, ids, now, reason, force: false })).asked.length
})

/** Null: there was nothing to do, or somebody else has it in hand. */
export const advanceBatch = (sql: SqlClient.SqlClient, names: PipelineNames, options: Options) => {
  const { batchId, now, workspaceId } = options
  const one = [int4(workspaceId), int4(batchId)]

  /** `mayStop`: the workspace is locked first. Answers `blocked` where it would have to be, and is not. */
  const attempt = Effect.fnUntraced(function* (mayStop: boolean) {
    if (mayStop) yield* sql.unsafe(RecallStatements.lock, [int4(workspaceId)])
    if ((yield* sql.unsafe(BatchStatements.lockDue, one)).length === 0) return null
    let count = 0
    let asked = 0
    const dispatch = Effect.fnUntraced(function* (jobs: ReadonlyArray<Job | null>, of?: BatchId) {
      const deliveries = jobs.flatMap((job) => (job === null ? [] : [dispatched(job, now, of)]))
      count += deliveries.length
      yield* insertDeliveries(sql, names, { workspaceId, now, deliveries })
    })
    for (;;) {
      const { batch, catches } = yield* Effect.catchTag(find(sql, workspaceId, batchId), "BatchNotFound", Effect.die)
      const { status } = batch
      const answer: Advanced = { batchId, status, dispatched: count, asked }
      if (batch.endedAt !== null) return answer
      switch (nextStep({ ...batch, catches, stagesLeft: batch.stages - batch.stage })) {
        case null:
          return answer
        case "catch": {
          const { catch: job } = yield* toCome(sql, workspaceId, batchId)
          yield* sql.unsafe(BatchStatements.caught, one)
          yield* dispatch([job])
          break
        }
        case "stop": {
          if (!mayStop) return "blocked"
          const reason = `more of the batch failed than it allows: ${batch.allowFailures ?? 0}`
          asked += yield* stop(sql, { ...options, status: "failed", reason })
          break
        }
        case "begin": {
          const [stage = [], ...rest] = (yield* toCome(sql, workspaceId, batchId)).stages
          yield* sql.unsafe(BatchStatements.begun, [...one, text(storedStages(rest)), int4(sizeOf(rest))])
          yield* dispatch(stage, batchId)
          break
        }
        case "end": {
          const result = outcome(status)
          const left = yield* toCome(sql, workspaceId, batchId)
          yield* sql.unsafe(BatchStatements.ended, [...one, text(result), int8(now)])
          yield* dispatch([result === "completed" ? left.then : null, left.finally])
        }
      }
    }
  })

  const inTransaction = (mayStop: boolean) =>
    sql.withTransaction(
      Effect.flatMap(attempt(mayStop), (answer) =>
        answer === "blocked" ? Effect.fail({ _tag: "Blocked" } as const) : Effect.succeed(answer)
      )
    )
  return Effect.catchTag(inTransaction(false), "Blocked", () =>
    Effect.catchTag(inTransaction(true), "Blocked", () => Effect.die(new Error("a locked batch is blocked")))
  )
}
