import { Places } from "@fibercast/engine/Places"
import { type Lane } from "@fibercast/domain/Lane"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

/** Ten places, nine of them taken. Answers who was let in, in order, and how to come. */
const crowded = Effect.gen(function* () {
  const places = new Places(10)
  const entered: Array<string> = []
  yield* places.take(9, "normal")
  const come = (who: string, lane: Lane, count = 9) =>
    Effect.forkChild(Effect.tap(places.take(count, lane), () => Effect.sync(() => entered.push(who))))
  return { places, entered, come }
})

describe("The places of a sender", () => {
  it.effect("the more urgent of those that wait is let in first, and the last tenth is kept for urgent and high", () =>
    Effect.gen(function* () {
      const { come, entered, places } = yield* crowded
      yield* come("bulk", "bulk")
      yield* come("normal", "normal")
      yield* come("high", "high", 1)
      yield* TestEngine.catchUp
      assert.deepStrictEqual(entered, ["high"])
      places.release(1)
      places.release(9)
      yield* TestEngine.catchUp
      assert.deepStrictEqual(entered, ["high", "normal"])
      places.release(9)
      yield* TestEngine.catchUp
      assert.deepStrictEqual(entered, ["high", "normal", "bulk"])
    })
  )

  it.effect("bulk is let in although there is always something normal that waits", () =>
    Effect.gen(function* () {
      const { come, entered, places } = yield* crowded
      yield* come("bulk", "bulk")
      for (let n = 0; n < 20; n++) {
        yield* come("normal", "normal")
        yield* come("normal", "normal")
        yield* TestEngine.catchUp
        places.release(9)
        yield* TestEngine.catchUp
      }
      assert.strictEqual(entered.indexOf("bulk"), 8)
    })
  )

  it.effect("who no longer waits holds up nobody", () =>
    Effect.gen(function* () {
      const { come, entered, places } = yield* crowded
      const first = yield* come("first", "normal")
      yield* come("second", "normal")
      yield* TestEngine.catchUp
      first.interruptUnsafe()
      yield* TestEngine.catchUp
      places.release(9)
      yield* TestEngine.catchUp
      assert.deepStrictEqual(entered, ["second"])
      assert.strictEqual(places.taken, 9)
    })
  )
})
