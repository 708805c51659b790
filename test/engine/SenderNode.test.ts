import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

const Hard = Pipeline.make("hard", { payload: Schema.Int }).pipe(
  Pipeline.mapEffect(() => Effect.fail("it cannot be done"), { classify: "messagePermanent" }),
  Pipeline.onFailure(() => Effect.never)
)
const Easy = Pipeline.make("easy", { payload: Schema.Int }).pipe(Pipeline.map((n) => n + 1))

const pipelines = [Hard, Easy]

/** In steps that leave what goes from node to node time to arrive. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), TestEngine.catchUp), { times: seconds * 2 - 1 })

const world = Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(), TestSenders.layerBetween)

describe("A sender of many workspaces", () => {
  it.effect("writes what ended for one although the failure hooks of another are far behind", () =>
    Effect.gen(function* () {
      const noisy = yield* TestEngine.workspace("noisy")
      const quiet = yield* TestEngine.workspace("quiet")
      yield* TestSenders.makeEngine({ pipelines })
      const sender = yield* TestSenders.makeSender({ pipelines })
      const payloads = Array.from({ length: 1200 }, (_, n) => n)
      yield* Pipeline.dispatchMany(Hard, { workspaceId: noisy, payloads })
      yield* pass(12)
      yield* Pipeline.dispatchMany(Easy, { workspaceId: quiet, payloads: payloads.slice(0, 50) })
      yield* pass(5)
      const written = yield* Effect.exit(Expect.settled("completed", 50))
      const stopping = yield* Effect.forkChild(sender.stop)
      yield* pass(12)
      yield* Fiber.join(stopping)
      yield* written
    }).pipe(Effect.provide(world))
  )
})
