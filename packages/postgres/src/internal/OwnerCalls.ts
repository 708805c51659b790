/**
 * The calls of the Ledger by which a workspace gets an owner, keeps it and loses it.
 */
import { Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type TakeOver, WorkspaceHeld } from "@fibercast/ports/Owned"
import { WorkspaceNotFound } from "@fibercast/ports/WorkspaceStore"
import { type Context, Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { lanesOf } from "./Codes.ts"
import { type Days } from "./Days.ts"
import { fenced } from "./Fenced.ts"
import * as FinishStatements from "./FinishStatements.ts"
import * as OwnerStatements from "./OwnerStatements.ts"
import { int4, int8, text } from "./Parameters.ts"
import { translate } from "./Translate.ts"

type Calls = Pick<Context.Service.Shape<typeof Ledger>, "takeOver" | "heartbeat" | "abandon">

export const of = (sql: SqlClient.SqlClient, days: Days): Calls => {
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
    }, translate("abandon"))
  }
}
