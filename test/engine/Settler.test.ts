import * as Pipeline from "@fibercast/engine/Pipeline"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, launchTo, now, sendTimes, sentTo } from "./internal/Broadcasts.ts"

const unavailable = (operation: string) =>
  Effect.fail(new LedgerUnavailable({ operation, cause: new Error("the connection was lost") }))

const on = (interposition: Interposed.Interposition, script: FakeMessenger.Script) =>
  TestEngine.layerEngine({ pipelines: [Announce], settings: { concurrency: 10 } }).pipe(
    Layer.provide(Interposed.layerStores(interposition)),
    Layer.provideMerge(Layer.merge(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(script)))
  )

const slowly = () => FakeMessenger.delay("1 second")

const badAtFirst: FakeMessenger.Script = ({ number }) =>
  number <= 50 ? FakeMessenger.fail("messagePermanent") : FakeMessenger.accept

describe("Settler", () => {
  for (const guarantee of ["at-least-once", "at-most-once"] as const) {
    it.effect(`${guarantee}: a ledger that is away for five minutes costs nobody a message and doubles none`, () => {
      let isAway = false
      const before = (operation: string) => (isAway ? unavailable(operation) : Effect.void)
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const campaign = yield* launchTo(workspaceId, 200, { guarantee })
        yield* TestClock.adjust("4500 millis")
        isAway = true
        yield* TestClock.adjust("5 minutes")
        assert.isBelow((yield* sentTo).length, 200)
        isAway = false
        yield* TestClock.adjust("5 minutes")
        const { counts, status } = yield* now(campaign)
        assert.strictEqual(status, "completed")
        assert.deepInclude(counts, { planned: 200, completed: 200 })
        assert.strictEqual((yield* sentTo).length, 200)
        assert.strictEqual(new Set(yield* sentTo).size, 200)
        yield* Expect.alerted("WorkspaceQuarantined", 0)
      }).pipe(Effect.provide(on({ before }, slowly)))
    })

    it.effect(`${guarantee}: a ledger whose every third answer is lost costs nobody a message and doubles none`, () => {
      let calls = 0
      const after = (operation: string) =>
        operation !== "create" && ++calls % 3 === 0 ? unavailable(operation) : Effect.void
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const campaign = yield* launchTo(workspaceId, 200, { guarantee })
        yield* TestClock.adjust("10 minutes")
        const { counts, status } = yield* now(campaign)
        assert.deepInclude(counts, { planned: 200, completed: 200 })
        assert.strictEqual(status, "completed")
        assert.strictEqual((yield* sentTo).length, 200)
        assert.strictEqual(new Set(yield* sentTo).size, 200)
      }).pipe(Effect.provide(on({ after }, slowly)))
    })
  }

  it.effect("what ends while it lingers is settled in one write", () => {
    let settles = 0
    const before = (operation: string) => Effect.sync(() => void (settles += operation === "settle" ? 1 : 0))
    const gate = Latch.makeUnsafe(false)
    const pipeline = Pipeline.make("gated", { payload: Schema.Int }).pipe(Pipeline.tap(() => gate.await))
    const engine = TestEngine.layerEngine({ pipelines: [pipeline], settings: { linger: 5 } }).pipe(
      Layer.provide(Interposed.layerStores({ before })),
      Layer.provideMerge(TestEngine.layerStores())
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const payloads = Array.from({ length: 80 }, (_, n) => n)
      yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads })
      yield* TestClock.adjust("1 second")
      settles = 0
      yield* gate.open
      yield* TestClock.adjust("1 second")
      yield* Expect.settled("completed", 80)
      assert.strictEqual(settles, 1)
    }).pipe(Effect.provide(engine))
  })

  describe("of many under way", () => {
    /** What ends of so many once the gate is open, a millisecond after one another; and how often was settled. */
    const gated = (jobs: number, isOver: (n: number) => boolean, millis: (n: number) => number) => {
      const settles = { count: 0 }
      const before = (operation: string) => Effect.sync(() => void (settles.count += operation === "settle" ? 1 : 0))
      const gate = Latch.makeUnsafe(false)
      const pipeline = Pipeline.make("gated", { payload: Schema.Int }).pipe(
        Pipeline.tap((n) => (isOver(n) ? Effect.andThen(gate.await, Effect.sleep(millis(n))) : Effect.never))
      )
      const engine = TestEngine.layerEngine({ pipelines: [pipeline] }).pipe(
        Layer.provide(Interposed.layerStores({ before })),
        Layer.provideMerge(TestEngine.layerStores())
      )
      const opened = Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads: Array.from({ length: jobs }, (_, n) => n) })
        yield* TestClock.adjust("1 second")
        settles.count = 0
        yield* gate.open
        yield* turns
      })
      return { engine, opened, settles }
    }
    /** Turns of the event loop, while time stands still. */
    const turns = Effect.replicateEffect(Effect.yieldNow, 8, { discard: true })

    it.effect("what ends in the same turn is settled in one write, and needs no time", () => {
      const { engine, opened, settles } = gated(
        80,
        (n) => n < 60,
        () => 0
      )
      return Effect.gen(function* () {
        yield* opened
        yield* Expect.settled("completed", 60)
        assert.strictEqual(settles.count, 1)
      }).pipe(Effect.provide(engine))
    })

    it.effect("the few that ended wait for a little while, and are settled in one write", () => {
      const { engine, opened, settles } = gated(
        80,
        (n) => n < 3,
        (n) => n
      )
      return Effect.gen(function* () {
        yield* opened
        yield* TestClock.adjust("4 millis")
        yield* turns
        assert.strictEqual(settles.count, 0)
        yield* TestClock.adjust("1 millis")
        yield* turns
        yield* Expect.settled("completed", 3)
        assert.strictEqual(settles.count, 1)
      }).pipe(Effect.provide(engine))
    })

    it.effect("none waits for more, where there are not many", () => {
      const { engine, opened } = gated(
        12,
        (n) => n < 1,
        () => 0
      )
      return Effect.gen(function* () {
        yield* opened
        yield* Expect.settled("completed", 1)
      }).pipe(Effect.provide(engine))
    })
  })

  it.effect("an owner that cannot reach the ledger starts nothing once its lease has ended", () => {
    let isAway = false
    const before = (operation: string) => (isAway ? unavailable(operation) : Effect.void)
    return Effect.gen(function* () {
      yield* launchTo(yield* TestEngine.workspace(), 2000)
      yield* TestClock.adjust("4500 millis")
      isAway = true
      yield* TestClock.adjust("5 minutes")
      const last = Math.max(...(yield* sendTimes))
      isAway = false
      assert.isAbove(last, 10_000)
      assert.isAtMost(last, 3000 + 15_000)
    }).pipe(Effect.provide(on({ before }, slowly)))
  })

  it.effect("a failure hook that never ends holds nothing else up", () => {
    const hooked = Announce.pipe(Pipeline.onFailure(() => Effect.never))
    const script = FakeMessenger.inTurn(FakeMessenger.fail("messagePermanent"))
    const layer = TestEngine.layer({ pipelines: [hooked] }).pipe(
      Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script))
    )
    return Effect.gen(function* () {
      const campaign = yield* launchTo(yield* TestEngine.workspace(), 100, { rate: { permits: 10, per: 1000 } })
      yield* TestClock.adjust("1 minute")
      assert.deepInclude((yield* now(campaign)).counts, { failed: 1, completed: 99 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("an outcome whose writing was cut short by a stop is written before the workspace is given up", () => {
    let settles = 0
    const before = (operation: string) =>
      operation === "settle" && ++settles === 1 ? Effect.sleep("1 second") : Effect.void
    const stores = Interposed.layerStores({ before }).pipe(Layer.provideMerge(TestEngine.layerStores()))
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* TestNode.make({ pipelines: [Announce] })
      const campaign = yield* first.use(launchTo(workspaceId, 1))
      yield* TestClock.adjust("500 millis")
      const stopping = yield* Effect.forkChild(first.stop)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(stopping)
      yield* TestNode.make({ pipelines: [Announce] })
      yield* TestClock.adjust("1 minute")
      assert.deepInclude((yield* now(campaign)).counts, { completed: 1, open: 0 })
      assert.strictEqual((yield* sentTo).length, 1)
    }).pipe(Effect.provide(Layer.merge(stores, FakeMessenger.FakeMessenger.layer())))
  })

  it.effect("many failure hooks that never end hold no outcome up", () => {
    const hooked = Announce.pipe(Pipeline.onFailure(() => Effect.never))
    const layer = TestEngine.layer({ pipelines: [hooked], settings: { concurrency: 10 } }).pipe(
      Layer.provideMerge(FakeMessenger.FakeMessenger.layer(badAtFirst))
    )
    return Effect.gen(function* () {
      const campaign = yield* launchTo(yield* TestEngine.workspace(), 100)
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude((yield* now(campaign)).counts, { failed: 50, completed: 50 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("what takes the slot of a send that has ended is under way before that is written", () => {
    const events: Array<string> = []
    const Slow = Pipeline.make("slow", { payload: Schema.Int }).pipe(
      Pipeline.tap((n) =>
        Effect.andThen(
          Effect.sync(() => events.push(`begins ${n}`)),
          Effect.sleep("1 second")
        )
      )
    )
    const before = (operation: string) =>
      Effect.sync(() => {
        if (operation === "settle") events.push("writes")
      })
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* Pipeline.dispatchMany(Slow, { workspaceId, payloads: [1, 2] })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(events.slice(0, 3), ["begins 1", "begins 2", "writes"])
    }).pipe(
      Effect.provide(
        TestEngine.layerEngine({ pipelines: [Slow], settings: { concurrency: 1 } }).pipe(
          Layer.provide(Interposed.layerStores({ before })),
          Layer.provideMerge(Layer.merge(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer()))
        )
      )
    )
  })
})
