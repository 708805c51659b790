import { type Guarantee } from "@fibercast/domain/Campaign"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, type Duration, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, densest, launchTo, now, phone, sendTimes, sentTo, world } from "./internal/Broadcasts.ts"

const { FakeMessenger: Fake } = FakeMessenger

/** Jobs that write to one number, and what their failure hook was told. */
const job = (options: { readonly retry?: RetryPolicy.RetryPolicy; readonly guarantee?: Guarantee }) => {
  const told: Array<string> = []
  const pipeline = Pipeline.make("job", { payload: Schema.String, ...options }).pipe(
    Pipeline.map((to) => ({ to, text: "Hello" })),
    Pipeline.send(Fake),
    Pipeline.onFailure(({ payload, reason }) => Effect.sync(() => told.push(`${payload}: ${reason}`)))
  )
  return { pipeline, told }
}

/** Dispatches one job, lets a time pass, and answers when the messenger was called, in seconds. */
const worked = Effect.fnUntraced(function* (
  { pipeline }: ReturnType<typeof job>,
  script: FakeMessenger.Script,
  within: Duration.Input
) {
  const engine = TestEngine.layer({ pipelines: [pipeline] }).pipe(Layer.provideMerge(Fake.layer(script)))
  return yield* Effect.gen(function* () {
    const workspaceId = yield* TestEngine.workspace()
    yield* Pipeline.dispatch(pipeline, { workspaceId, payload: phone(0) })
    yield* TestEngine.catchUp
    yield* TestClock.adjust(within)
    const calls = yield* (yield* Fake).sent
    return {
      at: calls.map(({ at }) => at / 1000),
      attempts: calls.map(({ attempt }) => attempt),
      alerts: yield* Expect.alerts
    }
  }).pipe(Effect.provide(engine))
})

const offline = FakeMessenger.fail("transient", "offline")

/** Stores of which some operations stop answering. */
const hangs = (...operations: ReadonlyArray<string>) => {
  const state = { isAway: false }
  const before = (operation: string) => (state.isAway && operations.includes(operation) ? Effect.never : Effect.void)
  const stores = Interposed.layerStores({ before }).pipe(Layer.provideMerge(TestEngine.layerStores()))
  return { state, stores }
}

describe("WorkspaceActor", () => {
  describe("retries", () => {
    it.effect("backoff waits as listed, and the last wait repeats", () =>
      Effect.gen(function* () {
        const retry = RetryPolicy.backoff(["10 seconds", "30 seconds", "1 minute"], { tries: 6 })
        const { at, attempts } = yield* worked(job({ retry }), () => offline, "10 minutes")
        assert.deepStrictEqual(at, [0, 10, 40, 100, 160, 220])
        assert.deepStrictEqual(attempts, [1, 2, 3, 4, 5, 6])
      })
    )

    it.effect("exponential waits double up to the cap, spread over the upper half", () =>
      Effect.gen(function* () {
        const retry = RetryPolicy.exponential("10 seconds", { tries: 6, cap: "1 minute" })
        const { at } = yield* worked(job({ retry }), () => offline, "10 minutes")
        const gaps = at.slice(1).map((instant, index) => instant - (at[index] ?? 0))
        assert.lengthOf(gaps, 5)
        for (const [index, full] of [10, 20, 40, 60, 60].entries()) {
          assert.isAtLeast(gaps[index] ?? 0, full / 2)
          assert.isAtMost(gaps[index] ?? Infinity, full)
        }
      })
    )

    it.effect("when the tries are used up it is failed, and the admin and the failure hook are told once", () =>
      Effect.gen(function* () {
        const reported = job({ retry: RetryPolicy.after("1 second", { tries: 3 }) })
        const { alerts, at } = yield* worked(reported, () => offline, "10 minutes")
        assert.lengthOf(at, 3)
        assert.deepStrictEqual(alerts, ["DeliveryFailed"])
        assert.deepStrictEqual(reported.told, [`${phone(0)}: offline`])
      })
    )

    it.effect("what succeeds in the end alerts nobody", () =>
      Effect.gen(function* () {
        const reported = job({ retry: RetryPolicy.after("1 second", { tries: 3 }) })
        const { alerts, at } = yield* worked(reported, FakeMessenger.inTurn(offline, offline), "10 minutes")
        assert.deepStrictEqual(at, [0, 1, 2])
        assert.deepStrictEqual([alerts, reported.told], [[], []])
      })
    )

    it.effect("being told to wait costs no attempt and takes as long as the provider says", () =>
      Effect.gen(function* () {
        const wait = FakeMessenger.fail("rateLimited", "slow down", 90_000)
        const script = FakeMessenger.inTurn(wait, wait)
        const { at, attempts } = yield* worked(job({ retry: RetryPolicy.never }), script, "10 minutes")
        assert.deepStrictEqual(at, [0, 90, 180])
        assert.deepStrictEqual(attempts, [1, 1, 1])
      })
    )

    it.effect("a send without an answer is tried again under at-least-once", () =>
      Effect.gen(function* () {
        const tried = job({ retry: RetryPolicy.after("1 minute", { tries: 2 }) })
        const { alerts, at } = yield* worked(tried, FakeMessenger.inTurn(FakeMessenger.hang), "10 minutes")
        assert.deepStrictEqual(at, [0, 90])
        assert.deepStrictEqual(alerts, [])
      })
    )

    it.effect("a send without an answer is in doubt under at-most-once, and never tried again", () =>
      Effect.gen(function* () {
        const once = job({ retry: RetryPolicy.after("1 minute", { tries: 2 }), guarantee: "at-most-once" })
        const { alerts, at } = yield* worked(once, FakeMessenger.inTurn(FakeMessenger.hang), "10 minutes")
        assert.deepStrictEqual(at, [0])
        assert.deepStrictEqual(alerts, ["DeliveryFailed"])
        assert.deepStrictEqual(once.told, [`${phone(0)}: not done in time`])
      })
    )

    it.effect("a crash of a messenger is one failed try of one delivery", () =>
      Effect.gen(function* () {
        const tried = job({ retry: RetryPolicy.after("1 minute", { tries: 2 }) })
        const { alerts, at } = yield* worked(tried, FakeMessenger.inTurn(FakeMessenger.die()), "10 minutes")
        assert.deepStrictEqual(at, [0, 60])
        assert.deepStrictEqual(alerts, [])
      })
    )
  })

  describe("a killed node", () => {
    const settings = { concurrency: 10 }

    it.effect("at-most-once: what it had begun is in doubt, nobody gets a second message, the others get theirs", () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const first = yield* TestNode.make({ pipelines: [Announce], settings })
        const campaign = yield* first.use(launchTo(workspaceId, 100, { guarantee: "at-most-once" }))
        yield* TestClock.adjust("5 seconds")
        const before = yield* sentTo
        assert.isAbove(before.length, 20)
        assert.isBelow(before.length, 100)
        yield* first.kill
        yield* TestNode.make({ pipelines: [Announce], settings })
        yield* TestClock.adjust("10 minutes")
        const { counts, status } = yield* now(campaign)
        assert.strictEqual(status, "completed")
        assert.strictEqual(counts.completed + counts.unknown, 100)
        assert.isAtLeast(counts.unknown, before.length - 20)
        assert.strictEqual(new Set(yield* sentTo).size, (yield* sentTo).length)
        yield* Expect.balanced(workspaceId, campaign.id)
      }).pipe(
        Effect.provide(
          world(({ number }) => (number <= 20 || number > 30 ? FakeMessenger.delay("100 millis") : FakeMessenger.hang))
        )
      )
    )

    it.effect("at-least-once: everybody gets a message, and at most those it had in flight get two", () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const first = yield* TestNode.make({ pipelines: [Announce], settings })
        const campaign = yield* first.use(launchTo(workspaceId, 100))
        yield* TestClock.adjust("5 seconds")
        yield* first.kill
        const before = (yield* sentTo).length
        yield* TestNode.make({ pipelines: [Announce], settings })
        yield* TestClock.adjust("10 minutes")
        const { counts, status } = yield* now(campaign)
        assert.strictEqual(status, "completed")
        assert.strictEqual(counts.completed, 100)
        const sent = yield* sentTo
        assert.isBelow(before, 100)
        assert.strictEqual(new Set(sent).size, 100)
        assert.isAbove(sent.length, 100)
        assert.isAtMost(sent.length, 100 + settings.concurrency)
      }).pipe(Effect.provide(world(({ number }) => FakeMessenger.delay(number <= 20 ? "100 millis" : "3 seconds"))))
    )

    it.effect("a rate holds over its death: no window has more sends than allowed", () => {
      const rate = { permits: 10, per: 10_000 }
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate } })
        const first = yield* TestNode.make({ pipelines: [Announce], settings })
        const campaign = yield* first.use(launchTo(workspaceId, 60))
        yield* TestClock.adjust("15500 millis")
        yield* first.kill
        yield* TestNode.make({ pipelines: [Announce], settings })
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual((yield* now(campaign)).counts.completed, 60)
        const times = yield* sendTimes
        assert.strictEqual(densest(times, rate), rate.permits)
      }).pipe(Effect.provide(world(({ at }) => FakeMessenger.delay(at < 15_500 ? "900 millis" : 0))))
    })
  })

  it.effect("what has not been sent by its deadline expires and is never sent", () => {
    const { pipeline, told } = job({})
    const engine = TestEngine.layer({ pipelines: [pipeline] }).pipe(Layer.provideMerge(Fake.layer()))
    return Effect.gen(function* () {
      const limits = { rate: { permits: 1, per: 60_000 } }
      const workspaceId = yield* TestEngine.workspace("limited", { limits })
      const deadline = DateTime.makeUnsafe(90_000)
      yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads: [phone(0), phone(1), phone(2)], deadline })
      yield* TestEngine.catchUp
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* sentTo, [phone(0), phone(1)])
      yield* Expect.settled("completed", 2)
      yield* Expect.settled("expired", 1)
      yield* Expect.nothingOpen
      assert.deepStrictEqual(told, [])
    }).pipe(Effect.provide(engine))
  })

  it.effect("a graceful stop gives back what it had not begun, and the next node sends each once", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* TestNode.make({ pipelines: [Announce], settings: { concurrency: 10, drain: 5000 } })
      const campaign = yield* first.use(launchTo(workspaceId, 200))
      yield* TestClock.adjust("5 seconds")
      const stopping = yield* Effect.forkChild(first.stop)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(stopping)
      const before = (yield* sentTo).length
      assert.isBelow(before, 200)
      yield* TestNode.make({ pipelines: [Announce], settings: { concurrency: 10 } })
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* now(campaign)).counts.completed, 200)
      assert.strictEqual(new Set(yield* sentTo).size, 200)
      assert.strictEqual((yield* sentTo).length, 200)
    }).pipe(Effect.provide(world(() => FakeMessenger.delay("1 second"))))
  )

  it.effect("a stopping node stays the owner while its last sends go out, however short the lease", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const settings = { drain: 60_000, lease: 15_000 }
      const first = yield* TestNode.make({ pipelines: [Announce], alone: false, settings })
      const campaign = yield* first.use(launchTo(workspaceId, 2, { guarantee: "at-most-once" }))
      yield* TestClock.adjust("1 second")
      yield* TestNode.make({ pipelines: [Announce], alone: false, settings })
      const stopping = yield* Effect.forkChild(first.stop)
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(stopping)
      assert.deepInclude((yield* now(campaign)).counts, { completed: 2, unknown: 0, open: 0 })
      assert.strictEqual((yield* sentTo).length, 2)
    }).pipe(Effect.provide(world(() => FakeMessenger.delay("25 seconds"))))
  )

  it.effect("a graceful stop waits for a send that never ends no longer than the drain time", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* TestNode.make({ pipelines: [Announce], settings: { drain: 5000 } })
      const campaign = yield* first.use(launchTo(workspaceId, 1, { guarantee: "at-most-once" }))
      yield* TestClock.adjust("1 second")
      const stopping = yield* Effect.forkChild(first.stop)
      yield* TestClock.adjust("4900 millis")
      assert.isUndefined(stopping.pollUnsafe())
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(stopping)
      assert.deepInclude((yield* now(campaign)).counts, { unknown: 1, open: 0 })
    }).pipe(Effect.provide(world(() => FakeMessenger.hang)))
  )

  describe("a stop while the stores do not answer", () => {
    for (const operation of ["settle", "abandon", "transition"]) {
      it.effect(`${operation} that hangs keeps no stopping node longer than a minute`, () => {
        const { state, stores } = hangs(operation)
        const wrong = FakeMessenger.delay("500 millis", FakeMessenger.fail("campaignPermanent", "no such template"))
        return Effect.gen(function* () {
          const workspaceId = yield* TestEngine.workspace()
          const node = yield* TestNode.make({ pipelines: [Announce], settings: { drain: 5000 } })
          yield* node.use(launchTo(workspaceId, 10))
          yield* TestClock.adjust("100 millis")
          state.isAway = true
          yield* TestClock.adjust("2 seconds")
          const stopping = yield* Effect.forkChild(node.stop)
          yield* TestClock.adjust("1 minute")
          const stopped = stopping.pollUnsafe()
          state.isAway = false
          assert.isDefined(stopped)
        }).pipe(
          Effect.provide(
            Layer.merge(
              stores,
              Fake.layer(() => wrong)
            )
          )
        )
      })
    }

    for (const operation of ["takeOver", "attemptsSince"]) {
      it.effect(`${operation} that hangs keeps no node from stopping that has just begun`, () => {
        const { state, stores } = hangs(operation)
        state.isAway = true
        return Effect.gen(function* () {
          const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate: { permits: 1, per: 1000 } } })
          const node = yield* TestNode.make({ pipelines: [Announce], settings: { drain: 5000 } })
          yield* node.use(launchTo(workspaceId, 10))
          const stopping = yield* Effect.forkChild(node.stop)
          yield* TestClock.adjust("1 minute")
          assert.isDefined(stopping.pollUnsafe())
        }).pipe(Effect.provide(Layer.merge(stores, Fake.layer())))
      })
    }

    it.effect("failure hooks that never end keep a stopping node no longer than a minute", () => {
      const hooked = Announce.pipe(Pipeline.onFailure(() => Effect.never))
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const node = yield* TestNode.make({ pipelines: [hooked], settings: { concurrency: 5, drain: 5000 } })
        const campaign = yield* node.use(launchTo(workspaceId, 100))
        yield* TestClock.adjust("1 second")
        const stopping = yield* Effect.forkChild(node.stop)
        yield* TestClock.adjust("1 minute")
        assert.isDefined(stopping.pollUnsafe())
        assert.strictEqual((yield* now(campaign)).counts.open, 0)
      }).pipe(Effect.provide(world(() => FakeMessenger.fail("messagePermanent"))))
    })
  })
})
