/**
 * MemoryAlerts keeps the alerts that were raised, for tests to look at. It holds the last 10,000.
 */
import { Context, Effect, Layer } from "effect"
import { type Alert } from "./Alert.ts"
import { Alerts } from "./Alerts.ts"

/** Older alerts are forgotten beyond this many. */
const kept = 10_000

export class MemoryAlerts extends Context.Service<
  MemoryAlerts,
  {
    /** Oldest first. */
    readonly raised: Effect.Effect<ReadonlyArray<Alert>>
  }
>()("fibercast/ports/MemoryAlerts") {
  static readonly layer: Layer.Layer<Alerts | MemoryAlerts> = Layer.syncContext(() => {
    const ring: Array<Alert> = []
    let oldest = 0
    const raise = (alert: Alert) =>
      Effect.sync(() => {
        if (ring.length < kept) {
          ring.push(alert)
          return
        }
        ring[oldest] = alert
        oldest = (oldest + 1) % kept
      })
    const raised = Effect.sync(() => [...ring.slice(oldest), ...ring.slice(0, oldest)])
    return Context.make(Alerts, Alerts.of({ raise })).pipe(Context.add(MemoryAlerts, MemoryAlerts.of({ raised })))
  })
}
