import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Activity from "@fibercast/engine/Activity"
import * as Allowance from "@fibercast/engine/Allowance"
import { DeliveryListener, type News } from "@fibercast/engine/DeliveryListener"
import { EngineConfig, defaults } from "@fibercast/engine/EngineConfig"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Stint from "@fibercast/engine/Stint"
import { Ledger } from "@fibercast/ports/Ledger"
import * as Expect from "@fibercast/testkit/Expect"
import { FakeMessenger } from "@fibercast/testkit/FakeMessenger"
import { Journal } from "@fibercast/testkit/Journal"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, launchTo, now } from "./internal/Broadcasts.ts"

/** When each job was begun. */
const begun: Array<number> = []

/** Two seconds each. */
const Job = Pipeline.make("job", { payload: Schema.Int }).pipe(
  Pipeline.tap(() =>
    Effect.gen(function* () {
      begun.push(yield* Clock.currentTimeMillis)
      yield* Effect.sleep("2 seconds")
    })
  )
)

let tries = 0

/** Fails for now, at first. */
const Flaky = Pipeline.make("flaky", { payload: Schema.Int, retry: RetryPolicy.after("1 minute", { tries: 2 }) }).pipe(
  Pipeline.mapEffect(() => (tries++ === 0 ? Effect.fail("not yet") : Effect.void), { classify: "transient" })
)

interface Options extends Partial<Stint.Terms> {
  readonly deliveries?: number
  readonly rest?: number
  readonly lanes?: ReadonlyArray<Lane>
  readonly told?: (news: News) => void
}

const stores = Layer.merge(TestEngine.layerStores(), FakeMessenger.layer())

/** An engine whose stint begins now; answers how it went on. */
const stint = Effect.fnUntraced(function* (options: Options) {
  const {
    deliveries = Infinity,
    lanes = defaults.lanes,
    memory = null,
    rest = 0,
    until = null,
    whenEmpty = false
  } = options
  const over = yield* Deferred.make<{ readonly why: Stint.Over; readonly at: number }>()
  const allowance = yield* Allowance.make({ deliveries, rest })
  const ending = Effect.gen(function* () {
    const why = yield* Stint.over({ whenEmpty, until, memory })
    yield* Deferred.succeed(over, { why, at: yield* Clock.currentTimeMillis })
  })
  const { told = () => {} } = options
  const settings = { ...defaults, drain: 0, lanes, concurrency: 10 }
  const engine = Layer.effectDiscard(Effect.forkScoped(ending)).pipe(
    Layer.provideMerge(TestEngine.layerEngine({ pipelines: [Job, Flaky, Announce], settings, alone: false })),
    Layer.provide(
      Layer.mergeAll(
        Layer.succeed(Allowance.Allowance, allowance),
        Layer.succeed(Activity.Activity, Activity.make()),
        Layer.succeed(EngineConfig, settings),
        Layer.succeed(DeliveryListener, { told, room: Effect.void })
      )
    )
  )
  const services = yield* Layer.build(engine)
  return {
    use: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideContext(effect, services),
    over: Effect.map(Deferred.poll(over), (done) => done._tag === "Some"),
    ended: Deferred.await(over)
  }
})

const dispatch = (workspaceId: WorkspaceId, count: number, lane: Lane = "normal") =>
  Pipeline.dispatchMany(Job, { workspaceId, payloads: Array.from({ length: count }, (_, n) => n), lane })

const given = Effect.gen(function* () {
  begun.length = 0
  tries = 0
  return yield* TestEngine.workspace()
})

const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), TestEngine.catchUp), { times: seconds * 2 - 1 })

describe("a stint of so many deliveries", () => {
  for (const count of [1, 7]) {
    it.effect(`begins ${count}, not one more, over all workspaces and lanes, and is over once they have ended`, () =>
      Effect.gen(function* () {
        const workspaceId = yield* given
        const other = yield* TestEngine.workspace("other")
        for (const lane of ["urgent", "bulk"] as const) {
          yield* dispatch(workspaceId, 20, lane)
          yield* dispatch(other, 20, lane)
        }
        const one = yield* stint({ deliveries: count })
        yield* pass(10)
        const { why } = yield* one.ended
        assert.strictEqual(why, "deliveries")
        assert.strictEqual(begun.length, count)
        yield* Expect.settled("completed", count)
        const at = yield* Clock.currentTimeMillis
        yield* pass(60)
        assert.strictEqual(begun.length, count)
        assert.strictEqual((yield* Journal).open(), 80 - count)
        assert.isAbove(yield* Clock.currentTimeMillis, at)
      }).pipe(Effect.scoped, Effect.provide(stores))
    )
  }

  it.effect("holds no more claimed than it may begin, and gives the rest back when it is closed", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      yield* dispatch(workspaceId, 50)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const one = yield* stint({ deliveries: 3 })
          yield* pass(1)
          const { held } = yield* (yield* Ledger).holding(workspaceId)
          assert.isAtMost(held.normal, 3)
          assert.isFalse(yield* one.over)
          yield* pass(5)
          yield* one.ended
        })
      )
      const { held, owner } = yield* (yield* Ledger).holding(workspaceId)
      assert.deepStrictEqual([owner, held.normal], [null, 0])
      yield* Expect.settled("completed", 3)
    }).pipe(Effect.provide(stores))
  )

  it.effect(
    "counts a delivery that is tried again as begun again, and one of a pipeline that is not known not at all",
    () =>
      Effect.gen(function* () {
        const workspaceId = yield* given
        const stranger = Pipeline.make("stranger", { payload: Schema.Int })
        yield* Pipeline.dispatchMany(stranger, { workspaceId, payloads: [1, 2, 3] })
        yield* Pipeline.dispatch(Flaky, { workspaceId, payload: 1 })
        const one = yield* stint({ deliveries: 2 })
        yield* pass(40)
        assert.isFalse(yield* one.over)
        yield* pass(60)
        assert.strictEqual((yield* one.ended).why, "deliveries")
        assert.strictEqual(tries, 2)
      }).pipe(Effect.scoped, Effect.provide(stores))
  )
})

describe("a stint with a rest", () => {
  it.effect("begins one delivery at a time, no closer together than that, over all workspaces", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      yield* dispatch(workspaceId, 5)
      yield* dispatch(yield* TestEngine.workspace("other"), 5, "urgent")
      yield* stint({ rest: 700 })
      yield* pass(15)
      assert.strictEqual(begun.length, 10)
      const gaps = begun.slice(1).map((at, n) => at - (begun[n] ?? 0))
      assert.isAtLeast(Math.min(...gaps), 700)
    }).pipe(Effect.scoped, Effect.provide(stores))
  )
})

describe("a stint until nothing is due", () => {
  it.effect("is over at once where nothing is", () =>
    Effect.gen(function* () {
      yield* given
      const one = yield* stint({ whenEmpty: true })
      yield* TestEngine.catchUp
      assert.strictEqual((yield* one.ended).why, "empty")
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.effect("does what is due, also what comes meanwhile, and does not wait for what is due later", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      yield* dispatch(workspaceId, 25)
      yield* Pipeline.dispatch(Flaky, { workspaceId, payload: 1 })
      const one = yield* stint({ whenEmpty: true })
      yield* pass(3)
      yield* dispatch(workspaceId, 1, "bulk")
      yield* pass(20)
      const { at, why } = yield* one.ended
      assert.strictEqual(why, "empty")
      assert.isAtMost(at, 15_000)
      yield* Expect.settled("completed", 26)
      assert.strictEqual((yield* Journal).open(), 1)
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.effect("does not wait for lanes that it does not serve", () =>
    Effect.gen(function* () {
      yield* dispatch(yield* given, 3, "bulk")
      const one = yield* stint({ whenEmpty: true, lanes: ["urgent"] })
      yield* pass(2)
      assert.strictEqual((yield* one.ended).why, "empty")
      assert.strictEqual(begun.length, 0)
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.effect("does not wait for what another process has", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      yield* dispatch(workspaceId, 3)
      const at = yield* Clock.currentTimeMillis
      yield* (yield* Ledger).takeOver({ workspaceId, owner: "other", now: at, lease: 3_600_000, force: false })
      const one = yield* stint({ whenEmpty: true })
      yield* pass(2)
      assert.strictEqual((yield* one.ended).why, "empty")
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.effect("reads and sends a campaign that is due", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      const launched = Effect.flatMap(stint({ deliveries: 0 }), ({ use }) => use(launchTo(workspaceId, 30)))
      const campaign = yield* Effect.scoped(launched)
      const one = yield* stint({ whenEmpty: true })
      yield* pass(60)
      assert.strictEqual((yield* one.ended).why, "empty")
      assert.deepStrictEqual(
        [(yield* now(campaign)).status, (yield* now(campaign)).counts.completed],
        ["completed", 30]
      )
    }).pipe(Effect.scoped, Effect.provide(stores))
  )
})

describe("a stint until an instant, or a size", () => {
  it.effect("begins nothing more then, and is over once what is under way has ended", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      yield* dispatch(workspaceId, 200)
      const one = yield* stint({ until: 5000 })
      yield* pass(20)
      const { at, why } = yield* one.ended
      assert.strictEqual(why, "time")
      assert.isAtLeast(at, 5000)
      assert.isAtMost(at, 7100)
      assert.isAtMost(Math.max(...begun), 5000)
      yield* Expect.settled("completed", begun.length)
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.effect("ends when the process has grown too large, and not before", () =>
    Effect.gen(function* () {
      yield* dispatch(yield* given, 10)
      let used = 100
      const one = yield* stint({ memory: { most: 200, used: Effect.sync(() => used) } })
      yield* pass(10)
      used = 200
      yield* pass(5)
      assert.isFalse(yield* one.over)
      used = 201
      yield* pass(2)
      assert.strictEqual((yield* one.ended).why, "memory")
    }).pipe(Effect.scoped, Effect.provide(stores))
  )
})

describe("a listener of deliveries", () => {
  it.effect("is told of each start, and of each end with how it was written and how long it took", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      const told: Array<News> = []
      yield* dispatch(workspaceId, 1)
      yield* Pipeline.dispatch(Flaky, { workspaceId, payload: 1 })
      yield* stint({ told: (news) => told.push(news) })
      yield* pass(70)
      const lines = told.map((news) =>
        news._tag === "Begun"
          ? `${news.delivery.pipeline} ${news.attempt} begun`
          : `${news.delivery.pipeline} ${news.attempt} ${news.settlement.state} in ${news.endedAt - (news.begunAt ?? 0)}`
      )
      assert.sameMembers(lines, [
        "job 1 begun",
        "job 1 completed in 2000",
        "flaky 1 begun",
        "flaky 1 retry in 0",
        "flaky 2 begun",
        "flaky 2 completed in 0"
      ])
    }).pipe(Effect.scoped, Effect.provide(stores))
  )
})
