/**
 * Alerts on the screen of a run: one line each, repeated ones counted.
 */
import * as AlertText from "@fibercast/ports/AlertText"
import { Alerts } from "@fibercast/ports/Alerts"
import { Effect, Layer } from "effect"
import { Screen } from "./Screen.ts"

export const layer: Layer.Layer<Alerts, never, Screen> = Layer.effect(
  Alerts,
  Effect.map(Screen, (screen) =>
    Alerts.of({
      raise: (alert) =>
        Effect.sync(() => {
          const { sentence } = AlertText.of(alert)
          const colour = alert._tag === "DeliveryFailed" ? screen.ink.dim : screen.ink.yellow
          screen.note(colour(`! ${sentence}`))
        })
    })
  )
)
