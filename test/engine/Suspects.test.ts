import { type Guarantee } from "@fibercast/domain/Campaign"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type EngineSettings } from "@fibercast/engine/EngineConfig"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import { Journal } from "@fibercast/testkit/Journal"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

const world = Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(), TestSenders.layerBetween)

interface Told {
  readonly payload: string | null
  readonly state: FinalState
  readonly errorClass: string
  readonly reason: string
}

/** A node that works on "poison" hangs until it is killed; everything else takes a second. */
const deadly = (guarantee: Guarantee = "at-least-once") => {
  const seen = {
    struck: false,
    begun: new Map<string, number>(),
    suspects: 0,
    mostSuspects: 0,
    charged: false,
    told: [] as Array<Told>
  }
  const pipeline = Pipeline.make("deadly", { payload: Schema.String, guarantee, timeout: null }).pipe(
    Pipeline.tap((payload, { attempt, delivery }) => {
      const isSuspect = delivery.rescues >= 2
      return Effect.gen(function* () {
        seen.begun.set(payload, (seen.begun.get(payload) ?? 0) + 1)
        if (attempt > 1) seen.charged = true
        if (isSuspect) seen.mostSuspects = Math.max(seen.mostSuspects, ++seen.suspects)
        if (payload !== "poison") return yield* Effect.sleep("1 second")
        seen.struck = true
        return yield* Effect.never
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            if (isSuspect) seen.suspects--
          })
        )
      )
    }),
    Pipeline.onFailure(({ errorClass, payload, reason, state }) =>
      Effect.sync(() => seen.told.push({ payload, state, errorClass, reason }))
    )
  )
  return { pipeline, seen }
}

const innocents = Array.from({ length: 20 }, (_, n) => `innocent ${n}`)

const dispatched = Effect.fnUntraced(function* (
  pipeline: ReturnType<typeof deadly>["pipeline"],
  payloads: ReadonlyArray<string> = ["innocent a", "poison", ...innocents]
) {
  yield* Pipeline.dispatchMany(pipeline, { workspaceId: yield* TestEngine.workspace(), payloads })
  yield* TestEngine.catchUp
})

const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("250 millis"), TestEngine.catchUp), { times: seconds * 4 - 1 })

const settings: Partial<EngineSettings> = { concurrency: 4, window: 12, batch: 12 }

/** One node after another, each killed as soon as it works on the poison. Answers how many died. */
const restarted = Effect.fnUntraced(function* (
  { pipeline, seen }: ReturnType<typeof deadly>,
  changed: Partial<EngineSettings> = {}
) {
  let deaths = 0
  for (let round = 0; round < 10; round++) {
    const node = yield* TestNode.make({ pipelines: [pipeline], settings: { ...settings, ...changed } })
    for (let second = 0; second < 120 && !seen.struck; second++) yield* pass(1)
    if (!seen.struck) {
      yield* node.stop
      return deaths
    }
    seen.struck = false
    deaths++
    yield* node.kill
    seen.suspects = 0
  }
  return deaths
})

describe("what kills its node", () => {
  it.effect("is set aside as failed after five deaths, people are told once, and all innocents complete", () =>
    Effect.gen(function* () {
      const watched = deadly()
      yield* dispatched(watched.pipeline)
      assert.strictEqual(yield* restarted(watched), 5)
      yield* Expect.settled("completed", 21)
      yield* Expect.settled("failed", 1)
      yield* Expect.nothingOpen
      const reason = "poison: 5 nodes died while working on it; it was set aside"
      assert.deepStrictEqual(watched.seen.told, [
        { payload: "poison", state: "failed", errorClass: "messagePermanent", reason }
      ])
      assert.deepStrictEqual(yield* Expect.alerts, ["DeliveryFailed"])
      assert.isFalse(watched.seen.charged)
    }).pipe(Effect.provide(world))
  )

  it.effect("is set aside after as many deaths as the engine is told", () =>
    Effect.gen(function* () {
      const watched = deadly()
      yield* dispatched(watched.pipeline)
      assert.strictEqual(yield* restarted(watched, { poison: 3 }), 3)
      yield* Expect.settled("failed", 1)
      yield* Expect.settled("completed", 21)
    }).pipe(Effect.provide(world))
  )

  it.effect("is not even tried again if it may be sent once", () =>
    Effect.gen(function* () {
      const watched = deadly("at-most-once")
      yield* dispatched(watched.pipeline)
      assert.strictEqual(yield* restarted(watched), 1)
      assert.strictEqual(watched.seen.begun.get("poison"), 1)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world))
  )
})

/** Two nodes, each killed as soon as it has begun something. */
const killedTwice = Effect.fnUntraced(function* ({ pipeline, seen }: ReturnType<typeof deadly>) {
  for (const _ of [1, 2]) {
    seen.begun.clear()
    const node = yield* TestNode.make({ pipelines: [pipeline], settings })
    for (let second = 0; second < 30 && seen.begun.size === 0; second++) yield* pass(1)
    assert.isAbove(seen.begun.size, 0)
    yield* node.kill
  }
  assert.strictEqual(seen.mostSuspects, 0)
})

describe("suspects", () => {
  it.effect("are under way one at a time, beside innocents, and complete uncharged", () =>
    Effect.gen(function* () {
      const watched = deadly()
      const { pipeline, seen } = watched
      yield* dispatched(pipeline, innocents)
      yield* killedTwice(watched)
      yield* TestNode.make({ pipelines: [pipeline], settings })
      yield* pass(60)
      assert.strictEqual(seen.mostSuspects, 1)
      assert.isFalse(seen.charged)
      yield* Expect.settled("completed", 20)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world))
  )

  it.effect("do not outlive their deadline while they wait for one another", () =>
    Effect.gen(function* () {
      const watched = deadly()
      const { pipeline, seen } = watched
      const workspaceId = yield* TestEngine.workspace()
      const deadline = DateTime.makeUnsafe(3500)
      yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads: innocents, deadline })
      yield* killedTwice(watched)
      yield* TestNode.make({ pipelines: [pipeline], settings })
      yield* pass(60)
      yield* Expect.nothingOpen
      const { settled } = yield* Journal
      assert.isAtLeast(settled("completed"), 1)
      assert.isAtLeast(settled("expired"), 2)
      assert.strictEqual(seen.mostSuspects, 1)
    }).pipe(Effect.provide(world))
  )
})

/** Senders, one after another, each killed as soon as it works on the poison. Answers how many died. */
const sendersKilled = Effect.fnUntraced(function* <E = never, R = never>(
  { pipeline, seen }: ReturnType<typeof deadly>,
  onDeath: (deaths: number) => Effect.Effect<void, E, R> = () => Effect.void
) {
  let deaths = 0
  for (let round = 0; round < 12; round++) {
    const sender = yield* TestSenders.makeSender({ pipelines: [pipeline] })
    for (let second = 0; second < 200 && !seen.struck; second++) yield* pass(1)
    if (!seen.struck) return deaths
    seen.struck = false
    deaths++
    yield* sender.kill
    seen.suspects = 0
    yield* onDeath(deaths)
  }
  return deaths
})

describe("what kills its sender", () => {
  it.effect("is set aside after five deaths, and all innocents complete, although its owner lives", () =>
    Effect.gen(function* () {
      const watched = deadly()
      yield* dispatched(watched.pipeline)
      yield* TestSenders.makeEngine({ pipelines: [watched.pipeline], settings })
      assert.strictEqual(yield* sendersKilled(watched), 5)
      yield* Expect.settled("completed", 21)
      yield* Expect.settled("failed", 1)
      yield* Expect.nothingOpen
      assert.lengthOf(watched.seen.told, 1)
      assert.isFalse(watched.seen.charged)
    }).pipe(Effect.provide(world))
  )

  it.effect("is set aside although its owner is replaced amid the deaths", () =>
    Effect.gen(function* () {
      const watched = deadly()
      yield* dispatched(watched.pipeline)
      const make = TestSenders.makeEngine({ pipelines: [watched.pipeline], settings })
      let engine = yield* make
      const replace = Effect.gen(function* () {
        yield* pass(10)
        yield* Effect.forkScoped(engine.kill)
        yield* pass(20)
        engine = yield* make
      })
      const deaths = yield* sendersKilled(watched, (count) => (count === 3 ? replace : Effect.void))
      assert.isAtMost(deaths, 5)
      yield* Expect.settled("completed", 21)
      yield* Expect.settled("failed", 1)
      yield* Expect.nothingOpen
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("nobody is charged for senders that stop, or for there being none", () =>
    Effect.gen(function* () {
      const watched = deadly()
      const { pipeline, seen } = watched
      yield* dispatched(pipeline, innocents)
      yield* TestSenders.makeEngine({ pipelines: [pipeline], settings })
      yield* pass(120)
      for (let round = 0; round < 6; round++) {
        const sender = yield* TestSenders.makeSender({ pipelines: [pipeline], sender: { capacity: 2 } })
        yield* pass(1)
        yield* Effect.forkScoped(sender.stop)
        yield* pass(2)
      }
      yield* TestSenders.makeSender({ pipelines: [pipeline] })
      yield* pass(60)
      assert.strictEqual(seen.mostSuspects, 0)
      assert.deepStrictEqual(seen.told, [])
      yield* Expect.settled("completed", 20)
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
