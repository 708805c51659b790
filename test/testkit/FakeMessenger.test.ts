import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"

const { FakeMessenger: Fake } = FakeMessenger

const send = (to: string, attempt = 1) =>
  Effect.flatMap(Fake, (messenger) => messenger.send({ to, text: `to ${to}` }, { deliveryId: 7n, attempt }))
const results = Effect.map(
  Effect.flatMap(Fake, ({ sent }) => sent),
  (calls) => calls.map(({ result }) => result)
)

describe("FakeMessenger", () => {
  it.effect("accepts everything without a script, and remembers what it was asked", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* send("a"), { providerId: "fake-1" })
      yield* send("b")
      yield* send("a", 2)
      const calls = yield* (yield* Fake).sent
      assert.deepStrictEqual(
        calls.map(({ attempt, number, to, turn }) => [to, number, turn, attempt]),
        [
          ["a", 1, 1, 1],
          ["b", 2, 1, 1],
          ["a", 3, 2, 2]
        ]
      )
      assert.deepInclude(calls[0], { at: 5000, text: "to a", deliveryId: 7n, result: "accepted" })
    }).pipe(Effect.provide(Fake.layer()))
  )

  it.effect("answers in turn, whoever is written to, then accepts", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(send("a"))
      assert.deepInclude(failure, { errorClass: "rateLimited", reason: "slow down", retryAfter: 2000 })
      assert.isTrue(Exit.hasDies(yield* Effect.exit(send("b"))))
      yield* send("c")
      assert.deepStrictEqual(yield* results, ["failed", "cutOff", "accepted"])
    }).pipe(
      Effect.provide(
        Fake.layer(FakeMessenger.inTurn(FakeMessenger.fail("rateLimited", "slow down", 2000), FakeMessenger.die()))
      )
    )
  )

  it.effect("answers by address, and accepts what is not named", () =>
    Effect.gen(function* () {
      yield* send("b")
      yield* Effect.flip(send("a"))
      yield* send("a")
      assert.deepStrictEqual(yield* results, ["accepted", "failed", "accepted"])
    }).pipe(Effect.provide(Fake.layer(FakeMessenger.byTarget({ a: [FakeMessenger.fail("transient")] }))))
  )

  it.effect("a slow answer is open until its time has passed; one that never comes is cut off by an interrupt", () =>
    Effect.gen(function* () {
      const slow = yield* Effect.forkChild(send("a"))
      const never = yield* Effect.forkChild(send("b"))
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(yield* results, ["open", "open"])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(slow)
      yield* Fiber.interrupt(never)
      assert.deepStrictEqual(yield* results, ["accepted", "cutOff"])
    }).pipe(Effect.provide(Fake.layer(FakeMessenger.inTurn(FakeMessenger.delay("2 seconds"), FakeMessenger.hang))))
  )
})
