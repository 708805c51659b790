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

const many = () => Lull.many
const few = () => Lull.many - 1

describe("A lull", () => {
  it.effect("comes after a turn that brought no more", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* turnsOf(Lull.wait(many, counting(1, 1), 8)), 1)
      assert.strictEqual(yield* turnsOf(Lull.wait(many, counting(1, 5, 5, 6), 8)), 2)
    })
  )

  it.effect("is not waited for for ever", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* turnsOf(Lull.wait(many, counting(1, 2, 3, 4, 5, 6), 4)), 4)
    })
  )

  it.effect("is not waited for while few are under way, nor any longer once they are few", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* turnsOf(Lull.wait(few, counting(1, 2, 3), 8)), 0)
      assert.strictEqual(yield* turnsOf(Lull.wait(counting(Lull.many, 0), counting(1, 2, 3), 8)), 1)
    })
  )
})
