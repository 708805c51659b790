/**
 * Alerts tell people what needs them. Raising one never fails and never waits for a person.
 */
import { Context, Effect, Layer } from "effect"
import { type Alert } from "./Alert.ts"
import * as AlertText from "./AlertText.ts"

export class Alerts extends Context.Service<Alerts, { readonly raise: (alert: Alert) => Effect.Effect<void> }>()(
  "fibercast/ports/Alerts"
) {
  /** Writes each alert to the log as a warning, with all its fields and what to do. */
  static readonly layerLog: Layer.Layer<Alerts> = Layer.succeed(
    Alerts,
    Alerts.of({
      raise: (alert) => {
        const { _tag, ...fields } = alert
        const { remedy, sentence, severity } = AlertText.of(alert)
        return Effect.logWarning(`alert: ${_tag}: ${sentence}`).pipe(
          Effect.annotateLogs({ ...fields, severity, remedy })
        )
      }
    })
  )
}
