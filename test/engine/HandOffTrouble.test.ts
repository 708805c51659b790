import { type Guarantee } from "@fibercast/domain/Campaign"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Chunk from "@fibercast/ports/Chunk"
import { WorkStream, WorkStreamUnavailable } from "@fibercast/ports/WorkStream"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { phone } from "./internal/Broadcasts.ts"

const Letter = Schema.Struct({ to: Schema.String, text: Schema.String })

const letters = (guarantee: Guarantee = "at-least-once") =>
  Pipeline.make("letters", {
    payload: Letter,
    guarantee,
    retry: RetryPolicy.after("10 seconds", { tries: 3 })
  }).pipe(Pipeline.send(FakeMessenger.FakeMessenger))

const world = (script?: FakeMessenger.Script) =>
  Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(script), TestSenders.layerBetween)

const dispatch = Effect.fnUntraced(function* (texts: ReadonlyArray<string>, guarantee: Guarantee = "at-least-once") {
  const workspaceId = yield* TestEngine.workspace()
  const pipeline = letters(guarantee)
  const payloads = texts.map((text, n) => ({ to: phone(n), text }))
  yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads })
  yield* TestEngine.catchUp
  return { workspaceId, pipelines: [pipeline] }
})

const calls = Effect.flatMap(FakeMessenger.FakeMessenger, ({ sent }) => sent)
const accepted = Effect.map(calls, (all) => all.filter(({ result }) => result === "accepted").map(({ to }) => to))
const twice = Effect.map(calls, (all) => all.length - new Set(all.map(({ to }) => to)).size)

/** So many seconds, in steps that leave what goes from node to node time to arrive. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), TestEngine.catchUp), { times: seconds * 2 - 1 })

/** A stream that takes messages of up to 1 MiB, as servers do. */
const narrow = Layer.effect(
  WorkStream,
  Effect.map(WorkStream, (stream) => ({
    ...stream,
    publish: (chunk: Chunk.Chunk) =>
      new TextEncoder().encode(Chunk.encode(chunk)).length <= 1_048_576
        ? stream.publish(chunk)
        : new WorkStreamUnavailable({ operation: "publish a chunk", cause: new Error("maximum payload exceeded") })
  }))
)

describe("What is large", () => {
  it.effect("many large payloads that were claimed together go in several chunks", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(Array.from({ length: 40 }, () => "\u0001é".repeat(12_500)))
      yield* Effect.provide(TestSenders.makeEngine({ pipelines }), narrow)
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(10)
      assert.strictEqual((yield* accepted).length, 40)
      yield* Expect.settled("completed", 40)
    }).pipe(Effect.provide(world()))
  )

  it.effect("a payload that no chunk can carry has failed, is told, and holds nothing up", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(["short", "x".repeat(1_048_576), "x".repeat(900_000), "short"])
      yield* Effect.provide(TestSenders.makeEngine({ pipelines }), narrow)
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(10)
      assert.deepStrictEqual((yield* accepted).toSorted(), [phone(0), phone(2), phone(3)])
      yield* Expect.settled("failed", 1)
      yield* Expect.alerted("DeliveryFailed")
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world()))
  )
})
