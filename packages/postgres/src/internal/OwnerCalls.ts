/**
 * The calls of the Ledger by which a workspace gets an owner, keeps it and loses it.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { CampaignId } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import * as Lane from "@fibercast/domain/Lane"
import { Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Doubt } from "@fibercast/ports/Doubt"
import { type Ledger, LedgerUnavailable, strangeWait } from "@fibercast/ports/Ledger"
import { type TakeOver, WorkspaceHeld } from "@fibercast/ports/Owned"
import { WorkspaceNotFound } from "@fibercast/ports/WorkspaceStore"
import { type Context, Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { lanesOf } from "./Codes.ts"
import { type Days } from "./Days.ts"
import * as DoubtStatements from "./DoubtStatements.ts"
import { fenced } from "./Fenced.ts"
import * as FinishStatements from "./FinishStatements.ts"
import * as OwnerStatements from "./OwnerStatements.ts"
import { int4, int8, text, texts } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import { translate } from "./Translate.ts"

type Calls = Pick<Context.Service.Shape<typeof Ledger>, "takeOver" | "heartbeat" | "abandon" | "takeDoubts">

export const of = (sql: SqlClient.SqlClient, days: Days, names: PipelineNames): Calls => {
  const rescue = ({ now, workspaceId }: { readonly workspaceId: WorkspaceId; readonly now: number }) =>
    sql
      .unsafe<{ readonly rescued: number; readonly unknown: number }>(FinishStatements.rescue, [
        int4(workspaceId),
        text("its sender was lost after it may have been sent"),
        int8(now)
      ])
      .pipe(Effect.map(([row]) => row ?? { rescued: 0, unknown: 0 }))

  return {
    takeOver: Effect.fn("Ledger.takeOver")(function* (options: TakeOver) {
      const { force, lease, now, owner, workspaceId } = options
      yield* days.make(now)
      return yield* sql.withTransaction(
        Effect.gen(function* () {
          const [taken] = yield* sql.unsafe<{ readonly epoch: number }>(OwnerStatements.takeOver, [
            int4(workspaceId),
            text(owner),
            int8(now),
            int8(now + lease),
            force
          ])
          if (taken !== undefined) return { epoch: Epoch.make(taken.epoch), ...(yield* rescue(options)) }
          const [held] = yield* sql.unsafe<{ readonly owner: string; readonly until: number }>(OwnerStatements.holder, [
            int4(workspaceId)
          ])
          if (held === undefined)
            return yield* new LedgerUnavailable({
              operation: "take over",
              cause: new WorkspaceNotFound({ workspaceId })
            })
          return yield* new WorkspaceHeld({ workspaceId, ...held })
        })
      )
    }, translate("take over")),

    heartbeat: Effect.fn("Ledger.heartbeat")(function* (options) {
      const rows = yield* sql.unsafe<{ readonly paused_lanes: number }>(OwnerStatements.heartbeat, [
        int4(options.workspaceId),
        int4(options.epoch),
        int8(options.now + options.lease)
      ])
      return lanesOf((yield* fenced(options, rows)).paused_lanes)
    }, translate("heartbeat")),

    abandon: Effect.fn("Ledger.abandon")(function* (options) {
      yield* days.make(options.now)
      yield* sql.withTransaction(
        Effect.gen(function* () {
          const given = yield* sql.unsafe(OwnerStatements.abandon, [int4(options.workspaceId), int4(options.epoch)])
          if (given.length > 0) yield* rescue(options)
        })
      )
    }, translate("abandon")),

    takeDoubts: Effect.fn("Ledger.takeDoubts")(function* ({ limit, pipelines, ...owned }) {
      const rows = yield* (
        sql
          .unsafe<DoubtStatements.TakenRow>(DoubtStatements.take, [
            int4(owned.workspaceId),
            int4(owned.epoch),
            texts(pipelines),
            int8(owned.now - strangeWait),
            int8(limit)
          ])
          // Nothing but what was opened again or forgotten since: there may be more.
          .pipe(Effect.repeat({ while: (found) => found.length > 0 && found.every(DoubtStatements.isGone) }))
      )
      yield* fenced(owned, rows)
      const found = rows.filter(({ id }) => id !== null)
      const pipeline = yield* names.namesOf(found.map((row) => row.pipeline_id))
      return found.flatMap(({ id, ...row }): ReadonlyArray<Doubt> => {
        const lane = Lane.lanes[row.lane]
        if (id === null || lane === undefined) return []
        const delivery = {
          id: DeliveryId.make(id, { disableChecks: true }),
          pipeline: pipeline(row.pipeline_id),
          lane,
          campaignId: row.campaign_id === 0 ? null : CampaignId.make(row.campaign_id),
          attempt: row.attempt - 1,
          rescues: row.rescues,
          dueAt: row.due_at,
          deadline: row.deadline,
          payload: row.payload,
          batchId: row.batch_id === null ? null : BatchId.make(row.batch_id, { disableChecks: true })
        }
        return [{ delivery, reason: row.reason ?? "" }]
      })
    }, translate("find what is in doubt"))
  }
}
