/**
 * Who schedules, and what all schedulers go by. Each call is one statement.
 */
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type Pulse } from "@fibercast/ports/Attendance"
import { type Context, Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { int8, text } from "./Parameters.ts"
import * as SchedulerStatements from "./SchedulerStatements.ts"
import { translate } from "./Translate.ts"

type Calls = Pick<
  Context.Service.Shape<typeof TriggerStore>,
  "beat" | "schedulers" | "retire" | "attendance" | "maintenance" | "setMaintenance"
>

interface PulseRow {
  readonly maintenance_since: number | null
  readonly maintenance_note: string | null
}

interface BeatRow extends PulseRow {
  readonly alive_since: number
  readonly own_alive_since: number
}

interface SchedulerRow {
  readonly scheduler: string
  readonly app: string | null
  readonly started_at: number
  readonly passed_at: number
}

interface AttendanceRow {
  readonly app: string | null
  readonly triggers: number
  readonly since: number
  readonly passed_at: number | null
}

const day = 86_400_000

const maintenanceOf = (row: PulseRow): Pulse["maintenance"] =>
  row.maintenance_since === null ? null : { since: row.maintenance_since, note: row.maintenance_note }

/** `scheduling` has one row since the migration that made it. */
const theOne = <Row>(rows: ReadonlyArray<Row>): Effect.Effect<Row> =>
  rows[0] === undefined ? Effect.die(new Error("the row of scheduling is gone")) : Effect.succeed(rows[0])

export const make = (sql: SqlClient.SqlClient): Calls => ({
  beat: Effect.fn("TriggerStore.beat")(function* ({ app, downAfter, now, scheduler, startedAt }) {
    const rows = yield* sql.unsafe<BeatRow>(SchedulerStatements.beat, [
      text(scheduler),
      text(app),
      int8(startedAt),
      int8(now),
      int8(downAfter),
      int8(now - day)
    ])
    const row = yield* theOne(rows)
    return { aliveSince: row.alive_since, ownAliveSince: row.own_alive_since, maintenance: maintenanceOf(row) }
  }, translate("note that a scheduler passes")),

  schedulers: sql.unsafe<SchedulerRow>(SchedulerStatements.schedulers).pipe(
    Effect.map((rows) =>
      rows.map((row) => ({
        scheduler: row.scheduler,
        app: row.app,
        startedAt: row.started_at,
        passedAt: row.passed_at
      }))
    ),
    Effect.withSpan("TriggerStore.schedulers"),
    translate("list schedulers")
  ),

  retire: Effect.fn("TriggerStore.retire")(function* (scheduler) {
    yield* sql.unsafe(SchedulerStatements.retire, [text(scheduler)])
  }, translate("retire a scheduler")),

  attendance: sql.unsafe<AttendanceRow>(SchedulerStatements.attendance).pipe(
    Effect.map((rows) =>
      rows.map((row) => ({ app: row.app, triggers: row.triggers, since: row.since, passedAt: row.passed_at }))
    ),
    Effect.withSpan("TriggerStore.attendance"),
    translate("see who looks after triggers")
  ),

  maintenance: sql
    .unsafe<PulseRow>(SchedulerStatements.pulse)
    .pipe(
      Effect.flatMap(theOne),
      Effect.map(maintenanceOf),
      Effect.withSpan("TriggerStore.maintenance"),
      translate("read the maintenance")
    ),

  setMaintenance: Effect.fn("TriggerStore.setMaintenance")(function* ({ note, now, on }) {
    yield* on
      ? sql.unsafe(SchedulerStatements.maintain, [int8(now), text(note)])
      : sql.unsafe(SchedulerStatements.maintained)
  }, translate("set the maintenance"))
})
