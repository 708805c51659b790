import { Outcome } from "@fibercast/domain/Outcome"
import { type DeliveryContext } from "@fibercast/engine/DeliveryContext"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Runnable from "@fibercast/engine/Runnable"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import { contextOf, outcomeOf, Numbers, Offline, Banned } from "./Tries.ts"

const batched = (
  calls: Array<ReadonlyArray<number>>,
  answer = (n: number): Result.Result<string, Banned> => Result.succeed(`${n}!`)
) =>
  Numbers.pipe(
    Pipeline.batch({ size: 3, within: "1 second" }, (ns) =>
      Effect.sync(() => {
        calls.push(ns)
        return ns.map(answer)
      })
    )
  )
const runAll = <A>(run: (context: DeliveryContext) => Effect.Effect<unknown, A>, payloads: ReadonlyArray<number>) =>
  Effect.forkChild(Effect.forEach(payloads, (n) => Effect.exit(run(contextOf(n))), { concurrency: "unbounded" }))

describe("batch", () => {
  it.effect("calls at once when `size` values wait, each member with its own answer", () =>
    Effect.gen(function* () {
      const calls: Array<ReadonlyArray<number>> = []
      const run = yield* Runnable.handler(batched(calls))
      const exits = yield* Effect.flatMap(runAll(run, [1, 2, 3, 4, 5, 6]), Fiber.join)
      assert.deepStrictEqual(calls, [
        [1, 2, 3],
        [4, 5, 6]
      ])
      assert.deepStrictEqual(
        exits,
        ["1!", "2!", "3!", "4!", "5!", "6!"].map((value) => Exit.succeed(value))
      )
    })
  )

  it.effect("calls `within` after the first value with what there is, and counts anew after a full call", () =>
    Effect.gen(function* () {
      const calls: Array<ReadonlyArray<number>> = []
      const run = yield* Runnable.handler(batched(calls))
      const first = yield* runAll(run, [1, 2, 3, 4])
      yield* TestClock.adjust("600 millis")
      const second = yield* runAll(run, [5])
      yield* TestClock.adjust("399 millis")
      assert.deepStrictEqual(calls, [[1, 2, 3]])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(calls, [
        [1, 2, 3],
        [4, 5]
      ])
      yield* Fiber.join(first)
      yield* Fiber.join(second)
    })
  )

  it.effect("a refused member fails alone; a failed call fails each member by its class", () =>
    Effect.gen(function* () {
      const one = batched([], (n) => (n === 2 ? Result.fail(new Banned()) : Result.succeed(`${n}`)))
      const outcomes = yield* Effect.scoped(
        Effect.gen(function* () {
          const run = yield* Runnable.handler(one)
          return yield* Effect.flatMap(runAll(run, [1, 2, 3]), Fiber.join)
        })
      )
      assert.deepStrictEqual(
        outcomes.map((exit) => exit._tag),
        ["Success", "Failure", "Success"]
      )

      const down = Numbers.pipe(
        Pipeline.batch({ size: 1, within: "1 second", classify: "accountTransient" }, (ns) =>
          Effect.as(
            new Offline({ host: "h" }),
            ns.map(() => Result.succeed(1))
          )
        )
      )
      assert.deepStrictEqual(yield* outcomeOf(down, 1), Outcome.Snoozed({ after: 1000, reason: "Offline" }))
    })
  )

  it.effect("an answer of another length crashes every member instead of mixing them up", () =>
    Effect.gen(function* () {
      const short = Numbers.pipe(
        Pipeline.batch({ size: 2, within: "1 second" }, () => Effect.succeed([Result.succeed(1)]))
      )
      const run = yield* Runnable.handler(short)
      const exits = yield* Effect.flatMap(runAll(run, [1, 2]), Fiber.join)
      assert.isTrue(exits.every(Exit.hasDies))
    })
  )

  it.effect("a member that is interrupted is not in the call; a call that all left is interrupted", () =>
    Effect.gen(function* () {
      const calls: Array<ReadonlyArray<number>> = []
      let interrupted = 0
      const slow = Numbers.pipe(
        Pipeline.batch({ size: 3, within: "1 second" }, (ns) =>
          Effect.sync(() => calls.push(ns)).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Effect.sync(() => interrupted++))
          )
        )
      )
      const run = yield* Runnable.handler(slow)
      const leaving = yield* Effect.forkChild(run(contextOf(1)))
      const staying = yield* Effect.forkChild(run(contextOf(2)))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(leaving)
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(calls, [[2]])
      yield* Fiber.interrupt(staying)
      assert.strictEqual(interrupted, 1)
    })
  )

  it.effect("closing the scope interrupts who still waits for a call", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.scoped(
        Effect.gen(function* () {
          const run = yield* Runnable.handler(batched([]))
          const fiber = yield* Effect.forkDetach(run(contextOf(1)))
          yield* TestClock.adjust("10 millis")
          return fiber
        })
      )
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.hasInterrupts(exit))
    })
  )
})
