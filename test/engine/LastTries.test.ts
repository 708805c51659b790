/**
 * What the tries of a delivery come to, in one process and over senders: when they begin, what is charged, what is recorded
 * and who is told.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Broadcast from "@fibercast/engine/Broadcast"
import * as Pipeline from "@fibercast/engine/Pipeline"
import type * as Runnable from "@fibercast/engine/Runnable"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { launchTo } from "./internal/Broadcasts.ts"

const world = (script?: FakeMessenger.Script) =>
  Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(script), TestSenders.layerBetween)

interface Told extends Runnable.Ending {
  readonly attempt: number
}

const listening = () => {
  const told: Array<Told> = []
  const listen = <P>({ context: { attempt }, errorClass, reason, state }: Runnable.FailedDelivery<P>) =>
    Effect.sync(() => told.push({ state, errorClass, reason, attempt }))
  return { told, listen }
}

class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {
  readonly errorClass = "rateLimited"
  readonly retryAfter = 5000
}

const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("250 millis"), Effect.repeat(Effect.yieldNow, { times: 60 })), {
    times: seconds * 4 - 1
  })

const dispatched = Effect.fnUntraced(function* <P, A, E, R>(pipeline: Pipeline.Pipeline<P, A, E, R>, payload: P) {
  yield* Pipeline.dispatch(pipeline, { workspaceId: yield* TestEngine.workspace(), payload })
  yield* TestEngine.catchUp
})

/** Whole seconds since the first of them. */
const apart = (times: ReadonlyArray<number>) => times.map((at) => Math.round((at - (times[0] ?? 0)) / 1000))

const places = {
  "in one process": <R>(pipeline: Runnable.Runnable<R>) => Effect.asVoid(TestNode.make({ pipelines: [pipeline] })),
  "over senders": <R>(pipeline: Runnable.Runnable<R>) =>
    Effect.gen(function* () {
      yield* TestSenders.makeEngine({ pipelines: [pipeline] })
      yield* Effect.replicateEffect(TestSenders.makeSender({ pipelines: [pipeline] }), 2, { discard: true })
    })
}

for (const where of ["in one process", "over senders"] as const) {
  const run = places[where]

  describe(`the tries of a delivery ${where}`, () => {
    it.effect("are cut off when their time is up, and begin after the given waits, of which the last repeats", () =>
      Effect.gen(function* () {
        const { listen, told } = listening()
        const begun: Array<number> = []
        let interrupted = 0
        const pipeline = Pipeline.make("slow", {
          payload: Schema.Null,
          timeout: "2 seconds",
          retry: RetryPolicy.backoff(["1 second", "4 seconds"], { tries: 4 })
        }).pipe(
          Pipeline.tap(() =>
            Effect.gen(function* () {
              begun.push(yield* Clock.currentTimeMillis)
              return yield* Effect.never
            }).pipe(Effect.onInterrupt(() => Effect.sync(() => interrupted++)))
          ),
          Pipeline.onFailure(listen)
        )
        yield* run(pipeline)
        yield* dispatched(pipeline, null)
        yield* pass(60)
        assert.deepStrictEqual(apart(begun), [0, 3, 9, 15])
        assert.strictEqual(interrupted, 4)
        assert.deepStrictEqual(told, [
          { state: "unknown", errorClass: "unknown", reason: "not done in time", attempt: 4 }
        ])
        yield* Expect.settled("unknown", 1)
        yield* Expect.nothingOpen
      }).pipe(Effect.scoped, Effect.provide(world()))
    )

    it.effect("that are cut off are recorded with their class and reason", () =>
      Effect.gen(function* () {
        const { listen, told } = listening()
        const announce = Broadcast.make("fake", FakeMessenger.FakeMessenger, {
          timeout: "2 seconds",
          retry: RetryPolicy.after("1 second", { tries: 2 })
        }).pipe(Pipeline.onFailure(listen))
        const node = yield* where === "in one process"
          ? TestNode.make({ pipelines: [announce] })
          : TestSenders.makeEngine({ pipelines: [announce] })
        if (where === "over senders") yield* TestSenders.makeSender({ pipelines: [announce] })
        const { id } = yield* node.use(launchTo(yield* TestEngine.workspace(), 2))
        yield* pass(30)
        const ledger = yield* Ledger
        const rows = yield* ledger.done({ campaignId: id, states: ["unknown"], after: null, limit: 10 })
        assert.deepStrictEqual(
          rows.map(({ attempt, errorClass, reason, state }) => ({ attempt, errorClass, reason, state })),
          [0, 1].map(
            () => ({ attempt: 2, errorClass: "unknown", reason: "not done in time", state: "unknown" }) as const
          )
        )
        assert.lengthOf(told, 2)
      }).pipe(Effect.scoped, Effect.provide(world(() => FakeMessenger.delay("1 hour"))))
    )

    it.effect("end when the time to try is over: the last one that began has failed, once, and none begins later", () =>
      Effect.gen(function* () {
        const { listen, told } = listening()
        const begun: Array<number> = []
        const pipeline = Pipeline.make("until", {
          payload: Schema.Null,
          retry: RetryPolicy.until("10 seconds", ["2 seconds", "3 seconds"])
        }).pipe(
          Pipeline.tap(() =>
            Effect.gen(function* () {
              begun.push(yield* Clock.currentTimeMillis)
              return yield* Effect.fail("refused")
            })
          ),
          Pipeline.onFailure(listen)
        )
        yield* run(pipeline)
        yield* dispatched(pipeline, null)
        yield* pass(60)
        assert.deepStrictEqual(apart(begun), [0, 2, 5, 8])
        assert.deepStrictEqual(told, [{ state: "failed", errorClass: "transient", reason: "refused", attempt: 4 }])
        yield* Expect.settled("failed", 1)
      }).pipe(Effect.scoped, Effect.provide(world()))
    )

    it.effect("are not charged for being put off, however often", () =>
      Effect.gen(function* () {
        const { listen, told } = listening()
        const attempts: Array<number> = []
        const pipeline = Pipeline.make("busy", {
          payload: Schema.Null,
          retry: RetryPolicy.after("1 second", { tries: 2 })
        }).pipe(
          Pipeline.tap((_none, { attempt }) =>
            Effect.suspend(() => (attempts.push(attempt) <= 20 ? Effect.fail(new Busy()) : Effect.void))
          ),
          Pipeline.onFailure(listen)
        )
        yield* run(pipeline)
        yield* dispatched(pipeline, null)
        yield* pass(150)
        assert.deepStrictEqual(
          attempts,
          Array.from({ length: 21 }, () => 1)
        )
        assert.deepStrictEqual(told, [])
        yield* Expect.settled("completed", 1)
      }).pipe(Effect.scoped, Effect.provide(world()))
    )

    it.effect("have failed once, though the answers of the Ledger are lost again and again", () => {
      const { listen, told } = listening()
      const pipeline = Pipeline.make("failing", {
        payload: Schema.Null,
        retry: RetryPolicy.after("1 second", { tries: 3 })
      }).pipe(
        Pipeline.tap(() => Effect.fail("refused")),
        Pipeline.onFailure(listen)
      )
      let settles = 0
      const after = (operation: string) =>
        operation === "settle" && ++settles % 3 !== 0
          ? Effect.fail(new LedgerUnavailable({ operation, cause: new Error("the connection was lost") }))
          : Effect.void
      const flaky = Interposed.layerStores({ after }).pipe(Layer.provideMerge(world()))
      return Effect.gen(function* () {
        yield* run(pipeline)
        yield* dispatched(pipeline, null)
        yield* pass(60)
        assert.isAbove(settles, 6)
        assert.deepStrictEqual(told, [{ state: "failed", errorClass: "transient", reason: "refused", attempt: 3 }])
        assert.deepStrictEqual(yield* Expect.alerts, ["DeliveryFailed"])
      }).pipe(Effect.scoped, Effect.provide(flaky))
    })
  })
}
