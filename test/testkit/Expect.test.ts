import * as Frequency from "@fibercast/domain/Frequency"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

const Hello = Pipeline.make("hello", {
  payload: Schema.String,
  retry: RetryPolicy.after("10 seconds", { tries: 2 })
}).pipe(
  Pipeline.map((to) => ({ to, text: "Hello" })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)
const failing = FakeMessenger.byTarget({ b: [FakeMessenger.fail("transient"), FakeMessenger.fail("transient")] })
const engine = TestEngine.layer({ pipelines: [Hello] }).pipe(
  Layer.provideMerge(FakeMessenger.FakeMessenger.layer(failing))
)

const worked = Effect.gen(function* () {
  yield* Pipeline.dispatchMany(Hello, { workspaceId: yield* TestEngine.workspace(), payloads: ["a", "b", "c"] })
  yield* TestEngine.catchUp
})

const message = <A, E extends Error, R>(expectation: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(expectation), (unexpected) => unexpected.message)

describe("Expect", () => {
  it.effect("is quiet about what is as expected", () =>
    Effect.gen(function* () {
      yield* worked
      yield* Expect.dispatched("hello", 3)
      yield* Expect.sent("a")
      yield* Expect.settled("completed", 2)
      yield* TestClock.adjust("1 minute")
      yield* Expect.tried("b", 2, "10 seconds")
      yield* Expect.settled("failed", 1)
      yield* Expect.alerted("DeliveryFailed")
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(engine))
  )

  it.effect("says what it expected and what is there instead", () =>
    Effect.gen(function* () {
      yield* worked
      assert.strictEqual(yield* message(Expect.dispatched("hello", 4)), "expected 4 deliveries of hello, but found 3")
      assert.strictEqual(yield* message(Expect.dispatched("bye", 1)), "expected 1 deliveries of bye, but found 0")
      assert.strictEqual(yield* message(Expect.settled("failed", 1)), "expected 1 deliveries failed, but found 0")
      assert.strictEqual(yield* message(Expect.nothingOpen), "expected no open delivery, but found 1")
      assert.strictEqual(
        yield* message(Expect.sent("b")),
        "expected 1 messages accepted for b, but found 0 among: a at 0 ms (accepted), b at 0 ms (failed), c at 0 ms (accepted)"
      )
      assert.strictEqual(
        yield* message(Expect.tried("b", 2, "10 seconds")),
        "expected 2 tries for b, 10000 ms apart, but found b at 0 ms (failed)"
      )
      assert.strictEqual(
        yield* message(Expect.alerted("DeliveryFailed")),
        "expected the alert DeliveryFailed 1 times, but found it 0 times among: nothing"
      )
      yield* TestClock.adjust("1 minute")
      yield* message(Expect.tried("b", 2, "11 seconds"))
      yield* message(Expect.alerted("DeliveryFailed", 2))
    }).pipe(Effect.provide(engine))
  )

  it.effect("says what became of a trigger, and what is there instead", () => {
    const both = [
      Scheduled.run("tick", Frequency.everyTenSeconds, Effect.void),
      Scheduled.run("off", Frequency.everyTenSeconds, Effect.void).pipe(Scheduled.when(Effect.succeed(false)))
    ]
    const scheduling = TestEngine.layerScheduling({ pipelines: [], scheduled: both, startAt: 500 })
    return Effect.gen(function* () {
      yield* TestClock.adjust("35 seconds")
      yield* Expect.ran("tick", 3)
      yield* Expect.occurred("tick", "fired", 3)
      yield* Expect.ended("tick", "completed", 3)
      yield* Expect.occurred("off", "skipped", 3, "when")
      yield* Expect.occurred("off", "skipped", 0, "overlap")
      assert.deepStrictEqual(
        (yield* Expect.occurrences("tick")).map(({ nominal }) => nominal),
        [10_000, 20_000, 30_000]
      )
      const found = "but found 0 among: 3 skipped (when)"
      assert.strictEqual(yield* message(Expect.ran("off", 1)), `expected 1 runs of off, ${found}`)
      assert.strictEqual(
        yield* message(Expect.occurred("off", "late", 1, "down")),
        `expected 1 occurrences of off late (down), ${found}`
      )
      assert.strictEqual(
        yield* message(Expect.ended("tick", "failed", 1)),
        "expected 1 runs of tick failed, but found 0 among: 3 completed"
      )
      assert.strictEqual(
        yield* message(Expect.ran("unknown", 1)),
        "expected 1 runs of unknown, but found 0 among: nothing"
      )
    }).pipe(Effect.provide(scheduling.pipe(Layer.provideMerge(FakeMessenger.FakeMessenger.layer()))))
  })
})
