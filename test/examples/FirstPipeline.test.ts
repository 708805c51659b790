import * as Pipeline from "@fibercast/engine/Pipeline"
import { MonthlyReport } from "@fibercast/examples/FirstPipeline"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

const { FakeMessenger: Fake } = FakeMessenger

const engine = (script?: FakeMessenger.Script) =>
  TestEngine.layer({ pipelines: [MonthlyReport] }).pipe(
    Layer.provide(Fake.standIn(Fonnte)),
    Layer.provideMerge(Fake.layer(script))
  )

const report = Effect.fnUntraced(function* (phone: string) {
  const payload = { student: "Ayu", phone, month: "January" }
  yield* Pipeline.dispatch(MonthlyReport, { workspaceId: yield* TestEngine.workspace(), payload })
  yield* TestClock.adjust("5 minutes")
})

describe("The first pipeline", () => {
  it.effect("sends the report to the number as the provider wants it", () =>
    Effect.gen(function* () {
      yield* report("0812-3456-789")
      yield* Expect.sent("+628123456789")
      const [sent] = yield* (yield* Fake).sent
      assert.strictEqual(sent?.text, "The report of Ayu for January is ready.")
      yield* Expect.settled("completed", 1)
    }).pipe(Effect.provide(engine()))
  )

  it.effect("skips a number that cannot be written to, without a send", () =>
    Effect.gen(function* () {
      yield* report("ask the father")
      yield* Expect.settled("skipped", 1)
      assert.deepStrictEqual(yield* (yield* Fake).sent, [])
    }).pipe(Effect.provide(engine()))
  )

  it.effect("tries three times, a minute apart, and then tells the admin", () =>
    Effect.gen(function* () {
      yield* report("0812-3456-789")
      yield* Expect.tried("+628123456789", 3, "60 seconds")
      yield* Expect.settled("failed", 1)
      yield* Expect.alerted("DeliveryFailed")
    }).pipe(Effect.provide(engine(() => FakeMessenger.fail("transient", "the device is offline"))))
  )

  it.effect("leaves in doubt what nobody answered, rather than risk a second message", () =>
    Effect.gen(function* () {
      yield* report("0812-3456-789")
      yield* Expect.settled("unknown", 1)
      assert.lengthOf(yield* (yield* Fake).sent, 1)
    }).pipe(Effect.provide(engine(() => FakeMessenger.hang)))
  )
})
