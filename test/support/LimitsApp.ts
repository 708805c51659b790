/**
 * The app of the nodes whose limits are looked at: its one pipeline notes in the file at `CHAOS_NOTES` when, and in which
 * process, each send begins.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as App from "@fibercast/node/App"
import { Clock, Effect, Layer, Schema } from "effect"
import { appendFileSync } from "node:fs"

export const Noted = Pipeline.make("limits.noted", { payload: Schema.Int }).pipe(
  Pipeline.tap(() =>
    Effect.map(Clock.currentTimeNanos, (nanos) =>
      appendFileSync(process.env["CHAOS_NOTES"] ?? "", `${Number(nanos) / 1e6} ${process.pid}\n`)
    )
  )
)

export default App.make({ name: "limits", pipelines: [Noted], layer: Layer.empty })
