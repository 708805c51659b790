/**
 * Records in Postgres. What reads is one statement, without a lock; what mends is a transaction for each workspace.
 *
 * Callers may rely on the contract of `Records`, and on this:
 * - under row-level security it finds what the role may see, whoever asks for what;
 * - memory: the names of pipelines, and a few words for each day's table that is kept.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { lanes } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { countedBefore, type DeliveryRecord, Records } from "@fibercast/ports/Records"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Days } from "./internal/Days.ts"
import * as DepthStatements from "./internal/DepthStatements.ts"
import * as MendStatements from "./internal/MendStatements.ts"
import { int2s, int4, int4s, int8, int8s, texts } from "./internal/Parameters.ts"
import { PipelineNames } from "./internal/PipelineNames.ts"
import { Pruning } from "./internal/Pruning.ts"
import * as RecallStatements from "./internal/RecallStatements.ts"
import { type AttemptRow, attemptOf, type RecordRow, recordOf } from "./internal/RecordRows.ts"
import * as RecordStatements from "./internal/RecordStatements.ts"
import { translate } from "./internal/Translate.ts"

/** What one transaction moves, forgets or clears at most. */
const most = 5000

type Opened = Pick<DeliveryRecord, "id" | "workspaceId">

export const layer: Layer.Layer<Records, never, SqlClient.SqlClient> = Layer.effect(
  Records,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const names = new PipelineNames(sql)
    const days = new Days(sql)
    const pruning = new Pruning(sql)

    /** Planned for the values at hand. */
    const ask = <Row extends object>({ parameters, text }: RecordStatements.Statement) =>
      sql.unsafe<Row>(text, parameters).unprepared

    const count = (statement: RecordStatements.Statement) =>
      Effect.map(ask<{ readonly count: number }>(statement), ([row]) => row?.count ?? 0)

    const reopen = (workspaceId: number, rows: ReadonlyArray<MendStatements.RetriableRow>, now: number) =>
      sql.withTransaction(
        Effect.gen(function* () {
          yield* sql.unsafe(MendStatements.lockWorkspace, [int4(workspaceId)])
          const campaigns = int4s([...new Set(rows.map((row) => row.campaign_id))])
          yield* sql.unsafe(MendStatements.lockCounts, [campaigns])
          const going = yield* sql.unsafe<{ readonly id: number }>(MendStatements.lockCampaigns, [campaigns])
          const opened = yield* sql.unsafe<MendStatements.ReopenedRow>(MendStatements.reopen, [
            int4(workspaceId),
            int8s(rows.map(({ id }) => id)),
            int8s(rows.map((row) => row.settled_at)),
            int4s([0, ...going.map(({ id }) => id)]),
            int8(now)
          ])
          const ofBatches = opened.filter(({ batch_id: batchId }) => batchId !== null)
          if (ofBatches.length > 0) {
            yield* sql.unsafe(MendStatements.reopenBatches, [
              int4(workspaceId),
              int4s(ofBatches.map(({ batch_id: batchId }) => batchId)),
              int2s(ofBatches.map(({ state }) => state))
            ])
          }
          return opened.map(({ id }): Opened => ({
            id: DeliveryId.make(id, { disableChecks: true }),
            workspaceId: WorkspaceId.make(workspaceId)
          }))
        })
      )

    return Records.of({
      depths: Effect.fn("Records.depths")(function* ({ now, workspaceId }) {
        const rows = yield* ask<DepthStatements.DepthRow>(DepthStatements.depths(workspaceId, now))
        return rows.map(({ claimed, due, open, paused, pipeline, ...row }) => ({
          workspaceId: WorkspaceId.make(row.workspace_id),
          lane: lanes[row.lane] ?? "normal",
          pipeline,
          open,
          due,
          claimed,
          oldestDue: row.oldest_due,
          nextDue: row.next_due,
          paused
        }))
      }, translate("count open work")),

      passages: Effect.fn("Records.passages")(function* ({ from, until, workspaceId }) {
        const rows = yield* ask<DepthStatements.PassageRow>(DepthStatements.passages(workspaceId, from, until))
        return rows.map(({ dispatched, lane, pipeline, workspace_id, ...ended }) => ({
          workspaceId: WorkspaceId.make(workspace_id),
          lane: lane === null ? null : (lanes[lane] ?? null),
          pipeline,
          dispatched,
          ended
        }))
      }, translate("count what came and ended")),

      find: Effect.fn("Records.find")(function* ({ id, workspaceId }) {
        const [row] = yield* ask<RecordRow & { readonly attempts: string }>(RecordStatements.find({ workspaceId }, id))
        if (row === undefined) return null
        const attempts: ReadonlyArray<AttemptRow> = JSON.parse(row.attempts)
        return { record: recordOf(row), attempts: attempts.map(attemptOf) }
      }, translate("find a delivery")),

      before: Effect.fn("Records.before")(function* ({ id, now }) {
        const [row] = yield* sql.unsafe<{ readonly count: number }>(RecordStatements.before, [
          int8(id),
          int8(now),
          int8(countedBefore)
        ])
        return row?.count ?? 0
      }, translate("count what comes before")),

      ended: Effect.fn("Records.ended")(function* ({ after, filter, limit }) {
        return (yield* ask<RecordRow>(RecordStatements.ended(filter, after, limit))).map(recordOf)
      }, translate("read what ended")),

      countEnded: Effect.fn("Records.countEnded")(function* (filter) {
        return yield* count(RecordStatements.countEnded(filter))
      }, translate("count what ended")),

      open: Effect.fn("Records.open")(function* ({ filter, limit }) {
        return (yield* ask<RecordRow>(RecordStatements.open(filter, limit))).map(recordOf)
      }, translate("read what is open")),

      countOpen: Effect.fn("Records.countOpen")(function* (filter) {
        return yield* count(RecordStatements.countOpen(filter))
      }, translate("count what is open")),

      retry: Effect.fn("Records.retry")(function* ({ filter, ids, limit, now }) {
        const rows = yield* ask<MendStatements.RetriableRow>(
          MendStatements.retriable(filter, ids, Math.min(limit, most))
        )
        const opened: Array<Opened> = []
        for (const [workspaceId, some] of Map.groupBy(rows, (row) => row.workspace_id)) {
          opened.push(...(yield* reopen(workspaceId, some, now)))
        }
        return opened.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      }, translate("open what ended")),

      forget: Effect.fn("Records.forget")(function* ({ filter, ids, limit }) {
        return yield* count(MendStatements.forget(filter, ids, Math.min(limit, most)))
      }, translate("forget what ended")),

      clear: Effect.fn("Records.clear")(function* ({ filter, limit, now, reason }) {
        yield* days.make(now)
        let left = Math.min(limit, most)
        for (const row of yield* ask<{ readonly workspace_id: number }>(MendStatements.toClear(filter, left))) {
          const workspaceId = WorkspaceId.make(row.workspace_id)
          left -= yield* sql.withTransaction(
            Effect.andThen(
              sql.unsafe(RecallStatements.lock, [int4(workspaceId)]),
              count(MendStatements.clear(workspaceId, filter, { limit: left, reason, now }))
            )
          )
          if (left <= 0) break
        }
        return Math.min(limit, most) - left
      }, translate("clear what is open")),

      pipelines: Effect.suspend(() => sql.unsafe<{ readonly name: string }>(RecordStatements.pipelines)).pipe(
        Effect.map((rows) => rows.map(({ name }) => name)),
        translate("read the names of pipelines"),
        Effect.withSpan("Records.pipelines")
      ),

      retain: Effect.fn("Records.retain")(function* (pipelines) {
        if (pipelines.length === 0) return
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* names.idsOf(pipelines.map(({ pipeline }) => pipeline))
            yield* sql.unsafe(RecordStatements.retain, [
              texts(pipelines.map(({ pipeline }) => pipeline)),
              int8s(pipelines.map(({ retention }) => (retention === Infinity ? -1 : retention)))
            ])
          })
        )
      }, translate("say how long records are kept")),

      prune: Effect.fn("Records.prune")(function* (options) {
        return yield* pruning.run(options)
      }, translate("prune records"))
    })
  })
)
