/**
 * A school that tells parents by WhatsApp when the monthly report of their child is ready.
 * `FONNTE_TOKEN=… fibercast dev --app services/examples/src/school/App.ts`
 */
import * as Frequency from "@fibercast/domain/Frequency"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { EngineConfig } from "@fibercast/engine/EngineConfig"
import type * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as App from "@fibercast/node/App"
import { Effect, Layer, pipe } from "effect"
import { Admins, TellAdmins } from "./Admins.ts"
import { MonthlyReport } from "./MonthlyReport.ts"
import { Register } from "./Register.ts"
import * as Reports from "./Reports.ts"

export const pipelines = [MonthlyReport, TellAdmins]
export type Needs = Pipeline.RequirementsOf<(typeof pipelines)[number]>

/** On the first of each month at eight, for the month that has ended. */
export const scheduled = [
  Scheduled.run(
    "reports.monthly",
    pipe(Frequency.monthlyOn(1, "08:00"), Frequency.timezone(Reports.zone)),
    ({ wallTime }) => Reports.sendAll(Reports.monthBefore(wallTime)),
    { retry: RetryPolicy.after("5 minutes", { tries: 3 }) }
  ).pipe(Scheduled.withoutOverlapping, Scheduled.inWorkspace("school", { zone: Reports.zone }))
]

/** WhatsApp bans phones that send like machines: one message every two seconds, unless `FONNTE_RATE` says otherwise. */
export const pace = { rate: { permits: 1, per: 2000 } }

/** The phone of the school, at Fonnte. */
export const device = Fonnte.layerConfigWith({ account: "school", limits: pace })

/** A class is small: more than a quarter of ten parents is reason enough for an alarm. */
export const alarm = { failureRate: 0.25, failureSample: 10 }

const settings = Layer.effect(
  EngineConfig,
  Effect.map(EngineConfig, (usual) => ({ ...usual, ...alarm }))
)

export default App.make({
  name: "school",
  pipelines,
  scheduled,
  layer: Layer.mergeAll(device, Register.layerSql, Admins.layerLog, settings)
})
