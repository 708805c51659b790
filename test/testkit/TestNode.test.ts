import * as Frequency from "@fibercast/domain/Frequency"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Scheduler } from "@fibercast/engine/Scheduler"
import { Ledger } from "@fibercast/ports/Ledger"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

const Hello = Pipeline.make("hello", { payload: Schema.String }).pipe(
  Pipeline.map((to) => ({ to, text: "Hello" })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)
const slowly = () => FakeMessenger.delay("1 second")
const world = Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(slowly))

const begun = Effect.gen(function* () {
  const node = yield* TestNode.make({ pipelines: [Hello] })
  const workspaceId = yield* TestEngine.workspace()
  yield* Pipeline.dispatch(Hello, { workspaceId, payload: "a" })
  yield* TestEngine.catchUp
  yield* TestClock.adjust("500 millis")
  return node
})
const results = Effect.map(
  Effect.flatMap(FakeMessenger.FakeMessenger, ({ sent }) => sent),
  (calls) => calls.map(({ result }) => result)
)
/** Claims that a dead owner left standing. */
const stranded = Effect.gen(function* () {
  const by = { by: 0, now: 3_600_000, limit: 10 }
  return (yield* (yield* Ledger).dueWorkspaces(by)).length
})

const minutely = () => {
  const times: Array<number> = []
  const note = Effect.map(Clock.currentTimeMillis, (now) => times.push(now))
  return { times, scheduled: [Scheduled.run("tick", Frequency.everyMinute, note)] }
}
const scheduling = Layer.merge(TestEngine.layerStores({ startAt: 500 }), FakeMessenger.FakeMessenger.layer())
const nominals = Effect.map(Expect.occurrences("tick"), (found) => found.map(({ nominal }) => nominal))

describe("TestNode", () => {
  it.effect("a killed node gives nothing back: what it held stands until someone takes over", () =>
    Effect.gen(function* () {
      const node = yield* begun
      yield* node.kill
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* results, ["cutOff"])
      assert.strictEqual(yield* stranded, 1)
      yield* Expect.settled("completed", 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("a stopped node gives back what it held", () =>
    Effect.gen(function* () {
      const node = yield* begun
      yield* node.stop
      yield* TestNode.make({ pipelines: [Hello] })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* results, ["cutOff", "accepted"])
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world))
  )

  it.effect("a frozen node does nothing until it is thawed, and then goes on", () =>
    Effect.gen(function* () {
      const node = yield* begun
      yield* node.freeze
      yield* TestClock.adjust("10 seconds")
      yield* Expect.settled("completed", 0)
      yield* node.thaw
      yield* TestClock.adjust("10 seconds")
      yield* Expect.settled("completed", 1)
      assert.deepStrictEqual(yield* results, ["accepted"])
    }).pipe(Effect.provide(world))
  )

  it.effect("schedules until it is killed or frozen, and catches up when it is thawed", () =>
    Effect.gen(function* () {
      const { scheduled } = minutely()
      const node = yield* TestNode.makeScheduling({ pipelines: [], scheduled })
      yield* TestClock.adjust("2 minutes")
      yield* node.freeze
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* nominals, [60_000, 120_000])
      yield* node.thaw
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* nominals, [60_000, 120_000, 180_000, 240_000])
      yield* node.kill
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* nominals).length, 4)
    }).pipe(Effect.provide(scheduling))
  )

  it.effect("goes by a clock of its own, as far ahead or behind as it is told", () =>
    Effect.gen(function* () {
      const { scheduled, times } = minutely()
      const node = yield* TestNode.makeScheduling({ pipelines: [], scheduled, skew: 20_000 })
      assert.strictEqual((yield* node.use(Scheduler)).reconciled.added.length, 1)
      yield* TestClock.adjust("39 seconds")
      assert.deepStrictEqual(yield* nominals, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* nominals, [60_000])
      assert.deepStrictEqual(times, [60_000])
    }).pipe(Effect.provide(scheduling))
  )
})
