/**
 * An uptime monitor: checks of many targets over HTTP, and word of those that go down and come up again.
 * `fibercast dev --app services/examples/src/uptime/App.ts`
 */
import * as Frequency from "@fibercast/domain/Frequency"
import type * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as App from "@fibercast/node/App"
import { Layer } from "effect"
import { Check } from "./Check.ts"
import * as Maintenance from "./Maintenance.ts"
import { Tell, Watch } from "./Notice.ts"
import * as Planning from "./Planning.ts"
import { Probe } from "./Probe.ts"
import * as SqlMonitors from "./SqlMonitors.ts"

export const pipelines = [Check, Tell]
export type Needs = Pipeline.RequirementsOf<(typeof pipelines)[number]>

export const scheduled = [
  Scheduled.run("checks.plan", Frequency.everySecond, ({ workspaceId }) => Planning.plan(workspaceId)).pipe(
    Scheduled.withoutOverlapping,
    Scheduled.description("dispatches the checks that are due")
  ),
  Scheduled.run("findings.prune", Frequency.hourlyAt(7), Maintenance.prune()).pipe(
    Scheduled.evenInMaintenanceMode,
    Scheduled.description("forgets what was found more than seven days ago")
  )
]

export default App.make({
  name: "uptime",
  pipelines,
  scheduled,
  layer: Layer.mergeAll(SqlMonitors.layer, Probe.layer, Watch.layerLog)
})
