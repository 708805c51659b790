import * as AlertPacer from "@fibercast/engine/AlertPacer"
import * as AlertRouter from "@fibercast/engine/AlertRouter"
import { type Alert } from "@fibercast/ports/Alert"
import { Alerts } from "@fibercast/ports/Alerts"
import { type AlertMessage, type AlertSink, AlertSinks } from "@fibercast/ports/AlertSink"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"

const held = (campaignId: number): Alert => ({
  _tag: "CampaignHeld",
  workspaceId: 1,
  campaignId,
  reason: "no template"
})

/** A sink that keeps what it was offered. */
const sink = (name = "memory") => {
  const messages: Array<AlertMessage> = []
  const take = (message: AlertMessage) => Effect.sync(() => void messages.push(message))
  return { messages, sink: { name, place: "here", offer: take, deliver: take } satisfies AlertSink }
}

/** Under a pace, before what keeps every alert. */
const router = (sinks: ReadonlyArray<AlertSink>, pace: Partial<AlertPacer.Settings> = {}) =>
  AlertRouter.layer.pipe(
    Layer.provideMerge(MemoryAlerts.layer),
    Layer.provide(Layer.succeed(AlertSinks, sinks)),
    Layer.provide(Layer.succeed(AlertRouter.AlertPace, { ...AlertPacer.defaults, ...pace }))
  )

const raise = (alert: Alert) => Effect.flatMap(Alerts, (alerts) => alerts.raise(alert))

describe("AlertRouter", () => {
  it.effect("tells every sink at its own pace, and whoever is told of all of them every time", () => {
    const one = sink("one")
    const two = sink("two")
    return Effect.gen(function* () {
      for (let time = 0; time < 5; time++) yield* raise(held(7))
      assert.deepStrictEqual([one.messages.length, two.messages.length], [1, 1])
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(one.messages.length, 1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([one.messages[1]?.count, two.messages[1]?.count], [4, 4])
      assert.strictEqual((yield* (yield* MemoryAlerts).raised).length, 5)
      assert.strictEqual(new Set([...one.messages, ...two.messages].map(({ id }) => id)).size, 4)
    }).pipe(Effect.provide(router([one.sink, two.sink])))
  })

  it.effect("tells what was held back by itself, when its time has come", () => {
    const { messages, sink: only } = sink()
    return Effect.gen(function* () {
      for (let campaign = 1; campaign <= 312; campaign++) yield* raise(held(campaign))
      assert.strictEqual(messages.length, 19)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(
        messages.slice(19).map(({ count, title }) => [count, title]),
        [[293, "293 more alerts"]]
      )
      yield* TestClock.adjust("1 day")
      assert.strictEqual(messages.length, 20)
    }).pipe(Effect.provide(router([only])))
  })

  it.effect("tells what it holds when it closes, or says in the log how many alerts nobody was told of", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      const rest = sink()
      const full = sink("narrow")
      const scope = yield* Scope.make()
      const roomy = yield* Layer.buildWithScope(router([rest.sink]), scope)
      const narrow = yield* Layer.buildWithScope(Layer.merge(router([full.sink], { most: 1 }), logger), scope)
      for (let time = 0; time < 3; time++) {
        yield* Effect.provide(raise(held(1)), roomy)
        yield* Effect.provide(raise(held(1)), narrow)
        yield* TestClock.adjust("1 second")
      }
      yield* Effect.provide(Scope.close(scope, Exit.void), logger)
      assert.deepStrictEqual(
        rest.messages.map(({ count }) => count),
        [1, 2]
      )
      assert.deepStrictEqual(
        full.messages.map(({ count }) => count),
        [1]
      )
      assert.deepStrictEqual(lines, ["2 alerts were not told by narrow: too many in too short a time"])
    })
  )
})
