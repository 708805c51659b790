import { none } from "@fibercast/domain/Counts"
import { DeliveryId } from "@fibercast/domain/Delivery"
import * as Batches from "@fibercast/engine/Batches"
import * as Deliveries from "@fibercast/engine/Deliveries"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { Ledger } from "@fibercast/ports/Ledger"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as BatchJobs from "./internal/BatchJobs.ts"

type Jobs = ReturnType<typeof BatchJobs.make>

/** Runs the sentence in an engine that sends by itself, and in one that hands over to senders. */
const holds = (
  says: string,
  body: (jobs: Jobs) => Effect.Effect<void, unknown, Layer.Success<ReturnType<typeof alone>>>
) => {
  it.effect(says, () => {
    const jobs = BatchJobs.make()
    return Effect.provide(body(jobs), alone(jobs))
  })
  it.effect(`${says}; over senders`, () => {
    const jobs = BatchJobs.make()
    return Effect.provide(body(jobs), TestSenders.layer({ pipelines: [jobs.Work] }))
  })
}
const alone = ({ Work }: Jobs) => TestEngine.layer({ pipelines: [Work] })

const { pass, standing } = BatchJobs

describe("a batch", () => {
  holds("completes when its jobs have ended, and then what is to follow is dispatched, once", (jobs) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const names = ["a", "b", "c"]
      const batchId = yield* Batches.dispatch({
        workspaceId,
        name: "import",
        jobs: names.map((name) => jobs.job(name)),
        ...jobs.follows
      })
      const ending = yield* Effect.forkChild(Batches.awaitEnd({ workspaceId, batchId }))
      yield* pass(10)
      const batch = yield* Fiber.join(ending)
      assert.deepInclude(batch, { status: "completed", counts: { ...none, planned: 3, completed: 3 } })
      assert.deepStrictEqual(jobs.began.toSorted(), [...names, "finally", "then"])
      yield* pass(60)
      assert.lengthOf(jobs.began, 5)
    })
  )

  holds("that a job of fails stops the others, and what is to follow then does not", (jobs) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* Batches.dispatch({
        workspaceId,
        name: "import",
        jobs: [jobs.job("slow"), jobs.job("fail"), jobs.job("later", { delay: "30 seconds" })],
        ...jobs.follows
      })
      yield* pass(15)
      assert.deepStrictEqual(jobs.began.toSorted(), ["catch", "fail", "finally", "slow"])
      const batch = yield* standing(workspaceId, batchId)
      assert.deepInclude(batch, { status: "failed", counts: { ...none, planned: 3, failed: 1, cancelled: 2 } })
      assert.isNotNull(batch.endedAt)
      yield* pass(120)
      assert.lengthOf(jobs.began, 4)
    })
  )

  holds("goes on past as many failures as it allows, and says of the first at once", (jobs) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* Batches.dispatch({
        workspaceId,
        name: "import",
        jobs: ["fail 1", "fail 2", "slow"].map((name) => jobs.job(name)),
        allowFailures: 2,
        ...jobs.follows
      })
      yield* pass(10)
      assert.deepStrictEqual(jobs.began.toSorted(), ["catch", "fail 1", "fail 2", "slow"])
      assert.deepInclude(yield* standing(workspaceId, batchId), { status: "running", endedAt: null })
      yield* pass(70)
      assert.deepInclude(yield* standing(workspaceId, batchId), { status: "completed" })
      assert.deepStrictEqual(jobs.began.toSorted(), ["catch", "fail 1", "fail 2", "finally", "slow", "then"])
    })
  )

  holds("is cancelled: what waits never begins, what runs is stopped, and only what follows in any case does", (jobs) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* Batches.dispatch({
        workspaceId,
        name: "import",
        jobs: [jobs.job("slow"), jobs.job("later", { delay: "20 seconds" })],
        ...jobs.follows
      })
      yield* pass(5)
      const cancelled = yield* Batches.cancel({ workspaceId, batchId, reason: "wrong file" })
      assert.deepInclude(cancelled, { status: "cancelled", note: "wrong file" })
      yield* pass(10)
      const batch = yield* standing(workspaceId, batchId)
      assert.deepInclude(batch, { status: "cancelled", counts: { ...none, planned: 2, cancelled: 2 } })
      assert.isNotNull(batch.endedAt)
      assert.deepStrictEqual(jobs.began, ["slow", "finally"])
    })
  )

  holds("takes more jobs while it runs, from its own jobs as well, and from nobody once it is over", (jobs) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* Batches.dispatch({
        workspaceId,
        name: "crawl",
        jobs: [jobs.job("add add leaf")],
        ...jobs.follows
      })
      yield* Batches.add({ workspaceId, batchId, jobs: [jobs.job("slow")] })
      yield* pass(10)
      assert.deepStrictEqual(jobs.began.toSorted(), ["add add leaf", "add leaf", "leaf", "slow"])
      assert.deepInclude((yield* standing(workspaceId, batchId)).counts, { planned: 4, open: 1 })
      yield* pass(70)
      assert.deepStrictEqual(jobs.began.slice(-2).toSorted(), ["finally", "then"])
      const late = Batches.add({ workspaceId, batchId, jobs: [jobs.job("late")] })
      const error = yield* Effect.flip(late)
      assert.strictEqual(error.message, `batch ${batchId} is completed: nothing can be added to it`)
    })
  )

  it.effect("says how far it is, how fast it goes, and when it will be done", () => {
    const jobs = BatchJobs.make()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* Batches.chain({
        workspaceId,
        name: "import",
        steps: [["a", "b", "slow"].map((name) => jobs.job(name)), jobs.job("last")]
      })
      yield* pass(10)
      const { eta, perSecond, settled, share } = yield* Batches.progress({ workspaceId, batchId })
      assert.deepStrictEqual(
        { eta, perSecond, settled, share },
        { settled: 2, share: 0.5, perSecond: 0.2, eta: 10_000 }
      )
      yield* pass(60)
      const done = yield* Batches.progress({ workspaceId, batchId })
      assert.deepInclude(done, { settled: 4, share: 1, eta: null })
      const [listed] = yield* Batches.list({ workspaceId })
      assert.deepStrictEqual(listed, done.batch)
    }).pipe(Effect.provide(alone(jobs)))
  })

  it.effect("without a job is over at once, all of it done", () => {
    const jobs = BatchJobs.make()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* Batches.dispatch({ workspaceId, name: "nothing", jobs: [], ...jobs.follows })
      yield* pass(5)
      assert.deepInclude(yield* Batches.progress({ workspaceId, batchId }), { settled: 0, share: 1 })
      assert.deepStrictEqual(jobs.began.toSorted(), ["finally", "then"])
    }).pipe(Effect.provide(alone(jobs)))
  })

  it.effect("goes on when a job of it is recalled one by one", () => {
    const jobs = BatchJobs.make()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const steps = [jobs.job("one", { delay: "1 hour" }), jobs.job("two")]
      yield* Batches.chain({ workspaceId, name: "import", steps })
      // Identifiers of the memory store count up from 1.
      yield* Deliveries.recall([DeliveryId.make(1n)], { workspaceId, reason: "done by hand" })
      yield* pass(5)
      assert.deepStrictEqual(jobs.began, ["two"])
    }).pipe(Effect.provide(alone(jobs)))
  })

  it.effect(
    "honours what its jobs ask for: lane, delay, instant and deadline, and their pipeline's lane and patience",
    () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const workspaceId = yield* TestEngine.workspace()
        const retry = RetryPolicy.until("1 hour", ["1 minute"])
        const Slow = Pipeline.make("slow", { payload: Schema.Date, lane: "bulk", retry })
        const payload = new Date(0)
        const at = DateTime.makeUnsafe(5000)
        const deadline = DateTime.makeUnsafe(90_000)
        yield* Batches.dispatch({
          workspaceId,
          name: "options",
          jobs: [
            Pipeline.job(Slow, payload),
            Pipeline.job(Slow, payload, { lane: "high", at, delay: "1 second", deadline })
          ]
        })
        const { epoch } = yield* ledger.takeOver({ workspaceId, owner: "a", now: 0, lease: 1e6, force: true })
        const claim = (lane: "bulk" | "high") =>
          ledger.claim({ workspaceId, epoch, now: 6000, source: { lane, campaignId: null }, limit: 10, after: null })
        const [plain, ...others] = (yield* claim("bulk"))?.deliveries ?? []
        assert.deepStrictEqual(others, [])
        assert.deepInclude(plain, {
          pipeline: "slow",
          dueAt: 0,
          deadline: 3_600_000,
          payload: '"1970-01-01T00:00:00.000Z"'
        })
        const [special] = (yield* claim("high"))?.deliveries ?? []
        assert.deepInclude(special, { dueAt: 6000, deadline: 90_000 })
      }).pipe(Effect.provide(TestEngine.layerStores()))
  )

  it.effect("that is not as it may be is refused, and nothing of it is recorded", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const Short = Pipeline.make("short", { payload: Schema.String.check(Schema.isMaxLength(3)) })
      const one = [Pipeline.job(Short, "abc")]
      const refused = (asked: Partial<Parameters<typeof Batches.dispatch>[0]>) =>
        Effect.flip(Batches.dispatch({ workspaceId, name: "bad", jobs: one, ...asked }))
      assert.strictEqual((yield* refused({ name: "" })).message, "a batch has a name of 1 to 200 characters, not of 0")
      assert.include((yield* refused({ name: "x".repeat(201) })).message, "not of 201")
      for (const allowFailures of [-1, 1.5, Number.NaN, 2 ** 31]) {
        assert.include((yield* refused({ allowFailures })).message, `from 0 on, not ${allowFailures}`)
      }
      assert.strictEqual((yield* refused({ jobs: [...one, Pipeline.job(Short, "abcd")] }))._tag, "SchemaError")
      assert.strictEqual((yield* refused({ then: Pipeline.job(Short, "abcd") }))._tag, "SchemaError")
      assert.strictEqual((yield* refused({ jobs: [Pipeline.job(Short, "a", { tags: [""] })] }))._tag, "SchemaError")
      const tags = Array.from({ length: 11 }, (_, at) => String(at))
      assert.strictEqual((yield* refused({ jobs: [Pipeline.job(Short, "a", { tags })] }))._tag, "SchemaError")
      assert.deepStrictEqual(yield* Batches.list({ workspaceId }), [])
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )
})

describe("a chain", () => {
  holds("does one step after the other, and several side by side where a step has several", (jobs) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* Batches.chain({
        workspaceId,
        name: "video",
        steps: [jobs.job("slow"), [jobs.job("b"), jobs.job("a")], jobs.job("last")],
        ...jobs.follows
      })
      yield* pass(30)
      assert.deepStrictEqual(jobs.began, ["slow"])
      assert.deepInclude(yield* standing(workspaceId, batchId), { stage: 1, stages: 3, waiting: 3 })
      yield* pass(50)
      assert.deepStrictEqual(
        [jobs.began.slice(0, 1), jobs.began.slice(1, 3).toSorted(), jobs.began.slice(3, 4)],
        [["slow"], ["a", "b"], ["last"]]
      )
      assert.deepStrictEqual(jobs.began.slice(4).toSorted(), ["finally", "then"])
    })
  )

  holds("ends with the step that fails", (jobs) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const steps = ["a", "fail", "never"].map((name) => jobs.job(name))
      const batchId = yield* Batches.chain({ workspaceId, name: "video", steps, ...jobs.follows })
      yield* pass(30)
      assert.deepStrictEqual(jobs.began.toSorted(), ["a", "catch", "fail", "finally"])
      assert.deepInclude(yield* standing(workspaceId, batchId), { status: "failed", stage: 2, waiting: 1 })
    })
  )

  it.effect("goes on without waiting for the next poll", () => {
    const jobs = BatchJobs.make()
    const settings = { poll: 3_600_000 }
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* Batches.chain({ workspaceId, name: "quick", steps: ["a", "b", "c"].map((name) => jobs.job(name)) })
      yield* TestEngine.catchUp
      yield* TestClock.adjust("10 millis")
      yield* TestEngine.catchUp
      assert.deepStrictEqual(jobs.began, ["a", "b", "c"])
    }).pipe(Effect.provide(TestEngine.layer({ pipelines: [jobs.Work], settings })))
  })
})

describe("what follows a batch", () => {
  it.effect("waits for an engine that knows its pipeline", () => {
    const jobs = BatchJobs.make()
    const seen: Array<string> = []
    const Stranger = Pipeline.make("stranger", { payload: Schema.String }).pipe(
      Pipeline.tap((name) => Effect.sync(() => seen.push(name)))
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const node = yield* TestNode.make({ pipelines: [jobs.Work], alone: false })
      const then = Pipeline.job(Stranger, "hello")
      const batchId = yield* Batches.dispatch({ workspaceId, name: "import", jobs: [jobs.job("a")], then })
      yield* pass(20)
      assert.deepInclude(yield* standing(workspaceId, batchId), { status: "completed" })
      assert.deepStrictEqual(seen, [])
      yield* node.kill
      yield* TestNode.make({ pipelines: [jobs.Work, Stranger], alone: false })
      yield* pass(600)
      assert.deepStrictEqual(seen, ["hello"])
    }).pipe(Effect.provide(Layer.merge(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer())))
  })
})
