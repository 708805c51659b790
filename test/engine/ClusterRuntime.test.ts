import { assert, describe, it } from "@effect/vitest"
import { CampaignId } from "@fibercast/domain/Campaign"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { ClusterConfig, defaults } from "@fibercast/engine/ClusterConfig"
import * as ClusterRuntime from "@fibercast/engine/ClusterRuntime"
import * as Engine from "@fibercast/engine/Engine"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestCluster from "@fibercast/testkit/TestCluster"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { Clock, Effect, Fiber, Layer, Schema } from "effect"
import { Sharding } from "effect/cluster"
import { TestClock } from "effect/testing"
import { Announce, launchTo, now, phone, sendTimes, sentTo, world } from "./internal/Broadcasts.ts"

const Reminder = Pipeline.make("reminder", { payload: Schema.String, retry: RetryPolicy.never }).pipe(
  Pipeline.map((to) => ({ to, text: "Remember" })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)

/** The engine of production on a cluster of one. */
const engine = (settings: Partial<typeof defaults> = {}) =>
  Engine.layerOn(ClusterRuntime.layer, { pipelines: [Reminder] }).pipe(
    Layer.provideMerge(TestCluster.layer),
    Layer.provide(Layer.succeed(ClusterConfig, { ...defaults, ...settings })),
    Layer.provide(Layer.succeed(EngineConfig.EngineConfig, { ...EngineConfig.defaults, drain: 0 })),
    Layer.provideMerge(TestEngine.layerStores()),
    Layer.provideMerge(FakeMessenger.FakeMessenger.layer())
  )

const entities = Effect.flatMap(Sharding.Sharding, (sharding) => sharding.activeEntityCount)

const remind = Effect.fnUntraced(function* (name: string, n: number) {
  const workspaceId = yield* TestEngine.workspace(name)
  yield* Pipeline.dispatch(Reminder, { workspaceId, payload: phone(n) })
  return workspaceId
})

describe("ClusterRuntime", () => {
  it.effect("nothing is left of a workspace whose work is done", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("5 seconds")
      yield* Effect.forEach(
        Array.from({ length: 30 }, (_, n) => n),
        (n) => remind(`school ${n}`, n)
      )
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* entities, 30)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* sentTo).length, 30)
      assert.strictEqual(yield* entities, 0)
    }).pipe(Effect.provide(engine()))
  )

  it.effect("a workspace that finds no room waits until another has ended", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("5 seconds")
      const first = yield* remind("first", 1)
      yield* TestClock.adjust("5 seconds")
      const second = yield* remind("second", 2)
      yield* TestClock.adjust("10 seconds")
      const { ask, running } = yield* WorkspaceRuntime
      assert.deepStrictEqual(yield* running, [first])
      const pause = { _tag: "Pause", campaignId: CampaignId.make(1), note: null } as const
      const refused = yield* Effect.forkChild(Effect.flip(ask(second, pause)))
      yield* TestClock.adjust("1 second")
      assert.match((yield* Fiber.join(refused)).message, /no room/u)
      yield* TestClock.adjust("45 seconds")
      assert.deepStrictEqual(yield* running, [second])
      assert.deepStrictEqual(yield* sentTo, [phone(1), phone(2)])
    }).pipe(Effect.provide(engine({ residents: 1 })))
  )

  it.effect("what a dead owner held is waited for, by work and by commands, and then taken over", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const pipelines = [Announce]
      const first = yield* TestNode.make({ pipelines, alone: false, settings: { concurrency: 10 } })
      const campaign = yield* first.use(launchTo(workspaceId, 200, { guarantee: "at-most-once" }))
      const second = yield* TestNode.make({
        pipelines,
        runtime: TestCluster.layerRuntime,
        settings: { concurrency: 10 }
      })
      yield* TestClock.adjust("5500 millis")
      yield* first.kill
      const before = (yield* sentTo).length
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* sentTo).length, before)

      const pausing = yield* Effect.forkChild(
        second.use(
          Effect.flatMap(WorkspaceRuntime, ({ ask }) =>
            ask(workspaceId, { _tag: "Pause", campaignId: campaign.id, note: null })
          )
        )
      )
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* Fiber.join(pausing)).status, "paused")
      const lastBeat = 3000
      const [takenOverAt] = (yield* sendTimes).slice(before)
      if (takenOverAt !== undefined) assert.isAtLeast(takenOverAt, lastBeat + 15_000)
      assert.isAtMost((yield* now(campaign)).counts.unknown, 10)
      assert.isBelow(yield* Clock.currentTimeMillis, 31_000)
    }).pipe(Effect.provide(world(() => FakeMessenger.delay("1 second"))))
  )
})
