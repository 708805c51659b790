/**
 * The app of the nodes that the fault tests do harm to: two pipelines, one for each guarantee, that send through the
 * simulated provider at `CHAOS_PROVIDER`.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as App from "@fibercast/node/App"
import { Config, Effect, Layer, Redacted, Schema } from "effect"

const payload = Schema.Struct({ to: Schema.String })

export const AtLeastOnce = Pipeline.make("chaos.at-least-once", { payload, guarantee: "at-least-once" }).pipe(
  Pipeline.map(({ to }) => ({ to, text: "Halo" })),
  Pipeline.send(Fonnte)
)

export const AtMostOnce = Pipeline.make("chaos.at-most-once", { payload, guarantee: "at-most-once" }).pipe(
  Pipeline.map(({ to }) => ({ to, text: "Halo" })),
  Pipeline.send(Fonnte)
)

const provider = Layer.unwrap(
  Effect.map(Config.String("CHAOS_PROVIDER"), (url) => Fonnte.layer({ token: Redacted.make("simulated-token"), url }))
)

export default App.make({ name: "chaos", pipelines: [AtLeastOnce, AtMostOnce], layer: provider })
