import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerDefinition from "@fibercast/domain/TriggerDefinition"
import * as HealthCheck from "@fibercast/node/HealthCheck"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Triggers } from "@fibercast/engine/Triggers"
import { Signal } from "@fibercast/ports/Signal"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

const stores = Triggers.layer.pipe(Layer.provideMerge(Layer.merge(MemoryStore.layer, Signal.layerMemory)))

const wrong = (checks: ReadonlyArray<HealthCheck.HealthCheck>) =>
  Effect.map(HealthCheck.run(checks), (all) => all.flatMap(({ reason }) => (reason === null ? [] : [reason])))

const pass = (app: string) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    yield* (yield* TriggerStore).beat({ scheduler: `${app}/1`, app, startedAt: 0, now, downAfter: 10_000 })
  })

describe("the health of scheduling, as a node tells it", () => {
  it.effect("is good while a scheduler of its app passes, and bad once none has for too long", () =>
    Effect.gen(function* () {
      const checks = yield* HealthCheck.scheduler("school", 30_000)
      assert.deepStrictEqual(yield* wrong(checks), [], "it has only just started")
      yield* TestClock.adjust("31 seconds")
      yield* pass("another")
      assert.deepStrictEqual(yield* wrong(checks), ["no scheduler of school has passed for 31 s"])
      yield* pass("school")
      assert.deepStrictEqual(yield* wrong(checks), [])
      yield* TestClock.adjust("90 seconds")
      assert.deepStrictEqual(yield* wrong(checks), ["no scheduler of school has passed for 90 s"])
    }).pipe(Effect.provide(stores))
  )

  it.effect("is bad when nobody looks after triggers, whoever's they are", () =>
    Effect.gen(function* () {
      const checks = yield* HealthCheck.scheduler("school", 30_000)
      yield* (yield* Triggers).define(
        yield* TestEngine.workspace(),
        TriggerDefinition.make(Trigger.named("hello")(Frequency.everyMinute), {
          _tag: "Deliver",
          pipeline: "greet",
          payload: null,
          lane: "normal"
        })
      )
      yield* TestClock.adjust("31 seconds")
      assert.deepStrictEqual(yield* wrong(checks), [
        "nobody looks after 1 trigger defined at run time for 31 s",
        "no scheduler of school has passed for 31 s"
      ])
      yield* pass("school")
      assert.deepStrictEqual(yield* wrong(checks), [])
    }).pipe(Effect.provide(stores))
  )
})
