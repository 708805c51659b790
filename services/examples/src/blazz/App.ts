/**
 * Blazz: WhatsApp campaigns of many workspaces, each in its own zone, and single messages that overtake them.
 * `FONNTE_TOKEN=… fibercast dev --app services/examples/src/blazz/App.ts`
 */
import * as Frequency from "@fibercast/domain/Frequency"
import type * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as App from "@fibercast/node/App"
import { Layer } from "effect"
import { Campaign } from "./Campaign.ts"
import * as Maintenance from "./Maintenance.ts"
import { Message } from "./Message.ts"
import * as Planning from "./Planning.ts"
import { Requests } from "./Requests.ts"

export const pipelines = [Campaign, Message]
export type Needs = Pipeline.RequirementsOf<(typeof pipelines)[number]>

export const scheduled = [
  Scheduled.run("campaigns.plan", Frequency.everyMinute, Planning.plan()).pipe(
    Scheduled.withoutOverlapping,
    Scheduled.description("turns what users asked for into campaigns")
  ),
  Scheduled.run("backlog.measure", Frequency.everyFiveMinutes, Maintenance.measure()).pipe(
    Scheduled.evenInMaintenanceMode,
    Scheduled.description("how much is still to be sent")
  ),
  Scheduled.run("requests.prune", Frequency.dailyAt("03:10"), Maintenance.prune()).pipe(
    Scheduled.evenInMaintenanceMode,
    Scheduled.description("forgets requests that were answered three days ago")
  )
]

export default App.make({
  name: "blazz",
  pipelines,
  scheduled,
  layer: Layer.merge(Fonnte.layerConfig, Requests.layerSql)
})
