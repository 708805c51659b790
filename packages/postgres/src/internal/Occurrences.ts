/**
 * Occurrences and their runs: recorded, held up, released, ended, and looked back on.
 */
import { TriggerId } from "@fibercast/domain/TriggerId"
import { type Advance, type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type Waiting } from "@fibercast/ports/Run"
import { Array, type Context, Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { outcomeOf, reasonOf } from "./Codes.ts"
import { fillOccurrences } from "./FillOccurrences.ts"
import { endedRunOf, type EndedRow, recordedOf, type RecordedRow, runOf, type RunRow } from "./OccurrenceRows.ts"
import * as OccurrenceStatements from "./OccurrenceStatements.ts"
import { int4, int8, text } from "./Parameters.ts"
import { PipelineNames } from "./PipelineNames.ts"
import { recordAdvances } from "./RecordAdvances.ts"
import { releaseOccurrence } from "./ReleaseOccurrence.ts"
import * as RunStatements from "./RunStatements.ts"
import { type StoredTriggers } from "./StoredTriggers.ts"
import { translate } from "./Translate.ts"
import { type TriggerRow } from "./TriggerStatements.ts"

type Calls = Pick<
  Context.Service.Shape<typeof TriggerStore>,
  | "holders"
  | "record"
  | "fill"
  | "ready"
  | "release"
  | "end"
  | "output"
  | "history"
  | "runOf"
  | "nominals"
  | "tallies"
  | "forget"
>

interface TallyRow {
  readonly trigger_id: number
  readonly outcome: number
  readonly reason: number
  readonly count: number
}

interface WaitingRow extends RunRow, TriggerRow {
  readonly reason: number | null
}

/** At most this many advances a transaction. */
const batchSize = 500

export const make = (sql: SqlClient.SqlClient, triggers: StoredTriggers): Calls => {
  const pipelines = new PipelineNames(sql)

  return {
    holders: Effect.fn("TriggerStore.holders")(function* ({ overlapKey, workspaceId }) {
      const [row] = yield* sql.unsafe<{ readonly waiting: number }>(RunStatements.waiting, [
        int4(workspaceId),
        text(overlapKey)
      ])
      const runs = yield* sql.unsafe<RunRow>(RunStatements.holders, [int4(workspaceId), text(overlapKey)])
      return { runs: runs.map(runOf), waiting: row?.waiting ?? 0 }
    }, translate("find what holds an overlap key")),

    record: Effect.fn("TriggerStore.record")(function* (options: {
      readonly now: number
      readonly advances: ReadonlyArray<Advance>
    }) {
      const written = yield* Effect.forEach(Array.chunksOf(options.advances, batchSize), (some) =>
        sql.withTransaction(recordAdvances(sql, pipelines, options.now, some))
      )
      return written.flat()
    }, translate("record occurrences")),

    fill: Effect.fn("TriggerStore.fill")(
      (options) => sql.withTransaction(fillOccurrences(sql, pipelines, options)),
      translate("fill in occurrences")
    ),

    ready: Effect.fn("TriggerStore.ready")(function* ({ app, limit }) {
      const ready: globalThis.Array<Waiting> = []
      let last = 0n
      while (ready.length < limit) {
        const wanted = limit - ready.length
        const rows = yield* sql.unsafe<WaitingRow>(RunStatements.ready, [text(app), int8(last), int8(wanted)])
        const some = yield* triggers.each(rows)
        for (const [place, row] of rows.entries()) {
          const trigger = some[place]
          if (trigger) ready.push({ ...runOf(row), trigger })
          last = row.occurrence_id
        }
        if (rows.length < wanted) break
      }
      return ready
    }, translate("find what waits no more")),

    release: Effect.fn("TriggerStore.release")(
      (options) => sql.withTransaction(releaseOccurrence(sql, pipelines, options)),
      translate("release an occurrence")
    ),

    end: Effect.fn("TriggerStore.end")(function* ({ app, limit, now }) {
      const rows = yield* sql.unsafe<EndedRow>(RunStatements.end, [
        text(app),
        int8(now),
        int8(limit),
        text("nothing is kept about its end")
      ])
      return rows.map(endedRunOf).toSorted((a, b) => (a.occurrenceId < b.occurrenceId ? -1 : 1))
    }, translate("end runs")),

    output: Effect.fn("TriggerStore.output")(function* (options) {
      const { nominal, text: printed, triggerId } = options
      yield* sql.unsafe(OccurrenceStatements.output, [int4(triggerId), int8(nominal), text(printed)])
    }, translate("keep an output")),

    history: Effect.fn("TriggerStore.history")(function* ({ before, limit, triggerId }) {
      const rows = yield* sql.unsafe<RecordedRow>(OccurrenceStatements.history, [
        int4(triggerId),
        int8(before ?? Number.MAX_SAFE_INTEGER),
        int8(limit)
      ])
      return rows.map(recordedOf)
    }, translate("read a history")),

    runOf: Effect.fn("TriggerStore.runOf")(function* (deliveryId) {
      const [row] = yield* sql.unsafe<RunRow>(OccurrenceStatements.runOf, [int8(deliveryId)])
      return row === undefined ? null : runOf(row)
    }, translate("find a delivery's run")),

    nominals: Effect.fn("TriggerStore.nominals")(function* ({ from, limit, to, triggerId }) {
      const rows = yield* sql.unsafe<{ readonly nominal_at: number }>(OccurrenceStatements.nominals, [
        int4(triggerId),
        int8(from),
        int8(to),
        int8(limit)
      ])
      return rows.map(({ nominal_at }) => nominal_at)
    }, translate("read recorded times")),

    tallies: Effect.fn("TriggerStore.tallies")(function* ({ workspaceId }) {
      const rows = yield* workspaceId === null
        ? sql.unsafe<TallyRow>(OccurrenceStatements.allTallies)
        : sql.unsafe<TallyRow>(OccurrenceStatements.tallies, [int4(workspaceId)])
      return rows.map((row) => ({
        triggerId: TriggerId.make(row.trigger_id, { disableChecks: true }),
        outcome: outcomeOf(row.outcome),
        reason: reasonOf(row.reason),
        count: row.count
      }))
    }, translate("count occurrences")),

    forget: Effect.fn("TriggerStore.forget")(function* ({ before, limit }) {
      const [row] = yield* sql.unsafe<{ readonly forgotten: number }>(OccurrenceStatements.forget, [
        int8(before),
        int8(limit)
      ])
      return row?.forgotten ?? 0
    }, translate("forget occurrences"))
  }
}
