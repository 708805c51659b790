import * as Alarm from "@fibercast/engine/Alarm"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Latch, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as CountedTimers from "../support/CountedTimers.ts"

const setUp = Effect.gen(function* () {
  const latch = Latch.makeUnsafe(false)
  return { latch, alarm: yield* Alarm.make(latch) }
})

describe("Alarm", () => {
  it.effect("opens the latch when its time has come, and not before", () =>
    Effect.gen(function* () {
      const { alarm, latch } = yield* setUp
      alarm(1000)
      yield* TestClock.adjust("999 millis")
      assert.isFalse(latch.isOpen())
      yield* TestClock.adjust("1 millis")
      assert.isTrue(latch.isOpen())
    })
  )

  it.effect("is brought forward by a nearer time, and rings but once for both", () =>
    Effect.gen(function* () {
      const { alarm, latch } = yield* setUp
      alarm(1000)
      alarm(100)
      yield* TestClock.adjust("100 millis")
      assert.isTrue(latch.isOpen())
      latch.closeUnsafe()
      yield* TestClock.adjust("1 hour")
      assert.isFalse(latch.isOpen())
    })
  )

  it.effect("is not put off by a later time, and can be set again once it has rung", () =>
    Effect.gen(function* () {
      const { alarm, latch } = yield* setUp
      alarm(100)
      alarm(1000)
      yield* TestClock.adjust("100 millis")
      assert.isTrue(latch.isOpen())
      latch.closeUnsafe()
      alarm(900)
      yield* TestClock.adjust("900 millis")
      assert.isTrue(latch.isOpen())
    })
  )

  it.effect("sets one timer for many waits that are no nearer", () =>
    Effect.gen(function* () {
      const counted = yield* CountedTimers.make
      const { alarm, latch } = yield* Effect.provideService(setUp, Clock.Clock, counted.clock)
      for (let n = 0; n < 50; n++) alarm(100 + n)
      assert.strictEqual(counted.timers(), 1)
      yield* TestClock.adjust("100 millis")
      assert.isTrue(latch.isOpen())
    })
  )

  it.effect("rings no more once its scope is closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { alarm, latch } = yield* Scope.provide(setUp, scope)
      alarm(100)
      yield* Scope.close(scope, Exit.void)
      alarm(100)
      yield* TestClock.adjust("1 hour")
      assert.isFalse(latch.isOpen())
    })
  )
})
