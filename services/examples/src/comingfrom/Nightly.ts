/**
 * What fires by the clock.
 */
import * as Frequency from "@fibercast/domain/Frequency"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { pipe } from "effect"
import { SyncStock } from "./Retries.ts"
import { work } from "./Work.ts"

export const scheduled = [
  Scheduled.run("queue.ping", Frequency.everyTenSeconds, work("ping")).pipe(
    Scheduled.withoutOverlapping,
    Scheduled.evenInMaintenanceMode
  ),
  Scheduled.dispatch("stock.sync", Frequency.hourlyAt([15, 45]), SyncStock, "main"),
  Scheduled.run(
    "books.close",
    pipe(Frequency.monthlyOn(4, "15:00"), Frequency.timezone("Asia/Jakarta")),
    work("close the books"),
    { timeout: "30 minutes" }
  ).pipe(
    Scheduled.withoutOverlapping,
    Scheduled.environments("production", "staging"),
    Scheduled.onFailure(({ failure }) => work(`the books are open: ${failure}`))
  ),
  Scheduled.run(
    "report.weekdays",
    pipe(
      Frequency.everyFifteenMinutes,
      Frequency.weekdays,
      Frequency.between("08:00", "17:00"),
      Frequency.timezone("Asia/Jakarta")
    ),
    work("report")
  )
]
