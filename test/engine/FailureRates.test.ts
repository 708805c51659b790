import * as FailureRates from "@fibercast/engine/FailureRates"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

const options = { sample: 10, rate: 0.3, most: 3 }

/** Counts the ends of jobs, `x` for each that failed; answers after which of them an episode began. */
const episodes = (rates: FailureRates.FailureRates, ends: string, pipeline = "reports") =>
  [...ends].flatMap((end, at) => (rates.count(1, pipeline, end === "x") === null ? [] : [at + 1]))

describe("FailureRates", () => {
  it("say nothing before the sample is full, however many of it fail", () => {
    const rates = FailureRates.make(options)
    assert.deepStrictEqual(episodes(rates, "xxxxxxxxx"), [])
    assert.deepStrictEqual(rates.count(1, "reports", false), {
      _tag: "HighFailureRate",
      workspaceId: 1,
      campaignId: null,
      pipeline: "reports",
      failed: 9,
      settled: 10
    })
  })

  it("begin an episode once as the share reaches the rate, and another only after it fell under half of it", () => {
    const rates = FailureRates.make(options)
    assert.deepStrictEqual(episodes(rates, "xx........"), [])
    // Three of the last ten.
    assert.deepStrictEqual(episodes(rates, "xx.......x"), [10])
    // Two of ten are no less than half of three: the episode goes on, and three begin no other.
    assert.deepStrictEqual(episodes(rates, "x.x"), [])
    // With one of ten it is over.
    assert.deepStrictEqual(episodes(rates, "..........xx"), [])
    assert.deepStrictEqual(episodes(rates, "x"), [1])
  })

  it("say nothing of jobs that all succeed, even when no failure at all is allowed", () => {
    assert.deepStrictEqual(episodes(FailureRates.make({ ...options, rate: 0 }), ".".repeat(20)), [])
  })

  it("keep pipelines and workspaces apart, and forget the one that ended nothing for longest when there are too many", () => {
    const rates = FailureRates.make(options)
    episodes(rates, "xxxxxxxxx", "first")
    episodes(rates, "xxxxxxxxx", "second")
    assert.isNull(rates.count(2, "first", true))
    assert.isNotNull(rates.count(1, "first", true))
    assert.isNull(rates.count(1, "fourth", true))
    // "second" was forgotten for it.
    assert.isNull(rates.count(1, "second", true))
  })
})

const jobs = Pipeline.make("reports", { payload: Schema.Int }).pipe(
  Pipeline.map((number) => ({ to: String(number), text: "A report" })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)

/** Every fifth is refused for good. */
const script: FakeMessenger.Script = ({ number }) =>
  number % 5 === 0 ? FakeMessenger.fail("recipientPermanent", "no such number") : FakeMessenger.accept

const dispatched = Effect.fnUntraced(function* (count: number) {
  const workspaceId = yield* TestEngine.workspace()
  yield* Pipeline.dispatchMany(jobs, { workspaceId, payloads: Array.from({ length: count }, (_, n) => n) })
  yield* TestEngine.catchUp
  return workspaceId
})

const raised = Effect.map(
  Effect.flatMap(MemoryAlerts, ({ raised }) => raised),
  (alerts) => alerts.flatMap((alert) => (alert._tag === "HighFailureRate" ? [alert] : []))
)

describe("background jobs that fail too often", () => {
  it.effect("raise one alarm for their pipeline", () =>
    Effect.gen(function* () {
      const workspaceId = yield* dispatched(200)
      yield* TestClock.adjust("10 seconds")
      yield* Expect.settled("failed", 40)
      assert.deepStrictEqual(yield* raised, [
        { _tag: "HighFailureRate", workspaceId, campaignId: null, pipeline: "reports", failed: 10, settled: 50 }
      ])
    }).pipe(
      Effect.provide(
        TestEngine.layer({ pipelines: [jobs] }).pipe(Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script)))
      )
    )
  )

  it.effect("raise none while they are few, or their share is small", () =>
    Effect.gen(function* () {
      yield* dispatched(49)
      yield* TestClock.adjust("10 seconds")
      yield* Expect.settled("failed", 9)
      assert.deepStrictEqual(yield* raised, [])
    }).pipe(
      Effect.provide(
        TestEngine.layer({ pipelines: [jobs] }).pipe(Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script)))
      )
    )
  )

  it.effect("raise it as well where a sender ends them", () =>
    Effect.gen(function* () {
      const workspaceId = yield* dispatched(200)
      yield* TestSenders.makeEngine({ pipelines: [jobs] })
      yield* TestSenders.makeSender({ pipelines: [jobs] })
      yield* Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), TestEngine.catchUp), { times: 20 })
      yield* Expect.settled("failed", 40)
      assert.deepStrictEqual(
        (yield* raised).map(({ pipeline, workspaceId }) => [workspaceId, pipeline]),
        [[workspaceId, "reports"]]
      )
    }).pipe(
      Effect.provide(
        Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(script), TestSenders.layerBetween)
      )
    )
  )
})
