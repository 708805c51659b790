import { type Campaign } from "@fibercast/domain/Campaign"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, engine, launchTo, now, phone, sendTimes, sentTo, world } from "./internal/Broadcasts.ts"

const Reminder = Pipeline.make("reminder", { payload: Schema.String, retry: RetryPolicy.never }).pipe(
  Pipeline.map((to) => ({ to, text: "Remember" })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)

const running = Effect.flatMap(WorkspaceRuntime, (runtime) => runtime.running)
const node = (settings?: TestEngine.Options<never>["settings"]) =>
  TestNode.make({ pipelines: [Announce, Reminder], alone: false, settings })

const assertDone = Effect.fnUntraced(function* (campaign: Campaign, count: number) {
  const { counts, status } = yield* now(campaign)
  assert.strictEqual(status, "completed")
  assert.strictEqual(counts.planned, count)
  yield* Expect.balanced(campaign.workspaceId, campaign.id)
})

/** How often each operation of the stores was called, and what to do before. */
const watched = (before: (operation: string) => Effect.Effect<void> = () => Effect.void) => {
  const calls = new Map<string, number>()
  const stores = Interposed.layerStores({
    before: (operation) =>
      Effect.suspend(() => {
        calls.set(operation, (calls.get(operation) ?? 0) + 1)
        return before(operation)
      })
  }).pipe(Layer.provideMerge(TestEngine.layerStores()))
  const layer = Layer.merge(
    stores,
    FakeMessenger.FakeMessenger.layer(() => FakeMessenger.delay("1 second"))
  )
  return { layer, started: () => calls.get("takeOver") ?? 0 }
}

describe("LocalRuntime", () => {
  it.effect("an actor without work stops, and new work wakes it at once", () => {
    const both = TestEngine.layer({ pipelines: [Reminder] }).pipe(
      Layer.provideMerge(FakeMessenger.FakeMessenger.layer())
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const dispatch = Effect.andThen(
        Pipeline.dispatch(Reminder, { workspaceId, payload: phone(0) }),
        TestEngine.catchUp
      )
      yield* dispatch
      assert.deepStrictEqual(yield* running, [workspaceId])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* running, [])
      yield* dispatch
      assert.deepStrictEqual(yield* running, [workspaceId])
      assert.deepStrictEqual(yield* sendTimes, [0, 120_000])
    }).pipe(Effect.provide(both))
  })

  it.effect("work that is due later wakes a sleeping workspace on time", () => {
    const both = TestEngine.layer({ pipelines: [Reminder] }).pipe(
      Layer.provideMerge(FakeMessenger.FakeMessenger.layer())
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* Pipeline.dispatch(Reminder, { workspaceId, payload: phone(0), delay: "10 minutes" })
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* running, [])
      yield* TestClock.adjust("6 minutes")
      assert.deepStrictEqual(yield* sendTimes, [600_000])
    }).pipe(Effect.provide(both))
  })

  it.effect("a workspace without work never runs", () =>
    Effect.gen(function* () {
      yield* TestEngine.workspace("quiet")
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* running, [])
    }).pipe(Effect.provide(engine()))
  )

  it.effect("of two nodes exactly one works a workspace, and everybody gets one message", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const [first, second] = [yield* node({ concurrency: 10 }), yield* node({ concurrency: 10 })]
      const campaign = yield* first.use(launchTo(workspaceId, 200))
      yield* TestClock.adjust("5 minutes")
      yield* assertDone(campaign, 200)
      assert.strictEqual((yield* sentTo).length, 200)
      assert.strictEqual(new Set(yield* sentTo).size, 200)
      assert.isAtMost((yield* first.use(running)).length + (yield* second.use(running)).length, 1)
    }).pipe(Effect.provide(world(() => FakeMessenger.delay("1 second"))))
  )

  const takesOver = Effect.fnUntraced(function* (
    workspaceId: WorkspaceId,
    options: { readonly count: number; readonly diesAt: number }
  ) {
    const first = yield* node({ concurrency: 10 })
    const campaign = yield* first.use(launchTo(workspaceId, options.count, { guarantee: "at-most-once" }))
    yield* node({ concurrency: 10 })
    yield* TestClock.setTime(options.diesAt)
    yield* first.kill
    const before = (yield* sentTo).length
    yield* TestClock.adjust("5 minutes")
    return { campaign, takenOverAt: (yield* sendTimes)[before] ?? Infinity }
  })

  it.effect("a node takes over what a killed one held once its lease has ended, and not before", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const diesAt = 5500
      const { campaign, takenOverAt } = yield* takesOver(workspaceId, { count: 200, diesAt })
      yield* assertDone(campaign, 200)
      assert.strictEqual(new Set(yield* sentTo).size, (yield* sentTo).length)
      const lastBeat = 3000
      assert.isAtLeast(takenOverAt, lastBeat + 15_000)
      assert.isAtMost(takenOverAt, diesAt + 15_000 + 1000)
    }).pipe(Effect.provide(world(() => FakeMessenger.delay("1 second"))))
  )

  it.effect("an owner that froze and woke up late writes nothing and sends nothing more", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* node({ concurrency: 10 })
      const campaign = yield* first.use(launchTo(workspaceId, 100, { guarantee: "at-most-once" }))
      yield* TestClock.adjust("5500 millis")
      const inFlight = (yield* (yield* FakeMessenger.FakeMessenger).sent).filter(
        ({ result }) => result === "open"
      ).length
      assert.isAbove(inFlight, 0)
      yield* first.freeze
      yield* node({ concurrency: 10 })
      yield* TestClock.adjust("5 minutes")
      yield* assertDone(campaign, 100)
      const before = yield* now(campaign)
      assert.strictEqual(before.counts.unknown, inFlight)

      yield* first.thaw
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* now(campaign), before)
      assert.strictEqual((yield* sentTo).length, 100)
    }).pipe(Effect.provide(world(() => FakeMessenger.delay("1 second"))))
  )

  it.effect("a command for a workspace that another node holds is refused, not carried out twice", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* node({ concurrency: 10 })
      const second = yield* node({ concurrency: 10 })
      const campaign = yield* first.use(launchTo(workspaceId, 100))
      yield* TestClock.adjust("3 seconds")
      const pause = Effect.flatMap(Campaigns, (campaigns) => campaigns.pause(workspaceId, campaign.id))
      const asking = yield* Effect.forkChild(Effect.flip(second.use(pause)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* asking.pipe(Fiber.join))._tag, "WorkspaceUnavailable")
    }).pipe(Effect.provide(world(() => FakeMessenger.delay("1 second"))))
  )

  it.effect(
    "a new owner without a fence: two nodes that each believe they are alone still send nobody a message twice",
    () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const alone = { pipelines: [Announce], settings: { concurrency: 10 } }
        const first = yield* TestNode.make(alone)
        const campaign = yield* first.use(launchTo(workspaceId, 100, { guarantee: "at-most-once" }))
        yield* TestClock.adjust("3 seconds")
        yield* TestNode.make(alone)
        yield* TestClock.adjust("5 minutes")
        const { counts } = yield* now(campaign)
        assert.strictEqual(counts.completed + counts.unknown, 100)
        assert.strictEqual(new Set(yield* sentTo).size, (yield* sentTo).length)
      }).pipe(Effect.provide(world(() => FakeMessenger.delay("1 second"))))
  )

  it.effect("a campaign that is far off keeps no actor, and wakes its workspace on time", () => {
    const { layer, started } = watched()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* node()
      const at = { wallTime: "1970-01-01 02:00", zone: "UTC" }
      const campaign = yield* first.use(launchTo(workspaceId, 5, { at }))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(started(), 1)
      yield* TestClock.adjust("2 hours")
      assert.strictEqual((yield* now(campaign)).status, "completed")
      assert.strictEqual((yield* sendTimes)[0], 7_200_000)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a paused campaign keeps no actor, however much of it is due", () => {
    const { layer, started } = watched()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* node({ concurrency: 10 })
      const campaign = yield* first.use(launchTo(workspaceId, 100))
      yield* TestClock.adjust("1500 millis")
      const pause = Effect.flatMap(Campaigns, (campaigns) => campaigns.pause(workspaceId, campaign.id))
      yield* Effect.forkChild(first.use(pause))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(started(), 1)
      const resume = Effect.flatMap(Campaigns, (campaigns) => campaigns.resume(workspaceId, campaign.id))
      yield* Effect.forkChild(first.use(resume))
      yield* TestClock.adjust("1 minute")
      yield* assertDone(campaign, 100)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a workspace that another node works is left to it, whatever its campaigns still wait for", () => {
    const { layer, started } = watched()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* node()
      const students = { wallTime: "1970-01-01 00:00:20", zone: "UTC" }
      yield* first.use(launchTo(workspaceId, 5, { at: students }))
      yield* node()
      yield* TestClock.adjust("25 seconds")
      assert.strictEqual(started(), 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a look for due work that crashes is not the last one", () => {
    let crashes = 0
    const { layer } = watched((operation) =>
      operation === "dueWorkspaces" && ++crashes === 2
        ? Effect.die(new Error("a row that cannot be read"))
        : Effect.void
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* node()
      yield* first.use(Pipeline.dispatch(Reminder, { workspaceId, payload: phone(0), delay: "10 minutes" }))
      yield* TestClock.adjust("11 minutes")
      assert.deepStrictEqual(yield* sendTimes, [600_000])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a command that comes while its actor recovers from a crash is carried out by the next", () => {
    let claims = 0
    const { layer } = watched((operation) => {
      if (operation === "transition") return Effect.sleep("100 millis")
      return operation === "claim" && ++claims <= 4 ? Effect.die(new Error("a row that cannot be read")) : Effect.void
    })
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* node({ concurrency: 10 })
      const campaign = yield* first.use(launchTo(workspaceId, 100))
      yield* TestClock.adjust("500 millis")
      assert.strictEqual((yield* sentTo).length, 0)
      const pause = Effect.flatMap(Campaigns, (campaigns) => campaigns.pause(workspaceId, campaign.id))
      const pausing = yield* Effect.forkChild(first.use(pause))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(pausing)).status, "paused")
    }).pipe(Effect.provide(layer))
  })

  it.effect("work is done by the node that runs its pipeline, and another that does not leaves it to that", () => {
    const { layer } = watched()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const stranger = yield* TestNode.make({ pipelines: [Announce], alone: false })
      yield* stranger.use(Pipeline.dispatch(Reminder, { workspaceId, payload: phone(0) }))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* stranger.use(running), [])
      yield* TestNode.make({ pipelines: [Reminder], alone: false })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* sendTimes, [10_000])
    }).pipe(Effect.provide(layer))
  })

  it.effect("work that no node knows stays as it is, and keeps no other from its turn", () => {
    const { layer } = watched()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* TestNode.make({ pipelines: [Reminder], alone: false })
      const Unknown = Pipeline.make("unknown", { payload: Schema.String })
      for (let n = 0; n < 3; n++) yield* only.use(Pipeline.dispatch(Unknown, { workspaceId, payload: "lost" }))
      yield* only.use(Pipeline.dispatch(Reminder, { workspaceId, payload: phone(0), delay: "1 second" }))
      yield* TestClock.adjust("3 seconds")
      yield* Expect.sent(phone(0))
      yield* TestClock.adjust("2 minutes")
      yield* Expect.dispatched("unknown", 3)
      yield* Expect.settled("completed", 1)
      yield* Expect.settled("failed", 0)
    }).pipe(Effect.provide(layer))
  })
})
