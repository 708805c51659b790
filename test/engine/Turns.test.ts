import * as Pipeline from "@fibercast/engine/Pipeline"
import { SenderChannel } from "@fibercast/ports/SenderChannel"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { densest, phone, sendTimes } from "./internal/Broadcasts.ts"

const rate = { permits: 20, per: 1000 }

const Through = Pipeline.make("through", { payload: Schema.String }).pipe(
  Pipeline.map((to) => ({ to, text: "Hello" })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)

const Fallback = Pipeline.make("fallback", { payload: Schema.String }).pipe(
  Pipeline.map((to) => ({ to, text: "Hello" })),
  Pipeline.fallback(Pipeline.send(FakeMessenger.FakeMessenger), Pipeline.send(FakeMessenger.FakeMessenger))
)

const Throttled = Pipeline.make("throttled", { payload: Schema.String }).pipe(
  Pipeline.throttle({ key: () => "one", rate }),
  Pipeline.map((to) => ({ to, text: "Hello" })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)

const world = (limits: FakeMessenger.Options["limits"] = { rate }) =>
  Layer.mergeAll(
    TestEngine.layerStores(),
    FakeMessenger.FakeMessenger.layer(undefined, { limits }),
    TestSenders.layerBetween
  )

const dispatched = Effect.fnUntraced(function* (pipeline: typeof Through, count: number) {
  const workspaceId = yield* TestEngine.workspace()
  const payloads = Array.from({ length: count }, (_, n) => phone(n))
  yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads })
  yield* TestEngine.catchUp
})

/** So many seconds, in steps that leave what goes from node to node time to arrive. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("10 millis"), Effect.repeat(Effect.yieldNow, { times: 20 })), {
    times: seconds * 100 - 1
  })

describe("limits over three senders", () => {
  for (const [what, pipeline, limits] of [
    ["the rate of an account", Through, { rate }],
    ["the rate of an account behind a fallback", Fallback, { rate }],
    ["a throttle by key", Throttled, {}]
  ] as const) {
    it.effect(`${what} holds in every sliding second, and is used while there is work`, () =>
      Effect.gen(function* () {
        yield* dispatched(pipeline, 400)
        yield* TestSenders.makeEngine({ pipelines: [pipeline] })
        yield* Effect.replicateEffect(TestSenders.makeSender({ pipelines: [pipeline] }), 3)
        yield* pass(15)
        const times = yield* sendTimes
        assert.isAtMost(densest(times, rate), 20)
        const first = times[0] ?? 0
        const whole = times.filter((at) => at >= first && at < first + 10_000)
        assert.isAtLeast(whole.length, 194)
      }).pipe(Effect.provide(world(limits)))
    )
  }

  it.effect("nothing is sent unmetered once the owner is gone, and all of it is once there is another", () =>
    Effect.gen(function* () {
      yield* dispatched(Through, 200)
      const first = yield* TestSenders.makeEngine({ pipelines: [Through] })
      yield* Effect.replicateEffect(TestSenders.makeSender({ pipelines: [Through] }), 3)
      yield* pass(2)
      yield* first.kill
      const before = (yield* sendTimes).length
      yield* pass(5)
      assert.isAtMost((yield* sendTimes).length - before, 3)
      yield* TestSenders.makeEngine({ pipelines: [Through] })
      yield* pass(120)
      assert.isAtMost(densest(yield* sendTimes, rate), 20)
      yield* Expect.settled("completed", 200)
    }).pipe(Effect.provide(world()))
  )

  it.effect("a grant that comes later than it may be used is not used", () =>
    Effect.gen(function* () {
      yield* dispatched(Through, 40)
      const channel = yield* SenderChannel
      const granted: Array<number> = []
      const slow = Layer.succeed(SenderChannel, {
        ...channel,
        ask: (owner, request) =>
          Effect.gen(function* () {
            const turn = yield* channel.ask(owner, request)
            const now = yield* Clock.currentTimeMillis
            if (turn === 0) granted.push(now)
            // The first comes when it is too late.
            if (turn === 0 && granted.length === 1) yield* Effect.sleep(500)
            return turn
          })
      })
      yield* TestSenders.makeEngine({ pipelines: [Through] })
      yield* Effect.provide(TestSenders.makeSender({ pipelines: [Through] }), slow)
      yield* pass(8)
      const times = yield* sendTimes
      assert.strictEqual(granted.length, times.length + 1)
      assert.isAtMost(densest(times, rate), 20)
      yield* Expect.settled("completed", 40)
    }).pipe(Effect.provide(world()))
  )
})
