import { describe, it } from "@effect/vitest"
import { MonthlyReport } from "@fibercast/examples/FirstPipeline"
import { scheduled } from "@fibercast/examples/SchoolTriggers"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as Expect from "@fibercast/testkit/Expect"
import { FakeMessenger } from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

const engine = TestEngine.layerScheduling({
  ...TestEngine.sparse,
  pipelines: [MonthlyReport],
  scheduled,
  startAt: "2026-01-15T00:00:00Z"
}).pipe(Layer.provide(FakeMessenger.standIn(Fonnte)), Layer.provideMerge(FakeMessenger.layer()))

describe("The triggers of a school", () => {
  it.effect("send the report on the first of each month, and count on weekdays only", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("365 days")
      yield* Expect.sent("+628123456789", 12)
      yield* Expect.occurred("reports.monthly", "fired", 12)
      yield* Expect.occurred("attendance.count", "fired", 261)
    }).pipe(Effect.provide(engine))
  )
})
