import * as Hooks from "@fibercast/engine/Hooks"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

describe("Hooks", () => {
  it.effect("no more run at once than allowed, and all of them run", () =>
    Effect.gen(function* () {
      const hooks = yield* Hooks.make({ concurrency: 3, waiting: 100 })
      let [active, most, ended] = [0, 0, 0]
      const hook = Effect.gen(function* () {
        most = Math.max(most, ++active)
        yield* Effect.sleep("1 second")
        active--
        ended++
      })
      for (let n = 0; n < 10; n++) hooks.add(hook)
      const idle = yield* Effect.forkChild(hooks.awaitIdle)
      yield* TestClock.adjust("3900 millis")
      assert.isUndefined(idle.pollUnsafe())
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(idle)
      assert.deepStrictEqual([most, ended], [3, 10])
    })
  )

  it.effect("there is room until as many wait as allowed, and again when one has begun", () =>
    Effect.gen(function* () {
      const hooks = yield* Hooks.make({ concurrency: 1, waiting: 2 })
      for (let n = 0; n < 3; n++) hooks.add(Effect.sleep("10 seconds"))
      const room = yield* Effect.forkChild(hooks.room)
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(room.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(room)
    })
  )

  it.effect("a hook that never ends is interrupted after 30 seconds, and the next one runs", () =>
    Effect.gen(function* () {
      const hooks = yield* Hooks.make({ concurrency: 1, waiting: 2 })
      let ran = false
      hooks.add(Effect.never)
      hooks.add(Effect.sync(() => void (ran = true)))
      yield* TestClock.adjust("29 seconds")
      assert.isFalse(ran)
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(ran)
    })
  )

  it.effect("one that ends at once leaves nothing to wait for", () =>
    Effect.gen(function* () {
      const hooks = yield* Hooks.make({ concurrency: 1, waiting: 2 })
      yield* TestClock.adjust("1 second")
      let ran = 0
      for (let n = 0; n < 3; n++) {
        hooks.add(Effect.sync(() => void ran++))
        yield* TestClock.adjust("1 second")
      }
      const idle = yield* Effect.forkChild(hooks.awaitIdle)
      yield* TestClock.adjust("1 second")
      assert.isDefined(idle.pollUnsafe())
      assert.strictEqual(ran, 3)
    })
  )
})
