import { type Guarantee } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Deliveries from "@fibercast/engine/Deliveries"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Ledger } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, type Duration, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, launchTo, now, phone, world } from "./internal/Broadcasts.ts"
import { insertedId, insertedIds } from "../support/Inserted.ts"

const { FakeMessenger: Fake } = FakeMessenger

/** Jobs that write to one number, what their failure hook was told, and whose finalizers ran. */
const job = (guarantee: Guarantee = "at-least-once") => {
  const told: Array<string> = []
  const finalized: Array<string> = []
  const retry = RetryPolicy.after("1 second", { tries: 3 })
  const pipeline = Pipeline.make("job", { payload: Schema.String, retry, guarantee, timeout: null }).pipe(
    Pipeline.map((to) => ({ to, text: "Hello" })),
    Pipeline.send(Fake),
    Pipeline.onFailure(({ reason }) => Effect.sync(() => told.push(reason)))
  )
  return { pipeline, told, finalized }
}

/** The provider never answers; says when it is no longer asked. */
const hangs =
  (finalized: Array<string>): FakeMessenger.Script =>
  ({ to }) =>
    Effect.onInterrupt(FakeMessenger.hang, () => Effect.sync(() => finalized.push(to)))

/** The provider takes its time, whoever has changed his mind. */
const stubborn = (duration: Duration.Input, answer: FakeMessenger.Answer) =>
  Effect.uninterruptible(FakeMessenger.delay(duration, answer))

/** The provider takes its time, and refuses all but the first. */
const refuses: FakeMessenger.Script = ({ number }) =>
  stubborn("20 seconds", number === 1 ? FakeMessenger.accept : FakeMessenger.fail("messagePermanent"))

const on = (
  { pipeline }: ReturnType<typeof job>,
  script: FakeMessenger.Script,
  settings: TestEngine.Options<never>["settings"] = {}
) => TestEngine.layer({ pipelines: [pipeline], settings }).pipe(Layer.provideMerge(Fake.layer(script)))

const dispatched = Effect.fnUntraced(function* ({ pipeline }: ReturnType<typeof job>, count: number) {
  const workspaceId = yield* TestEngine.workspace()
  const payloads = Array.from({ length: count }, (_, n) => phone(n))
  const ids = insertedIds(yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads }))
  yield* TestEngine.catchUp
  yield* TestClock.adjust("500 millis")
  return { workspaceId, ids }
})

const reason = "a mistake"

/** Recalled by a process whose signals reach nobody. */
const unheard = Effect.fnUntraced(function* (workspaceId: WorkspaceId, ids: ReadonlyArray<DeliveryId>, force = false) {
  const now = yield* Clock.currentTimeMillis
  return yield* (yield* Ledger).recall({ workspaceId, ids, now, reason, force })
})

const results = Effect.gen(function* () {
  return (yield* (yield* Fake).sent).map(({ result, to }) => `${to} ${result}`)
})

const quiet = Effect.fnUntraced(function* ({ told }: ReturnType<typeof job>) {
  assert.deepStrictEqual(told, [])
  assert.deepStrictEqual(yield* Expect.alerts, [])
})

describe("Recalls", () => {
  it.effect("what is not due yet is cancelled when recall returns, and never begins", () => {
    const jobs = job()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const later = { workspaceId, delay: "1 hour" } as const
      const id = insertedId(yield* Pipeline.dispatch(jobs.pipeline, { ...later, payload: phone(0) }))
      yield* Pipeline.dispatch(jobs.pipeline, { ...later, payload: phone(1) })
      const recalled = yield* Deliveries.recall([id], { workspaceId, reason })
      assert.deepStrictEqual(recalled, { cancelled: [id], asked: [] })
      yield* Expect.settled("cancelled", 1)
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(yield* results, [`${phone(1)} accepted`])
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(on(jobs, () => FakeMessenger.accept)))
  })

  it.effect("what is queued and not begun is never sent, and its neighbours are", () => {
    const jobs = job()
    return Effect.gen(function* () {
      const { ids, workspaceId } = yield* dispatched(jobs, 3)
      const recalled = yield* Deliveries.recall(ids.slice(1, 2), { workspaceId, reason })
      assert.deepStrictEqual(recalled, { cancelled: [], asked: ids.slice(1, 2) })
      yield* TestClock.adjust("1 second")
      yield* Expect.settled("cancelled", 1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* results, [`${phone(0)} accepted`, `${phone(2)} accepted`])
      yield* Expect.settled("completed", 2)
      yield* Expect.nothingOpen
      yield* quiet(jobs)
    }).pipe(Effect.provide(on(jobs, () => FakeMessenger.delay("10 seconds"), { concurrency: 1 })))
  })

  for (const guarantee of ["at-least-once", "at-most-once"] as const) {
    it.effect(`${guarantee}: what is under way is interrupted, its finalizers run, and nobody is alerted`, () => {
      const jobs = job(guarantee)
      return Effect.gen(function* () {
        const { ids, workspaceId } = yield* dispatched(jobs, 3)
        yield* Deliveries.recall(ids.slice(0, 2), { workspaceId, reason })
        yield* TestClock.adjust("100 millis")
        assert.deepStrictEqual(jobs.finalized, [phone(0), phone(1)])
        yield* Expect.settled("cancelled", 2)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* results, [`${phone(0)} cutOff`, `${phone(1)} cutOff`, `${phone(2)} open`])
        yield* Expect.settled("unknown", 0)
        yield* quiet(jobs)
      }).pipe(Effect.provide(on(jobs, hangs(jobs.finalized))))
    })
  }

  it.effect("a recall that no signal announces is carried out within a heartbeat", () => {
    const jobs = job()
    return Effect.gen(function* () {
      const { ids, workspaceId } = yield* dispatched(jobs, 1)
      yield* unheard(workspaceId, ids)
      yield* TestClock.adjust("3 seconds")
      yield* Expect.settled("cancelled", 1)
      assert.deepStrictEqual(jobs.finalized, [phone(0)])
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(on(jobs, hangs(jobs.finalized), { heartbeat: 3000 })))
  })

  it.effect("what cannot be interrupted is cancelled when it ends, however it ends", () => {
    const jobs = job()
    return Effect.gen(function* () {
      const { ids, workspaceId } = yield* dispatched(jobs, 2)
      yield* Deliveries.recall(ids, { workspaceId, reason })
      yield* TestClock.adjust("15 seconds")
      yield* Expect.settled("cancelled", 0)
      yield* TestClock.adjust("10 seconds")
      yield* Expect.settled("cancelled", 2)
      yield* Expect.nothingOpen
      yield* quiet(jobs)
    }).pipe(Effect.provide(on(jobs, refuses)))
  })

  it.effect("what ends by itself before its owner hears of it stays as it ended", () => {
    const jobs = job()
    return Effect.gen(function* () {
      const { ids, workspaceId } = yield* dispatched(jobs, 1)
      yield* unheard(workspaceId, ids)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* results, [`${phone(0)} accepted`])
      yield* Expect.settled("completed", 1)
      yield* Expect.settled("cancelled", 0)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(on(jobs, () => FakeMessenger.delay("1 second"))))
  })

  it.effect("what is put off after it was asked for is not tried again, and cancelled", () => {
    const jobs = job()
    return Effect.gen(function* () {
      const { ids, workspaceId } = yield* dispatched(jobs, 2)
      yield* unheard(workspaceId, ids.slice(0, 1))
      yield* TestClock.adjust("1 minute")
      const calls = (yield* results).filter((result) => result.startsWith(phone(0)))
      assert.deepStrictEqual(calls, [`${phone(0)} failed`])
      yield* Expect.tried(phone(1), 3, "2 seconds")
      yield* Expect.settled("cancelled", 1)
      yield* Expect.settled("failed", 1)
      yield* Expect.nothingOpen
    }).pipe(
      Effect.provide(
        on(jobs, () => FakeMessenger.delay("1 second", FakeMessenger.fail("transient")), {
          heartbeat: 30_000,
          lease: 90_000
        })
      )
    )
  })

  describe("by force", () => {
    it.effect("what is queued or under way is cancelled when recall returns, and stopped", () => {
      const jobs = job()
      return Effect.gen(function* () {
        const { ids, workspaceId } = yield* dispatched(jobs, 4)
        const recalled = yield* Deliveries.recall(ids, { workspaceId, reason, force: true })
        assert.deepStrictEqual(recalled, { cancelled: ids, asked: [] })
        yield* Expect.settled("cancelled", 4)
        yield* Expect.nothingOpen
        yield* TestClock.adjust("100 millis")
        assert.deepStrictEqual(jobs.finalized, [phone(0), phone(1)])
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(yield* results, [`${phone(0)} cutOff`, `${phone(1)} cutOff`])
        yield* quiet(jobs)
      }).pipe(Effect.provide(on(jobs, hangs(jobs.finalized), { concurrency: 2 })))
    })

    it.effect("what fails while it is being stopped alerts nobody", () => {
      const jobs = job()
      return Effect.gen(function* () {
        const { ids, workspaceId } = yield* dispatched(jobs, 1)
        yield* unheard(workspaceId, ids, true)
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(yield* results, [`${phone(0)} failed`])
        yield* Expect.settled("cancelled", 1)
        yield* Expect.settled("failed", 0)
        yield* quiet(jobs)
      }).pipe(Effect.provide(on(jobs, () => stubborn("1 minute", FakeMessenger.fail("messagePermanent")))))
    })
  })

  it.effect("a campaign of which some are recalled completes, and its counts add up", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 100, { guarantee: "at-most-once" })
      yield* TestClock.adjust("2500 millis")
      const ledger = yield* Ledger
      const page = { campaignId: campaign.id, states: ["completed"], after: null, limit: 1 } as const
      const [first] = yield* ledger.done(page)
      assert.isDefined(first)
      const ids = Array.from({ length: 34 }, (_, index) => DeliveryId.make((first?.id ?? 0n) + BigInt(3 * index)))
      const { asked } = yield* Deliveries.recall(ids, { workspaceId, reason })
      yield* TestClock.adjust("1 minute")
      const { counts, status } = yield* now(campaign)
      assert.strictEqual(status, "completed")
      assert.isAbove(asked.length, 20)
      assert.deepInclude(counts, { open: 0, cancelled: asked.length, completed: 100 - asked.length, unknown: 0 })
      yield* Expect.balanced(workspaceId, campaign.id)
    }).pipe(
      Effect.provide(
        TestEngine.layer({ pipelines: [Announce], settings: { concurrency: 10 } }).pipe(
          Layer.provideMerge(Fake.layer(() => FakeMessenger.delay("1 second")))
        )
      )
    )
  )

  describe("an owner that is killed", () => {
    for (const [guarantee, state] of [
      ["at-least-once", "cancelled"],
      ["at-most-once", "unknown"]
    ] as const) {
      it.effect(`before it heard: ${guarantee} work under way is ${state}, and none of it is sent again`, () => {
        const jobs = job(guarantee)
        return Effect.gen(function* () {
          const node = yield* TestNode.make({ pipelines: [jobs.pipeline], settings: { concurrency: 1 } })
          const { ids, workspaceId } = yield* dispatched(jobs, 2)
          yield* unheard(workspaceId, ids)
          yield* node.kill
          yield* TestNode.make({ pipelines: [jobs.pipeline] })
          yield* TestClock.adjust("10 minutes")
          assert.deepStrictEqual(yield* results, [`${phone(0)} cutOff`])
          yield* Expect.settled(state, guarantee === "at-least-once" ? 2 : 1)
          yield* Expect.nothingOpen
        }).pipe(Effect.provide(world(hangs(jobs.finalized))))
      })
    }

    it.effect("after it heard, before it could say so: the next one cancels it", () => {
      const jobs = job()
      let isAway = false
      const before = (operation: string) => (isAway && operation === "settle" ? Effect.never : Effect.void)
      const stores = Interposed.layerStores({ before }).pipe(Layer.provideMerge(TestEngine.layerStores()))
      return Effect.gen(function* () {
        const node = yield* TestNode.make({ pipelines: [jobs.pipeline] })
        const { ids, workspaceId } = yield* dispatched(jobs, 1)
        isAway = true
        yield* Deliveries.recall(ids, { workspaceId, reason })
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(jobs.finalized, [phone(0)])
        yield* node.kill
        isAway = false
        yield* TestNode.make({ pipelines: [jobs.pipeline] })
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(yield* results, [`${phone(0)} cutOff`])
        yield* Expect.settled("cancelled", 1)
        yield* Expect.nothingOpen
      }).pipe(Effect.provide(Layer.merge(stores, Fake.layer(hangs(jobs.finalized)))))
    })
  })

  it.effect("a stopping node still stops what is taken back", () => {
    const jobs = job("at-most-once")
    return Effect.gen(function* () {
      const node = yield* TestNode.make({ pipelines: [jobs.pipeline], settings: { drain: 60_000 } })
      const { ids, workspaceId } = yield* dispatched(jobs, 1)
      const stopping = yield* Effect.forkChild(node.stop)
      yield* TestClock.adjust("1 second")
      yield* unheard(workspaceId, ids)
      yield* TestClock.adjust("5 seconds")
      assert.isDefined(stopping.pollUnsafe())
      yield* Fiber.join(stopping)
      yield* Expect.settled("cancelled", 1)
    }).pipe(Effect.provide(world(hangs(jobs.finalized))))
  })

  it.effect("an actor that holds nothing asks nothing", () => {
    const jobs = job()
    let asked = 0
    const before = (operation: string) =>
      Effect.sync(() => {
        if (operation === "recalled") asked++
      })
    const engine = TestEngine.layerEngine({ pipelines: [jobs.pipeline], settings: { idle: 3_600_000 } }).pipe(
      Layer.provide(Interposed.layerStores({ before })),
      Layer.provideMerge(Layer.merge(TestEngine.layerStores(), Fake.layer()))
    )
    return Effect.gen(function* () {
      const { workspaceId } = yield* dispatched(jobs, 1)
      yield* TestClock.adjust("10 seconds")
      const before = asked
      const { notify } = yield* Signal
      for (let turn = 0; turn < 10; turn++) {
        yield* notify(workspaceId)
        yield* TestClock.adjust("1 minute")
      }
      assert.isAtMost(before, 3)
      assert.strictEqual(asked, before)
    }).pipe(Effect.provide(engine))
  })
})
