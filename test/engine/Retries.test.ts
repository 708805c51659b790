import { type Guarantee } from "@fibercast/domain/Campaign"
import { type Limits } from "@fibercast/domain/Limits"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Broadcast from "@fibercast/engine/Broadcast"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { launchTo, now, phone } from "./internal/Broadcasts.ts"

const { FakeMessenger: Fake } = FakeMessenger

const job = (guarantee: Guarantee = "at-least-once") =>
  Pipeline.make("job", {
    payload: Schema.String,
    guarantee,
    retry: RetryPolicy.after("10 seconds", { tries: 3 }),
    timeout: "2 hours"
  }).pipe(
    Pipeline.map((to) => ({ to, text: "Hello" })),
    Pipeline.send(Fake)
  )

const Announce = Broadcast.make("fake", Fake, {
  retry: RetryPolicy.after("10 seconds", { tries: 3 }),
  timeout: "2 hours"
})

const long = phone(0)
const short = phone(1)
const refused = FakeMessenger.fail("transient")

/** The first takes fifty minutes; the second fails at once as told, and is accepted then. */
const amidLongRun = (...failures: ReadonlyArray<FakeMessenger.Answer>): FakeMessenger.Script =>
  FakeMessenger.byTarget({ [long]: [FakeMessenger.delay("50 minutes")], [short]: failures })

const on = (pipeline: ReturnType<typeof job>, script: FakeMessenger.Script) =>
  TestEngine.layer({ pipelines: [pipeline] }).pipe(Layer.provideMerge(Fake.layer(script)))

const dispatched = Effect.fnUntraced(function* (pipeline: ReturnType<typeof job>, limits: Limits = {}) {
  const workspaceId = yield* TestEngine.workspace("school", { limits })
  yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads: [long, short] })
  yield* TestEngine.catchUp
  return workspaceId
})

/** When it was sent to, in seconds. */
const times = Effect.fnUntraced(function* (to: string) {
  return (yield* (yield* Fake).sent).filter((call) => call.to === to).map(({ at }) => at / 1000)
})

describe("retries amid a run of fifty minutes that was claimed with them", () => {
  for (const guarantee of ["at-least-once", "at-most-once"] as const) {
    const pipeline = job(guarantee)
    it.effect(`${guarantee}: begin on time, and the long run ends as it would have`, () =>
      Effect.gen(function* () {
        yield* dispatched(pipeline)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* times(short), [0, 10, 20])
        yield* Expect.settled("completed", 1)
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(yield* times(long), [0])
        yield* Expect.settled("completed", 2)
        yield* Expect.nothingOpen
      }).pipe(Effect.provide(on(pipeline, amidLongRun(refused, refused))))
    )

    it.effect(`${guarantee}: fail on time when the tries are used up`, () =>
      Effect.gen(function* () {
        yield* dispatched(pipeline)
        yield* TestClock.adjust("21 seconds")
        yield* Expect.settled("failed", 1)
        assert.deepStrictEqual(yield* Expect.alerts, ["DeliveryFailed"])
      }).pipe(Effect.provide(on(pipeline, amidLongRun(refused, refused, refused))))
    )

    it.effect(`${guarantee}: what its account puts off begins when the account said`, () =>
      Effect.gen(function* () {
        yield* dispatched(pipeline)
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(yield* times(short), [0, 90])
        yield* Expect.settled("completed", 1)
      }).pipe(Effect.provide(on(pipeline, amidLongRun(FakeMessenger.fail("rateLimited", "slow down", 90_000)))))
    )

    it.effect(`${guarantee}: begin once, though the answer of the settle that put them off was lost`, () => {
      let settles = 0
      // Short enough for the next try to be claimed, and to be under way, before the settle is said again.
      const wait = FakeMessenger.fail("rateLimited", "slow down", 50)
      const after = (operation: string) =>
        operation === "settle" && ++settles <= 8
          ? Effect.fail(new LedgerUnavailable({ operation, cause: new Error("the connection was lost") }))
          : Effect.void
      const layer = TestEngine.layerEngine({ pipelines: [pipeline] }).pipe(
        Layer.provide(Interposed.layerStores({ after })),
        Layer.provideMerge(
          Layer.merge(
            TestEngine.layerStores(),
            Fake.layer(amidLongRun(wait, FakeMessenger.delay("20 seconds", refused)))
          )
        )
      )
      return Effect.gen(function* () {
        yield* dispatched(pipeline)
        yield* TestClock.adjust("10 minutes")
        assert.isAbove(settles, 8)
        const [, second = 0, third = 0, ...more] = yield* times(short)
        assert.isBelow(second, 5)
        assert.approximately(third - second, 30, 1)
        assert.deepStrictEqual(more, [])
        yield* Expect.settled("completed", 1)
      }).pipe(Effect.provide(layer))
    })

    it.effect(`${guarantee}: of a node that dies while a retry is under way, each is taken over once`, () =>
      Effect.gen(function* () {
        const first = yield* TestNode.make({ pipelines: [pipeline] })
        yield* first.use(dispatched(pipeline))
        yield* TestClock.adjust("15 seconds")
        assert.deepStrictEqual(yield* times(short), [0, 10])
        yield* first.kill
        yield* TestNode.make({ pipelines: [pipeline] })
        yield* TestClock.adjust("3 hours")
        const isRedone = guarantee === "at-least-once"
        assert.lengthOf(yield* times(short), isRedone ? 3 : 2)
        assert.lengthOf(yield* times(long), isRedone ? 2 : 1)
        yield* Expect.settled(isRedone ? "completed" : "unknown", 2)
        yield* Expect.nothingOpen
      }).pipe(
        Effect.provide(
          Layer.merge(TestEngine.layerStores(), Fake.layer(amidLongRun(refused, FakeMessenger.delay("10 minutes"))))
        )
      )
    )
  }

  for (const limits of [
    { inFlight: 2 },
    { rate: { permits: 1, per: 1000 } },
    { inFlight: 2, rate: { permits: 2, per: 5000 } }
  ] satisfies ReadonlyArray<Limits>) {
    const pipeline = job()
    it.effect(`keep to ${JSON.stringify(limits)}, and wait for nothing else`, () =>
      Effect.gen(function* () {
        yield* dispatched(pipeline, limits)
        yield* TestClock.adjust("5 minutes")
        const apart = limits.rate === undefined ? 0 : limits.rate.per / limits.rate.permits / 1000
        const [first = 0, second = 0, third = 0] = yield* times(short)
        for (const gap of [second - first, third - second].map((gap) => Math.round(gap * 1000) / 1000)) {
          assert.isAtLeast(gap, 10)
          assert.isAtMost(gap, 10 + 2 + 2 * apart)
        }
        yield* Expect.settled("completed", 1)
      }).pipe(Effect.provide(on(pipeline, amidLongRun(refused, refused))))
    )
  }

  it.effect("what waits in a campaign for its account, not begun, begins when that takes more", () => {
    const layer = TestEngine.layer({ pipelines: [Announce], settings: { concurrency: 2 } }).pipe(
      Layer.provideMerge(Fake.layer(amidLongRun(FakeMessenger.fail("rateLimited", "slow down", 30_000))))
    )
    return Effect.gen(function* () {
      const campaign = yield* launchTo(yield* TestEngine.workspace(), 7)
      yield* TestClock.adjust("29 seconds")
      assert.lengthOf(yield* (yield* Fake).sent, 2)
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude((yield* now(campaign)).counts, { completed: 6 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("what a pause gave back is held by nobody, while what is under way goes on", () => {
    const layer = TestEngine.layer({ pipelines: [Announce], settings: { concurrency: 1 } }).pipe(
      Layer.provideMerge(Fake.layer(({ to }) => FakeMessenger.delay(to === long ? "50 minutes" : "1 second")))
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("school")
      const campaigns = yield* Campaigns
      const one = yield* launchTo(workspaceId, 4)
      yield* TestClock.adjust("2 seconds")
      yield* Effect.forkChild(campaigns.pause(workspaceId, one.id))
      yield* TestClock.adjust("5 seconds")
      const ledger = yield* Ledger
      const source = { lane: one.spec.lane, campaignId: one.id }
      assert.isNotNull(yield* ledger.nextDue({ workspaceId, source }))
      assert.deepInclude((yield* now(one)).counts, { planned: 4, open: 4 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("are as much on time in a campaign", () => {
    return Effect.gen(function* () {
      yield* launchTo(yield* TestEngine.workspace(), 2)
      yield* TestClock.adjust("1 minute")
      const [first = 0, ...others] = yield* times(short)
      assert.deepStrictEqual(
        others.map((at) => at - first),
        [10, 20]
      )
    }).pipe(
      Effect.provide(
        TestEngine.layer({ pipelines: [Announce] }).pipe(Layer.provideMerge(Fake.layer(amidLongRun(refused, refused))))
      )
    )
  })
})
