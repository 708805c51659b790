/**
 * The app of the nodes that one of their deliveries kills: its one pipeline ends the process that works on `poison`, as a
 * crash of native code would.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as App from "@fibercast/node/App"
import { Effect, Layer, Schema } from "effect"

/** The payload that nobody survives. */
export const poison = 13

export const Deadly = Pipeline.make("poison.deadly", { payload: Schema.Int }).pipe(
  Pipeline.tap((n) =>
    n === poison ? Effect.sync(() => process.kill(process.pid, "SIGKILL")) : Effect.sleep("20 millis")
  )
)

export default App.make({ name: "poison", pipelines: [Deadly], layer: Layer.empty })
