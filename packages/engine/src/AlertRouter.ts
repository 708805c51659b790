/**
 * The router tells people of alerts through every sink, each at the pace of a pacer of its own, besides whoever is told of
 * all of them (the log, a screen).
 *
 * Raising neither fails nor waits. What is held back when the layer closes is told then, if the pace allows it; else the log
 * says how many alerts that were. Bounds: those of a pacer and of a sink's queue, for each sink. What was told is not known to
 * other nodes, nor after a restart.
 */
import { type Alert } from "@fibercast/ports/Alert"
import { Alerts } from "@fibercast/ports/Alerts"
import { type AlertSink, AlertSinks } from "@fibercast/ports/AlertSink"
import { Clock, Context, Effect, Latch, Layer, Random, type Scope } from "effect"
import * as AlertPacer from "./AlertPacer.ts"

export const AlertPace = Context.Reference<AlertPacer.Settings>("fibercast/engine/AlertPace", {
  defaultValue: () => AlertPacer.defaults
})

const word = () => Random.nextIntBetween(0, 0xffff_ffff)

/** Unique, also among nodes. */
export const messageId: Effect.Effect<string> = Effect.map(
  Effect.all([word(), word(), word(), word()]),
  (words) => `alert_${words.map((one) => one.toString(16).padStart(8, "0")).join("")}`
)

/** Tells a sink until the scope closes. */
const route = Effect.fnUntraced(function* (
  sink: AlertSink
): Effect.fn.Return<(alert: Alert) => Effect.Effect<void>, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const run = yield* messageId
  let count = 0
  const pacer = AlertPacer.make(() => `${run}_${++count}`, yield* AlertPace)
  /** Open when `pacer.next` is sooner than what is waited for. */
  const changed = Latch.makeUnsafe(false)
  let until = Infinity

  const telling = Effect.gen(function* () {
    for (;;) {
      const now = clock.currentTimeMillisUnsafe()
      yield* Effect.forEach(pacer.due(now), sink.offer, { discard: true })
      changed.closeUnsafe()
      until = pacer.next()
      const rest = until === Infinity ? Effect.never : Effect.sleep(Math.max(until - now, 1))
      yield* Effect.raceFirst(changed.await, rest)
    }
  })
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      const { messages, untold } = pacer.close(clock.currentTimeMillisUnsafe())
      yield* Effect.forEach(messages, sink.offer, { discard: true })
      if (untold > 0)
        yield* Effect.logWarning(`${untold} alerts were not told by ${sink.name}: too many in too short a time`)
    })
  )
  yield* Effect.forkScoped(telling)

  return (alert) =>
    Effect.suspend(() => {
      const messages = pacer.raise(alert, clock.currentTimeMillisUnsafe())
      if (pacer.next() < until) changed.openUnsafe()
      return Effect.forEach(messages, sink.offer, { discard: true })
    })
})

/** Before whatever is told of every alert. */
export const layer: Layer.Layer<Alerts, never, Alerts | AlertSinks> = Layer.effect(
  Alerts,
  Effect.gen(function* () {
    const all = yield* Alerts
    const routes = yield* Effect.forEach(yield* AlertSinks, route)
    return Alerts.of({
      raise: (alert) =>
        Effect.andThen(
          all.raise(alert),
          Effect.forEach(routes, (tell) => tell(alert), { discard: true })
        )
    })
  })
)
