/**
 * Alerts on the screen of a run: one line each, repeated ones counted.
 */
import { type Alert, Alerts } from "@fibercast/ports/Alerts"
import { Effect, Layer } from "effect"
import * as Figures from "./Figures.ts"
import { Screen } from "./Screen.ts"

const words = (alert: Alert): string => {
  switch (alert._tag) {
    case "DeliveryFailed":
      return `${alert.state === "unknown" ? "in doubt" : "not delivered"}: ${alert.reason}`
    case "CampaignOverdue":
      return `campaign ${alert.campaignId} is ${Figures.span(alert.lateMillis)} late`
    case "CampaignHeld":
      return `campaign ${alert.campaignId} is held: ${alert.reason}`
    case "HighFailureRate":
      return `campaign ${alert.campaignId} fails often: ${alert.failed} of ${alert.settled}`
    case "AccountBroken":
      return `${alert.account} cannot send: ${alert.reason}`
    case "WorkspaceQuarantined":
      return `the workspace is set aside: ${alert.reason}`
    case "OccurrencesMissed":
      return `${alert.trigger} missed ${Figures.counted(alert.count, "run")} (${alert.reason})`
    case "OccurrenceGap":
      return `${alert.trigger} has no record of ${Figures.counted(alert.count, "run")}`
    case "TriggerRefused":
      return `${alert.trigger} cannot run: ${alert.reason}`
    case "SchedulerDead":
      return `nobody schedules ${Figures.counted(alert.triggers, "trigger")}${alert.app === null ? "" : ` of ${alert.app}`}`
  }
}

const isMinor = (alert: Alert): boolean => alert._tag === "DeliveryFailed"

export const layer: Layer.Layer<Alerts, never, Screen> = Layer.effect(
  Alerts,
  Effect.map(Screen, (screen) =>
    Alerts.of({
      raise: (alert) =>
        Effect.sync(() => {
          const colour = isMinor(alert) ? screen.ink.dim : screen.ink.yellow
          screen.note(colour(`! ${words(alert)}`))
        })
    })
  )
)
