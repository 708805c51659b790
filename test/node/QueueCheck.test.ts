import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Lane from "@fibercast/domain/Lane"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as HealthCheck from "@fibercast/node/HealthCheck"
import * as QueueCheck from "@fibercast/node/QueueCheck"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Records } from "@fibercast/ports/Records"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

const wrong = (checks: ReadonlyArray<HealthCheck.HealthCheck>) =>
  Effect.map(HealthCheck.run(checks), (all) => all.flatMap(({ reason }) => (reason === null ? [] : [reason])))

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
      const checks = (yield* QueueCheck.make(null)).checks
      const wrongLater = Effect.andThen(TestClock.adjust("3 seconds"), wrong(checks))
      assert.deepStrictEqual(yield* wrongLater, [], "nothing is due")
      yield* dispatch(1)
      assert.deepStrictEqual(yield* wrongLater, ["NoNode; `fibercast doctor` says more"])
      yield* beat(["urgent", "bulk"])
      assert.deepStrictEqual(yield* wrongLater, ["LaneUnserved; `fibercast doctor` says more"])
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
      assert.deepStrictEqual(yield* wrong((yield* QueueCheck.make(null)).checks), [])
      assert.deepStrictEqual(reads, ["depths"])
    }).pipe(Effect.provide(noting.pipe(Layer.provideMerge(world))))
  })

  it.effect("is bad while a lane misses a target, and says which", () =>
    Effect.gen(function* () {
      const checks = (yield* QueueCheck.make(targets)).checks
      const wrongLater = Effect.gen(function* () {
        yield* TestClock.adjust("3 seconds")
        yield* beat(Lane.lanes)
        return yield* wrong(checks)
      })
      yield* dispatch(2)
      assert.deepStrictEqual(yield* wrongLater, [])
      yield* dispatch(1)
      assert.deepStrictEqual(yield* wrongLater, ["workspace 1, lane normal: 3 open, more than 2"])
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(yield* wrongLater, [
        "workspace 1, lane normal: 3 open, more than 2, one waits for 69 s, more than 60 s"
      ])
    }).pipe(Effect.provide(world))
  )

  it.effect("tells of what failed since the last look, also where looks are five minutes apart", () =>
    Effect.gen(function* () {
      const checks = (yield* QueueCheck.make(targets)).checks
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
      assert.deepStrictEqual(yield* wrong(checks), ["workspace 1, lane normal: 2 failed or in doubt, more than 1"])
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* wrong(checks), [])
    }).pipe(Effect.provide(world))
  )
})
