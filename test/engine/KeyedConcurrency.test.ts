/**
 * Deliveries of one key, however they arrive, however long they take and whatever dies meanwhile: never more of them are
 * under way than told, and all of them end.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { SenderChannel } from "@fibercast/ports/SenderChannel"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import { Journal } from "@fibercast/testkit/Journal"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Clock, Effect, Fiber, Layer, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { forAll } from "../conformance/Property.ts"

const world = Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(), TestSenders.layerBetween)

const Work = Schema.Struct({
  key: Schema.Literals(["a", "b"]),
  millis: Schema.Literals([0, 20, 700, 4000, 25_000]),
  fails: Schema.Boolean
})
type Work = typeof Work.Type

const watched = (limit: number) => {
  const seen = {
    now: new Map<string, number>(),
    most: 0,
    charged: 0,
    begun: [] as Array<{ readonly id: bigint; readonly at: number }>
  }
  const pipeline = Pipeline.make("watched", {
    payload: Work,
    retry: RetryPolicy.after("2 seconds", { tries: 2 }),
    concurrency: { key: ({ key }) => key, limit }
  }).pipe(
    Pipeline.tap(({ fails, key, millis }, { attempt, delivery: { id } }) =>
      Effect.gen(function* () {
        const under = (seen.now.get(key) ?? 0) + 1
        seen.now.set(key, under)
        seen.most = Math.max(seen.most, under)
        seen.begun.push({ id, at: yield* Clock.currentTimeMillis })
        if (attempt > 1) seen.charged++
        if (millis > 0) yield* Effect.sleep(millis)
        if (fails && attempt === 1) return yield* Effect.fail("the first try fails")
      }).pipe(Effect.ensuring(Effect.sync(() => seen.now.set(key, (seen.now.get(key) ?? 1) - 1))))
    )
  )
  return { pipeline, seen }
}

const dispatched = Effect.fnUntraced(function* (
  pipeline: ReturnType<typeof watched>["pipeline"],
  payloads: ReadonlyArray<Work>
) {
  yield* Pipeline.dispatchMany(pipeline, { workspaceId: yield* TestEngine.workspace(), payloads })
  yield* TestEngine.catchUp
})

const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("250 millis"), Effect.repeat(Effect.yieldNow, { times: 60 })), {
    times: seconds * 4 - 1
  })

/** How many tens of seconds nothing may begin while something is open: more than an attempt and all it may wait for. */
const patience = 20

/** Time goes on until nothing is open, as long as that takes: it fails once nothing begins any more. */
const untilDone = Effect.fnUntraced(function* ({ begun }: { readonly begun: ReadonlyArray<unknown> }) {
  const journal = yield* Journal
  for (let still = 0; still < patience && journal.open() > 0; still++) {
    const before = begun.length
    yield* pass(10)
    if (begun.length > before) still = 0
  }
  yield* Expect.nothingOpen
})

const same = (count: number, millis: Work["millis"], key: Work["key"] = "a"): ReadonlyArray<Work> =>
  Array.from({ length: count }, () => ({ key, millis, fails: false }))

describe("a key of which few may be under way", () => {
  for (const limit of [1, 3]) {
    it.effect(`lets ${limit} go at once, in one process, and uses that while there is work`, () =>
      Effect.gen(function* () {
        const { pipeline, seen } = watched(limit)
        yield* TestNode.make({ pipelines: [pipeline] })
        yield* dispatched(pipeline, same(40 * limit, 700))
        const began = yield* Clock.currentTimeMillis
        yield* untilDone(seen)
        assert.strictEqual(seen.most, limit)
        const last = Math.max(...seen.begun.map(({ at }) => at))
        assert.isAtMost(last - began, 40 * 700 * 1.5)
        yield* Expect.settled("completed", 40 * limit)
        assert.strictEqual(seen.charged, 0)
      }).pipe(Effect.provide(world))
    )

    it.effect(`lets ${limit} go at once over three senders`, () =>
      Effect.gen(function* () {
        const { pipeline, seen } = watched(limit)
        yield* TestSenders.makeEngine({ pipelines: [pipeline] })
        yield* Effect.replicateEffect(TestSenders.makeSender({ pipelines: [pipeline] }), 3)
        yield* dispatched(pipeline, same(20 * limit, 700))
        yield* untilDone(seen)
        assert.strictEqual(seen.most, limit)
        yield* Expect.settled("completed", 20 * limit)
        assert.strictEqual(seen.charged, 0)
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("is no matter of other keys: they do not wait for it, nor for what waits for it", () =>
    Effect.gen(function* () {
      const { pipeline, seen } = watched(1)
      yield* TestNode.make({ pipelines: [pipeline], settings: { concurrency: 50 } })
      yield* dispatched(pipeline, [...same(200, 4000), { key: "b", millis: 20, fails: false }])
      yield* pass(3)
      const other = seen.begun.find(({ id }) => id === 201n)
      assert.isDefined(other)
      assert.isAtMost(other?.at ?? Infinity, 2000)
    }).pipe(Effect.provide(world))
  )

  it.effect("is no matter of what has no key: any number of that are under way at once", () =>
    Effect.gen(function* () {
      let [now, most] = [0, 0]
      const pipeline = Pipeline.make("unkeyed", {
        payload: Schema.NullOr(Schema.String),
        concurrency: { key: (payload) => payload, limit: 1 }
      }).pipe(
        Pipeline.tap((payload) =>
          Effect.gen(function* () {
            if (payload === null) most = Math.max(most, ++now)
            yield* Effect.sleep("4 seconds")
            if (payload === null) now--
          })
        )
      )
      const workspaceId = yield* TestEngine.workspace()
      yield* TestNode.make({ pipelines: [pipeline] })
      const payloads = ["a", "a", "a", ...Array.from({ length: 40 }, () => null)]
      yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads })
      yield* pass(5)
      assert.strictEqual(most, 40)
      yield* untilDone({ begun: [] })
      yield* Expect.settled("completed", 43)
    }).pipe(Effect.provide(world))
  )

  it.effect("is first had by the one that has waited longest, though younger ones never cease to come", () =>
    Effect.gen(function* () {
      const { pipeline, seen } = watched(1)
      yield* TestNode.make({ pipelines: [pipeline] })
      yield* dispatched(pipeline, same(5, 4000))
      for (let second = 0; second < 60; second++) {
        yield* dispatched(pipeline, same(1, 20))
        yield* pass(1)
      }
      const first = new Set(seen.begun.slice(0, 5).map(({ id }) => id))
      assert.deepStrictEqual(first, new Set([1n, 2n, 3n, 4n, 5n]))
    }).pipe(Effect.provide(world))
  )

  it.effect("is not granted by a new owner while senders may be at what the old one granted, and is granted then", () =>
    Effect.gen(function* () {
      const { pipeline, seen } = watched(1)
      const engine = yield* TestSenders.makeEngine({ pipelines: [pipeline] })
      yield* Effect.replicateEffect(TestSenders.makeSender({ pipelines: [pipeline] }), 3)
      yield* dispatched(pipeline, same(4, 25_000))
      yield* pass(5)
      assert.lengthOf(seen.begun, 1)
      yield* Effect.forkScoped(engine.kill)
      yield* TestEngine.catchUp
      yield* TestSenders.makeEngine({ pipelines: [pipeline] })
      yield* pass(30)
      assert.isAbove(seen.begun.length, 1)
      yield* untilDone(seen)
      assert.strictEqual(seen.most, 1)
      assert.strictEqual(seen.charged, 0)
      yield* Expect.settled("completed", 4)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("is not granted again while a sender may be at what its owner took for lost", () =>
    Effect.gen(function* () {
      const { pipeline, seen } = watched(1)
      const channel = yield* SenderChannel
      let isMute = false
      const mute = Layer.succeed(SenderChannel, {
        ...channel,
        report: (owner, reports) => (isMute ? Effect.void : channel.report(owner, reports))
      })
      yield* TestSenders.makeEngine({ pipelines: [pipeline] })
      yield* Effect.provide(TestSenders.makeSender({ pipelines: [pipeline] }), mute)
      yield* dispatched(pipeline, same(2, 25_000))
      yield* pass(3)
      assert.lengthOf(seen.begun, 1)
      isMute = true
      yield* TestSenders.makeSender({ pipelines: [pipeline] })
      yield* pass(21)
      assert.strictEqual(seen.now.get("a"), 0)
      assert.lengthOf(seen.begun, 1)
      yield* pass(10)
      assert.isAbove(seen.begun.length, 1)
      isMute = false
      yield* untilDone(seen)
      assert.strictEqual(seen.most, 1)
      yield* Expect.settled("completed", 2)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("is not begun without leave: while the owner does not answer nothing is, and nothing is charged", () =>
    Effect.gen(function* () {
      const { pipeline, seen } = watched(1)
      const channel = yield* SenderChannel
      let isDeaf = true
      const deaf = Layer.succeed(SenderChannel, {
        ...channel,
        ask: (owner, asked) => (isDeaf ? Effect.succeed(null) : channel.ask(owner, asked))
      })
      yield* TestSenders.makeEngine({ pipelines: [pipeline] })
      yield* Effect.provide(TestSenders.makeSender({ pipelines: [pipeline] }), deaf)
      yield* dispatched(pipeline, same(3, 20))
      yield* pass(20)
      assert.lengthOf(seen.begun, 0)
      isDeaf = false
      yield* untilDone(seen)
      assert.strictEqual(seen.charged, 0)
      yield* Expect.settled("completed", 3)
    }).pipe(Effect.provide(world))
  )
})

const Step = Schema.Literals([
  "second",
  "ten seconds",
  "kill the engine",
  "stop the engine",
  "kill a sender",
  "stop a sender",
  "more",
  "second"
])

const History = Schema.Struct({
  works: Schema.Array(Work).check(Schema.isMaxLength(14)),
  steps: Schema.Array(Step).check(Schema.isMaxLength(10)),
  limit: Schema.Literals([1, 2])
})
type History = typeof History.Type

/** Time goes on while what still runs comes to its end. */
const drained = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const scope = yield* Scope.make()
  const exit = yield* Effect.exit(Scope.provide(effect, scope))
  const closing = yield* Effect.forkChild(Scope.close(scope, exit))
  yield* pass(40)
  yield* Fiber.join(closing)
  return yield* exit
})

const overSenders = Effect.fnUntraced(function* ({ limit, steps, works }: History) {
  const { pipeline, seen } = watched(limit)
  const startEngine = TestSenders.makeEngine({ pipelines: [pipeline], settings: { drain: 3000 } })
  const startSender = TestSenders.makeSender({ pipelines: [pipeline], sender: { drain: 2000 } })
  let engine = yield* startEngine
  let senders = [yield* startSender, yield* startSender]
  yield* dispatched(pipeline, works)
  for (const step of steps) {
    if (step === "second") yield* pass(1)
    else if (step === "ten seconds") yield* pass(10)
    else if (step === "more") yield* dispatched(pipeline, works)
    else if (step === "kill the engine" || step === "stop the engine") {
      yield* Effect.forkScoped(step === "kill the engine" ? engine.kill : engine.stop)
      yield* TestEngine.catchUp
      engine = yield* startEngine
    } else {
      const [old, ...rest] = senders
      if (old === undefined) return
      yield* Effect.forkScoped(step === "kill a sender" ? old.kill : old.stop)
      yield* TestEngine.catchUp
      senders = [...rest, yield* startSender]
    }
    yield* TestEngine.catchUp
    assert.isAtMost(seen.most, limit)
  }
  yield* untilDone(seen)
  assert.isAtMost(seen.most, limit)
})

const inOneProcess = Effect.fnUntraced(function* ({ limit, steps, works }: History) {
  const { pipeline, seen } = watched(limit)
  const start = TestNode.make({ pipelines: [pipeline], settings: { drain: 3000 } })
  let node = yield* start
  yield* dispatched(pipeline, works)
  for (const step of steps) {
    if (step === "second") yield* pass(1)
    else if (step === "ten seconds") yield* pass(10)
    else if (step === "more") yield* dispatched(pipeline, works)
    else {
      const ending = yield* Effect.forkScoped(step.startsWith("kill") ? node.kill : node.stop)
      yield* pass(4)
      yield* Fiber.join(ending)
      node = yield* start
    }
    assert.isAtMost(seen.most, limit)
  }
  yield* untilDone(seen)
  assert.isAtMost(seen.most, limit)
})

describe("whatever happens, no more of a key are under way than told, and everything ends", () => {
  it.effect(
    "in one process after another",
    () =>
      forAll(Arbitrary.schema(History), 15, (history) => drained(inOneProcess(history)).pipe(Effect.provide(world))),
    120_000
  )
  it.effect(
    "over senders, and owners after one another",
    () => forAll(Arbitrary.schema(History), 15, (history) => drained(overSenders(history)).pipe(Effect.provide(world))),
    120_000
  )

  it.effect(
    "however much there is of one key",
    () => {
      const works = Array.from({ length: 14 }, () => ({ key: "a", millis: 25_000, fails: true }) as const)
      const history: History = { limit: 1, works, steps: ["more", "kill the engine", "more"] }
      return drained(overSenders(history)).pipe(Effect.provide(world))
    },
    120_000
  )
})
