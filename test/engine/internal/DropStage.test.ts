import { Outcome } from "@fibercast/domain/Outcome"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Runnable from "@fibercast/engine/Runnable"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Banned, contextOf, done, Greeting, Numbers, Offline, outcomeOf } from "./Tries.ts"

const isOdd = (n: number) => n % 2 === 1

describe("dropWhen", () => {
  it.effect("skips what has lost its subject, with the reason, and runs nothing that follows", () =>
    Effect.gen(function* () {
      const reached: Array<number> = []
      const pipeline = Numbers.pipe(
        Pipeline.dropWhen(
          (n) => Effect.succeed(isOdd(n)),
          (n) => `monitor ${n} was deleted`
        ),
        Pipeline.tap((n) => Effect.sync(() => reached.push(n)))
      )
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 1), Outcome.Skipped({ reason: "monitor 1 was deleted" }))
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 2), done)
      assert.deepStrictEqual(reached, [2])
    })
  )

  it.effect("takes a plain answer, and tells it the delivery", () =>
    Effect.gen(function* () {
      const pipeline = Numbers.pipe(Pipeline.dropWhen((_n, { attempt }) => attempt > 1, "unsubscribed"))
      expectTypeOf<Pipeline.ErrorOf<typeof pipeline>>().toBeNever()
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 1), done)
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 1, { attempt: 1 }), Outcome.Skipped({ reason: "unsubscribed" }))
    })
  )

  it.effect("hands on the value as it was, with the services that asking takes", () =>
    Effect.gen(function* () {
      const pipeline = Numbers.pipe(
        Pipeline.dropWhen((n) => Effect.map(Greeting, ({ word }) => word.length > n), "gone")
      )
      expectTypeOf<Pipeline.ValueOf<typeof pipeline>>().toEqualTypeOf<number>()
      const run = yield* Effect.provideService(Runnable.handler(pipeline), Greeting, { word: "hello" })
      assert.strictEqual(yield* run(contextOf(9)), 9)
    })
  )

  it.effect("what fails while asking is judged by its class, not left out", () =>
    Effect.gen(function* () {
      const offline = Numbers.pipe(Pipeline.dropWhen(() => new Offline({ host: "db" }), "gone"))
      const banned = Numbers.pipe(Pipeline.dropWhen(() => new Banned(), "gone"))
      const told = Numbers.pipe(Pipeline.dropWhen(() => new Banned(), "gone", { classify: "messagePermanent" }))
      assert.strictEqual((yield* outcomeOf(offline, 1))._tag, "Retry")
      assert.deepStrictEqual(yield* outcomeOf(banned, 1), Outcome.Skipped({ reason: "the recipient is banned" }))
      assert.strictEqual((yield* outcomeOf(told, 1))._tag, "Failed")
    })
  )

  it.effect("asks for no more at once than told", () =>
    Effect.gen(function* () {
      let asking = 0
      let most = 0
      const ask = Effect.gen(function* () {
        most = Math.max(most, ++asking)
        yield* Effect.sleep("1 second")
        asking--
        return false
      })
      const run = yield* Runnable.handler(Numbers.pipe(Pipeline.dropWhen(() => ask, "gone", { concurrency: 2 })))
      const fiber = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3, 4, 5], (n) => run(contextOf(n)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), [1, 2, 3, 4, 5])
      assert.strictEqual(most, 2)
    })
  )

  it.effect("after a send that was accepted the delivery has completed all the same", () =>
    Effect.gen(function* () {
      const pipeline = Numbers.pipe(
        Pipeline.mapEffect(() => Effect.succeed({ providerId: "p1" }), { sends: true }),
        Pipeline.dropWhen(() => true, "gone")
      )
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 1), Outcome.Completed({ providerId: "p1" }))
    })
  )
})
