import { Outcome } from "@fibercast/domain/Outcome"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Runnable from "@fibercast/engine/Runnable"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { contextOf, outcomeOf, Numbers } from "./Tries.ts"

describe("mapEffect", () => {
  it.effect("runs at most `concurrency` at once, in all deliveries together", () =>
    Effect.gen(function* () {
      let open = 0
      let most = 0
      const run = yield* Runnable.handler(
        Numbers.pipe(
          Pipeline.mapEffect(
            () =>
              Effect.sync(() => (most = Math.max(most, ++open))).pipe(
                Effect.andThen(Effect.sleep("1 second")),
                Effect.andThen(Effect.sync(() => open--))
              ),
            { concurrency: 2, timeout: "1500 millis" }
          )
        )
      )
      const fiber = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3, 4, 5], (n) => Effect.exit(run(contextOf(n))), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("3 seconds")
      const exits = yield* Fiber.join(fiber)
      assert.strictEqual(most, 2)
      assert.isTrue(exits.every(Exit.isSuccess), "waiting for a turn does not count as the stage's time")
    })
  )

  it.effect("is interrupted at its timeout, and nobody knows whether it was done", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const slow = Numbers.pipe(
        Pipeline.mapEffect(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++)), {
          timeout: "5 seconds"
        })
      )
      const fiber = yield* Effect.forkChild(outcomeOf(slow, 1))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(
        yield* Fiber.join(fiber),
        Outcome.Retry({ after: 60_000, errorClass: "unknown", reason: "no answer within 5000 ms" })
      )
      assert.strictEqual(interrupted, 1)
    })
  )
})
