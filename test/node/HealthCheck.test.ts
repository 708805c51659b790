import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerDefinition from "@fibercast/domain/TriggerDefinition"
import * as HealthCheck from "@fibercast/node/HealthCheck"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Triggers } from "@fibercast/engine/Triggers"
import { Records } from "@fibercast/ports/Records"
import { Signal } from "@fibercast/ports/Signal"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Lane from "@fibercast/domain/Lane"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

const stores = Triggers.layer.pipe(Layer.provideMerge(Layer.merge(MemoryStore.layer, Signal.layerMemory)))

const wrong = (checks: ReadonlyArray<HealthCheck.HealthCheck>) =>
  Effect.map(HealthCheck.run(checks), (all) => all.flatMap(({ reason }) => (reason === null ? [] : [reason])))

const pass = (app: string) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    yield* (yield* TriggerStore).beat({ scheduler: `${app}/1`, app, startedAt: 0, now, downAfter: 10_000 })
  })

describe("the health of scheduling, as a node tells it", () => {
  it.effect("is good while a scheduler of its app passes, and bad once none has for too long", () =>
    Effect.gen(function* () {
      const checks = yield* HealthCheck.scheduler("school", 30_000)
      assert.deepStrictEqual(yield* wrong(checks), [], "it has only just started")
      yield* TestClock.adjust("31 seconds")
      yield* pass("another")
      assert.deepStrictEqual(yield* wrong(checks), ["no scheduler of school has passed for 31 s"])
      yield* pass("school")
      assert.deepStrictEqual(yield* wrong(checks), [])
      yield* TestClock.adjust("90 seconds")
      assert.deepStrictEqual(yield* wrong(checks), ["no scheduler of school has passed for 90 s"])
    }).pipe(Effect.provide(stores))
  )

  it.effect("is bad when nobody looks after triggers, whoever's they are", () =>
    Effect.gen(function* () {
      const checks = yield* HealthCheck.scheduler("school", 30_000)
      yield* (yield* Triggers).define(
        yield* TestEngine.workspace(),
        TriggerDefinition.make(Trigger.named("hello")(Frequency.everyMinute), {
          _tag: "Deliver",
          pipeline: "greet",
          payload: null,
          lane: "normal"
        })
      )
      yield* TestClock.adjust("31 seconds")
      assert.deepStrictEqual(yield* wrong(checks), [
        "nobody looks after 1 trigger defined at run time for 31 s",
        "no scheduler of school has passed for 31 s"
      ])
      yield* pass("school")
      assert.deepStrictEqual(yield* wrong(checks), [])
    }).pipe(Effect.provide(stores))
  )
})

/** A node of these lanes is there. */
const beat = (lanes: ReadonlyArray<Lane.Lane>) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const said = { id: "1", name: "one", app: "cars", release: null, address: null, startedAt: now } as const
    const does = { roles: ["engine"], lanes, workspaces: 0, sending: 0, capacity: 10, pipelines: ["break"] } as const
    const stands = { state: "working", brokenAccounts: [], vanished: [], clockAhead: 0 } as const
    yield* (yield* NodeRegistry).beat({ ...said, ...does, ...stands }, now)
  })

describe("the health of work, as a node tells it", () => {
  const Break = Pipeline.make("break", { payload: Schema.String, retry: RetryPolicy.never }).pipe(
    Pipeline.tap((why) => Effect.fail(new Error(why)))
  )
  const world = Layer.merge(TestEngine.layerStores(), NodeRegistry.layerMemory)
  const targets = { size: 2, age: 60_000, failed: 1, growth: Infinity }

  const dispatch = Effect.fnUntraced(function* (count: number) {
    const payloads = Array.from({ length: count }, () => "no luck")
    yield* Pipeline.dispatchMany(Break, { workspaceId: yield* TestEngine.workspace("cars"), payloads })
  })

  it.effect("is bad while nobody works what is due, and says why", () =>
    Effect.gen(function* () {
      const checks = yield* HealthCheck.work(null)
      const wrongLater = Effect.andThen(TestClock.adjust("3 seconds"), wrong(checks))
      assert.deepStrictEqual(yield* wrongLater, [], "nothing is due")
      yield* dispatch(1)
      assert.deepStrictEqual(yield* wrongLater, ["NoNode; `fibercast doctor` says more"])
      yield* beat(["urgent", "bulk"])
      assert.deepStrictEqual(yield* wrongLater, ["LaneUnserved in cars; `fibercast doctor` says more"])
      yield* beat(Lane.lanes)
      assert.deepStrictEqual(yield* wrongLater, [])
    }).pipe(Effect.provide(world))
  )

  it.effect("of an app without targets reads what is open once, and nothing of what has ended", () => {
    const reads: Array<string> = []
    const before = (operation: string) => Effect.sync(() => void reads.push(operation))
    const noting = Layer.effect(
      Records,
      Effect.map(Records, (records) => Interposed.make(records, { before }))
    )
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* wrong(yield* HealthCheck.work(null)), [])
      assert.deepStrictEqual(reads, ["depths"])
    }).pipe(Effect.provide(noting.pipe(Layer.provideMerge(world))))
  })

  it.effect("is bad while a lane misses a target, and says which", () =>
    Effect.gen(function* () {
      const checks = yield* HealthCheck.work(targets)
      const wrongLater = Effect.gen(function* () {
        yield* TestClock.adjust("3 seconds")
        yield* beat(Lane.lanes)
        return yield* wrong(checks)
      })
      yield* dispatch(2)
      assert.deepStrictEqual(yield* wrongLater, [])
      yield* dispatch(1)
      assert.deepStrictEqual(yield* wrongLater, ["cars/normal: 3 open, more than 2"])
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(yield* wrongLater, [
        "cars/normal: 3 open, more than 2, one waits for 69 s, more than 60 s"
      ])
    }).pipe(Effect.provide(world))
  )

  it.effect("tells of what failed since the last look, also where looks are five minutes apart", () =>
    Effect.gen(function* () {
      const checks = yield* HealthCheck.work(targets)
      yield* beat(Lane.lanes)
      assert.deepStrictEqual(yield* wrong(checks), [])
      yield* Effect.provide(
        Effect.gen(function* () {
          yield* dispatch(2)
          yield* TestClock.adjust("4 minutes")
          yield* TestEngine.catchUp
          yield* beat(Lane.lanes)
          yield* TestClock.adjust("5 seconds")
        }),
        TestEngine.layerEngine({ pipelines: [Break] })
      )
      assert.deepStrictEqual(yield* wrong(checks), ["cars/normal: 2 failed, more than 1"])
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* wrong(checks), [])
    }).pipe(Effect.provide(world))
  )
})
