/**
 * Triggers as they stand: put, found, paused, removed, and which of them are due.
 */
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Put, TriggerNotFound, type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { WorkspaceNotFound } from "@fibercast/ports/WorkspaceStore"
import { type Context, Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { reasonCode } from "./Codes.ts"
import * as OccurrenceStatements from "./OccurrenceStatements.ts"
import { int2, int4, int8, text } from "./Parameters.ts"
import { countDropped, type DroppedRow } from "./RecordAdvances.ts"
import { type StoredTriggers } from "./StoredTriggers.ts"
import { TallyChanges } from "./TallyChanges.ts"
import { translate } from "./Translate.ts"
import * as TriggerStatements from "./TriggerStatements.ts"
import { type TriggerRow } from "./TriggerStatements.ts"

type Calls = Pick<
  Context.Service.Shape<typeof TriggerStore>,
  "put" | "find" | "list" | "remove" | "pause" | "resume" | "due" | "nextDue"
>

/** Before any place in what is due. */
const beforeAll = { nextDue: Number.MIN_SAFE_INTEGER, triggerId: 0 }

export const make = (sql: SqlClient.SqlClient, triggers: StoredTriggers): Calls => {
  const find = Effect.fnUntraced(function* (workspaceId: number, name: string, operation: string) {
    const [row] = yield* sql.unsafe<TriggerRow>(TriggerStatements.byName, [int4(workspaceId), text(name)])
    return row === undefined ? null : yield* triggers.one(row, operation)
  })

  return {
    put: Effect.fn("TriggerStore.put")(function* ({ definition, now, seen, ...put }: Put) {
      const operation = "put a trigger"
      const [row] = yield* sql.unsafe<TriggerRow>(seen === null ? TriggerStatements.add : TriggerStatements.change, [
        int4(put.workspaceId),
        text(definition.trigger.name),
        text(put.app),
        text(JSON.stringify(definition)),
        definition.misfires.paused._tag === "Skip",
        text(definition.overlapKey),
        text(put.zone),
        int8(put.cursor),
        int8(put.nextDue),
        text(put.rules),
        seen === null ? int8(now) : int4(seen.revision)
      ])
      if (row !== undefined) return yield* triggers.one(row, operation)
      const { workspaceId } = put
      const workspace = yield* sql.unsafe(TriggerStatements.workspace, [int4(workspaceId)])
      if (workspace.length > 0) return null
      return yield* new LedgerUnavailable({ operation, cause: new WorkspaceNotFound({ workspaceId }) })
    }, translate("put a trigger")),

    find: Effect.fn("TriggerStore.find")(function* (workspaceId, name) {
      return yield* find(workspaceId, name, "find a trigger")
    }, translate("find a trigger")),

    list: Effect.fn("TriggerStore.list")(function* ({ workspaceId }) {
      const rows = yield* workspaceId === null
        ? sql.unsafe<TriggerRow>(TriggerStatements.ofAll)
        : sql.unsafe<TriggerRow>(TriggerStatements.ofWorkspace, [int4(workspaceId)])
      return yield* triggers.all(rows)
    }, translate("list triggers")),

    remove: Effect.fn("TriggerStore.remove")(
      function* ({ now, revision, triggerId }) {
        const [removed] = yield* sql.unsafe<{ readonly workspace_id: number }>(TriggerStatements.remove, [
          int4(triggerId),
          int4(revision),
          int8(now)
        ])
        if (removed === undefined) return false
        const dropped = yield* sql.unsafe<DroppedRow>(OccurrenceStatements.drop, [
          int4(removed.workspace_id),
          int4(triggerId),
          int2(reasonCode("removed")),
          int8(now)
        ])
        const tallies = new TallyChanges()
        countDropped(tallies, dropped, "removed")
        yield* tallies.write(sql)
        return true
      },
      sql.withTransaction,
      translate("remove a trigger")
    ),

    pause: Effect.fn("TriggerStore.pause")(function* ({ name, note, now, workspaceId }) {
      const [row] = yield* sql.unsafe<TriggerRow>(TriggerStatements.pause, [
        int4(workspaceId),
        text(name),
        text(note),
        int8(now)
      ])
      return row === undefined ? yield* new TriggerNotFound({ name }) : yield* triggers.one(row, "pause a trigger")
    }, translate("pause a trigger")),

    resume: Effect.fn("TriggerStore.resume")(function* ({ name, now, workspaceId }) {
      const operation = "resume a trigger"
      const [row] = yield* sql.unsafe<TriggerRow>(TriggerStatements.resume, [int4(workspaceId), text(name), int8(now)])
      const trigger =
        row === undefined ? yield* find(workspaceId, name, operation) : yield* triggers.one(row, operation)
      return trigger ?? (yield* new TriggerNotFound({ name }))
    }, translate("resume a trigger")),

    due: Effect.fn("TriggerStore.due")(function* ({ after, app, limit, now }) {
      const due: Array<StoredTrigger> = []
      let place: { readonly nextDue: number; readonly triggerId: number } = after ?? beforeAll
      // Reads on where some cannot be read: a page of them must not hide what comes after it.
      while (due.length < limit) {
        const wanted = limit - due.length
        const rows = yield* sql.unsafe<TriggerRow>(TriggerStatements.due, [
          text(app),
          int8(now),
          int8(place.nextDue),
          int8(place.triggerId),
          int8(wanted)
        ])
        due.push(...(yield* triggers.all(rows)))
        const last = rows.at(-1)
        if (last === undefined || last.next_due === null || rows.length < wanted) break
        place = { nextDue: last.next_due, triggerId: last.id }
      }
      return due
    }, translate("find due triggers")),

    nextDue: Effect.fn("TriggerStore.nextDue")(function* ({ after, app }) {
      const [row] = yield* sql.unsafe<{ readonly next_due: number | null }>(TriggerStatements.nextDue, [
        text(app),
        int8(after)
      ])
      return row?.next_due ?? null
    }, translate("find the next due trigger"))
  }
}
