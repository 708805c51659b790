import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

const MonthlyReport = Pipeline.make("school.monthly-report", {
  payload: Schema.Struct({ student: Schema.String, phone: Schema.String }),
  retry: RetryPolicy.after("60 seconds", { tries: 3 })
}).pipe(
  Pipeline.map(({ phone, student }) => ({ to: phone, text: `The report of ${student} is ready.` })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)

const offline = FakeMessenger.FakeMessenger.layer(() => FakeMessenger.fail("transient", "the device is offline"))
const engine = TestEngine.layer({ pipelines: [MonthlyReport] }).pipe(Layer.provideMerge(offline))

describe("A school's monthly report", () => {
  it.effect("is tried three times, 60 seconds apart, and then the admin is alerted", () =>
    Effect.gen(function* () {
      const payload = { student: "Ayu", phone: "+628123456789" }
      yield* Pipeline.dispatch(MonthlyReport, { workspaceId: yield* TestEngine.workspace(), payload })
      yield* TestClock.adjust("3 minutes")
      yield* Expect.tried(payload.phone, 3, "60 seconds")
      yield* Expect.alerted("DeliveryFailed")
    }).pipe(Effect.provide(engine))
  )
})
