/**
 * Triggers in code: the monthly report on the first of each month at 03:00 in Jakarta, and attendance counted each
 * weekday evening, one run at a time.
 */
import * as Frequency from "@fibercast/domain/Frequency"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as App from "@fibercast/node/App"
import { Effect, pipe } from "effect"
import { MonthlyReport } from "./FirstPipeline.ts"

const countAttendance = Effect.logInfo("attendance counted")

export const scheduled = [
  Scheduled.dispatch(
    "reports.monthly",
    pipe(Frequency.monthlyOn(1, "03:00"), Frequency.timezone("Asia/Jakarta")),
    MonthlyReport,
    ({ wallTime }) => ({ student: "Ayu", phone: "0812-3456-789", month: wallTime.slice(0, 7) })
  ),
  Scheduled.run(
    "attendance.count",
    pipe(Frequency.dailyAt("18:30"), Frequency.weekdays, Frequency.timezone("Asia/Jakarta")),
    countAttendance,
    { timeout: "10 minutes" }
  ).pipe(
    Scheduled.withoutOverlapping,
    Scheduled.onFailure(({ failure }) => Effect.logError(`attendance: ${failure}`))
  )
]

export default App.make({ name: "school", pipelines: [MonthlyReport], scheduled, layer: Fonnte.layerConfig })
