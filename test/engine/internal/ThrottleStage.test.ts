import { Outcome } from "@fibercast/domain/Outcome"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Runnable from "@fibercast/engine/Runnable"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { claimed, contextOf, done, judged, Numbers } from "./Tries.ts"

const throttled = (keys?: number) =>
  Numbers.pipe(Pipeline.throttle({ key: (n) => `${n % 2}`, rate: { permits: 1, per: 400 }, keys }))

describe("throttle", () => {
  it.effect("spaces values of one key, and only those", () =>
    Effect.gen(function* () {
      const starts: Array<readonly [number, number]> = []
      const run = yield* Runnable.handler(
        throttled().pipe(
          Pipeline.tap((n) => Effect.map(Clock.currentTimeMillis, (now) => starts.push([n, now] as const)))
        )
      )
      const fiber = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3, 5], (n) => run(contextOf(n)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(starts, [
        [1, 0],
        [2, 0],
        [3, 400],
        [5, 800]
      ])
    })
  )

  it.effect("puts off what would wait for more than a second, each to its own place in the rate", () =>
    Effect.gen(function* () {
      const run = yield* Runnable.handler(throttled())
      const outcomes = yield* Effect.forEach([1, 3, 5, 7, 9], (n) =>
        Effect.forkChild(Effect.exit(run(contextOf(n))), { startImmediately: true })
      )
      yield* TestClock.adjust("1 second")
      const exits = yield* Effect.forEach(outcomes, Fiber.join)
      const snoozed = exits.map((exit) => judged(Numbers, claimed("1"), exit, 0))
      assert.deepStrictEqual(snoozed, [
        done,
        done,
        done,
        Outcome.Snoozed({ after: 1200, reason: "throttled" }),
        Outcome.Snoozed({ after: 1600, reason: "throttled" })
      ])
    })
  )

  it.effect("holds no more keys than told: one too many is put off until another is idle", () =>
    Effect.gen(function* () {
      const run = yield* Runnable.handler(throttled(1))
      yield* run(contextOf(1))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(run(contextOf(2)))))
      yield* TestClock.adjust("401 millis")
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(run(contextOf(2)))))
    })
  )
})
