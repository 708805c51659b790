import * as Lull from "@fibercast/engine/Lull"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"

/** What `count` says in each turn; then the last for ever. */
const counting = (...said: ReadonlyArray<number>) => {
  let asked = 0
  return () => said[asked++] ?? said.at(-1) ?? 0
}

/** Turns that pass until it has come. */
const turnsOf = (wait: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(wait, { startImmediately: true })
    let turns = 0
    while (fiber.pollUnsafe() === undefined) {
      turns++
      yield* Effect.yieldNow
    }
    yield* Fiber.join(fiber)
    return turns
  })

/** The first time it is asked, and not again. */
const once = () => {
  let asked = 0
  return () => asked++ === 0
}

const always = () => true
const never = () => false

describe("A lull", () => {
  it.effect("comes after a turn that brought no more", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* turnsOf(Lull.wait(always, counting(1, 1), 8)), 1)
      assert.strictEqual(yield* turnsOf(Lull.wait(always, counting(1, 5, 5, 6), 8)), 2)
    })
  )

  it.effect("is not waited for for ever", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* turnsOf(Lull.wait(always, counting(1, 2, 3, 4, 5, 6), 4)), 4)
    })
  )

  it.effect("is not waited for where it does not pay, nor any longer once it pays no more", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* turnsOf(Lull.wait(never, counting(1, 2, 3), 8)), 0)
      assert.strictEqual(yield* turnsOf(Lull.wait(once(), counting(1, 2, 3), 8)), 1)
    })
  )
})
