import { type Lane } from "@fibercast/domain/Lane"
import { Lanes } from "@fibercast/engine/Lanes"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceNotFound, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import { Journal } from "@fibercast/testkit/Journal"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

/** Which jobs were begun, and when. */
const begun: Array<{ readonly job: string; readonly at: number }> = []

/** A second each. */
const Job = Pipeline.make("job", { payload: Schema.String }).pipe(
  Pipeline.tap((job) =>
    Effect.gen(function* () {
      begun.push({ job, at: yield* Clock.currentTimeMillis })
      yield* Effect.sleep("1 second")
    })
  )
)

const settings = { concurrency: 10, poll: 1000 }
const engine = TestEngine.layer({ pipelines: [Job], settings })
const stores = Layer.merge(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer())

/** So many jobs in a lane. */
const dispatch = Effect.fnUntraced(function* (workspaceId: WorkspaceId, lane: Lane, count: number) {
  const payloads = Array.from({ length: count }, (_, n) => `${lane}${n}`)
  yield* Pipeline.dispatchMany(Job, { workspaceId, payloads, lane })
  yield* TestEngine.catchUp
})

const given = Effect.gen(function* () {
  begun.length = 0
  return yield* TestEngine.workspace()
})

const beganIn = (lane: Lane) => begun.filter(({ job }) => job.startsWith(lane)).length

/** What it comes to, while time passes. */
const during = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>, millis = 10_000) {
  const fiber = yield* Effect.forkChild(effect)
  for (let passed = 0; passed < millis; passed += 500) {
    yield* TestClock.adjust("500 millis")
    yield* TestEngine.catchUp
  }
  return yield* Fiber.join(fiber)
})

const pass = (millis: number) => during(Effect.void, millis)

describe("a pause of lanes", () => {
  it.effect(
    "lets what is under way end, begins nothing more of them, and says how long that took and what escaped",
    () =>
      Effect.gen(function* () {
        const workspaceId = yield* given
        yield* dispatch(workspaceId, "bulk", 100)
        yield* TestClock.adjust("2500 millis")
        const lanes = yield* Lanes
        const before = begun.length
        const quiet = yield* during(lanes.pause(workspaceId, { lanes: ["bulk"], note: "the provider is down" }))
        assert.deepStrictEqual(quiet, { millis: 500, escaped: 10 })
        yield* dispatch(workspaceId, "bulk", 5)
        yield* dispatch(workspaceId, "normal", 3)
        yield* pass(60_000)
        assert.strictEqual(beganIn("bulk"), before)
        assert.strictEqual(beganIn("normal"), 3)
        yield* Expect.settled("completed", before + 3)
      }).pipe(Effect.provide(engine))
  )

  it.effect("of all lanes stops all work of the workspace, and of no other", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      const other = yield* TestEngine.workspace("other")
      const quiet = yield* during((yield* Lanes).pause(workspaceId))
      assert.deepStrictEqual(quiet, { millis: 0, escaped: 0 })
      for (const lane of ["urgent", "high", "normal", "bulk"] as const) yield* dispatch(workspaceId, lane, 2)
      yield* pass(60_000)
      assert.strictEqual(begun.length, 0)
      yield* dispatch(other, "urgent", 2)
      yield* pass(2000)
      assert.strictEqual(begun.length, 2)
    }).pipe(Effect.provide(engine))
  )

  it.effect("costs nothing: no actor stays for paused work, and none is started", () => {
    let claims = 0
    const counted = TestEngine.layerEngine({ pipelines: [Job], settings: { ...settings, idle: 5000 } }).pipe(
      Layer.provide(
        Interposed.layerStores({
          before: (operation) => Effect.sync(() => void (claims += operation === "claim" ? 1 : 0))
        })
      ),
      Layer.provideMerge(stores)
    )
    return Effect.gen(function* () {
      const workspaceId = yield* given
      yield* dispatch(workspaceId, "bulk", 30)
      yield* TestClock.adjust("500 millis")
      yield* during((yield* Lanes).pause(workspaceId, { lanes: ["bulk"] }), 20_000)
      assert.deepStrictEqual(yield* (yield* WorkspaceRuntime).running, [])
      const before = claims
      yield* dispatch(workspaceId, "bulk", 1)
      yield* pass(60_000)
      assert.deepStrictEqual(yield* (yield* WorkspaceRuntime).running, [])
      assert.strictEqual(claims, before)
    }).pipe(Effect.provide(counted))
  })

  it.effect("ends with a resume, which begins what is due at once, uncharged", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      yield* dispatch(workspaceId, "bulk", 30)
      yield* TestClock.adjust("500 millis")
      yield* during((yield* Lanes).pause(workspaceId))
      const before = begun.length
      yield* pass(60_000)
      yield* (yield* Lanes).resume(workspaceId)
      yield* TestEngine.catchUp
      assert.isAbove(begun.length, before)
      yield* pass(10_000)
      assert.strictEqual(begun.length, 30)
      assert.isNull((yield* (yield* WorkspaceStore).get(workspaceId)).paused)
      yield* Expect.settled("completed", 30)
    }).pipe(Effect.provide(engine))
  )

  it.effect("that another process writes is heard with the next heartbeat: what was not begun is given back", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      yield* dispatch(workspaceId, "bulk", 100)
      yield* TestClock.adjust("1500 millis")
      const now = yield* Clock.currentTimeMillis
      yield* (yield* WorkspaceStore).pauseLanes(workspaceId, { lanes: ["bulk"], note: null, now })
      yield* pass(4000)
      const after = begun.length
      assert.isBelow(after, 50)
      yield* pass(30_000)
      assert.strictEqual(begun.length, after)
      assert.strictEqual((yield* Journal).open(), 100 - after)
      yield* (yield* WorkspaceStore).resumeLanes(workspaceId, ["bulk"])
      yield* pass(60_000)
      assert.strictEqual(begun.length, 100)
    }).pipe(Effect.provide(engine))
  )

  it.effect(
    "of a workspace that another process has is written all the same; how it took effect is not known here",
    () =>
      Effect.gen(function* () {
        const workspaceId = yield* given
        const options = { pipelines: [Job], settings, alone: false }
        const owner = yield* TestNode.make(options)
        yield* owner.use(dispatch(workspaceId, "bulk", 100))
        yield* pass(1000)
        const other = yield* TestNode.make(options)
        yield* pass(1000)
        assert.isNull(yield* during(other.use(Effect.flatMap(Lanes, (lanes) => lanes.pause(workspaceId)))))
        const after = begun.length
        yield* pass(30_000)
        assert.strictEqual(begun.length, after)
      }).pipe(Effect.provide(stores))
  )

  it.effect("holds for what was handed to senders and not begun", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      const engine = yield* TestSenders.makeEngine({ pipelines: [Job], settings: { ...settings, concurrency: 64 } })
      yield* TestSenders.makeSender({ pipelines: [Job], sender: { capacity: 4 } })
      yield* engine.use(dispatch(workspaceId, "bulk", 60))
      yield* pass(1500)
      const before = begun.length
      const quiet = yield* during(engine.use(Effect.flatMap(Lanes, (lanes) => lanes.pause(workspaceId))), 40_000)
      assert.isNotNull(quiet)
      assert.isAtMost(quiet?.escaped ?? Infinity, 4)
      assert.isAtMost(begun.length, before + 4)
      const after = begun.length
      yield* pass(30_000)
      assert.strictEqual(begun.length, after)
    }).pipe(Effect.provide(Layer.merge(stores, TestSenders.layerBetween)))
  )

  it.effect("of a workspace that does not exist fails", () =>
    Effect.gen(function* () {
      const missing = WorkspaceId.make(4711)
      const lanes = yield* Lanes
      const error = new WorkspaceNotFound({ workspaceId: missing })
      assert.deepStrictEqual(yield* Effect.flip(lanes.pause(missing)), error)
      assert.deepStrictEqual(yield* Effect.flip(lanes.resume(missing)), error)
    }).pipe(Effect.provide(engine))
  )
})

const node = (lanes: ReadonlyArray<Lane>) =>
  TestNode.make({ pipelines: [Job], settings: { ...settings, idle: 5000, lanes }, alone: false })

describe("an engine that serves some lanes", () => {
  it.effect("works those, and leaves the others to nobody's harm", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      for (const lane of ["urgent", "high", "normal", "bulk"] as const) yield* dispatch(workspaceId, lane, 2)
      yield* pass(60_000)
      assert.sameMembers(
        begun.map(({ job }) => job),
        ["urgent0", "urgent1", "high0", "high1"]
      )
      assert.strictEqual((yield* Journal).open(), 4)
      yield* dispatch(workspaceId, "bulk", 1)
      yield* pass(60_000)
      // Nobody looks after a lane that is not served.
      assert.deepStrictEqual(yield* (yield* WorkspaceRuntime).running, [])
    }).pipe(
      Effect.provide(TestEngine.layer({ pipelines: [Job], settings: { ...settings, lanes: ["urgent", "high"] } }))
    )
  )

  it.effect("leaves a workspace of other lanes to the engine that serves those", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      const urgent = yield* node(["urgent"])
      yield* node(["bulk"])
      yield* urgent.use(dispatch(workspaceId, "bulk", 3))
      yield* pass(5000)
      assert.strictEqual(beganIn("bulk"), 3)
    }).pipe(Effect.provide(stores))
  )
})

describe("an engine of one workspace", () => {
  it.effect("works that, and no other", () =>
    Effect.gen(function* () {
      const one = yield* given
      const other = yield* TestEngine.workspace("other")
      const node = yield* TestNode.make({ pipelines: [Job], settings: { ...settings, workspace: one } })
      yield* node.use(dispatch(other, "high", 2))
      yield* node.use(dispatch(one, "normal", 2))
      yield* pass(30_000)
      assert.deepStrictEqual([beganIn("normal"), beganIn("high")], [2, 0])
    }).pipe(Effect.provide(stores))
  )
})

describe("senders that serve some lanes", () => {
  it.effect("send those, beside senders of others, for an engine that feeds all", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      const engine = yield* TestSenders.makeEngine({ pipelines: [Job], settings })
      yield* TestSenders.makeSender({ pipelines: [Job], sender: { lanes: ["urgent", "high"] } })
      yield* engine.use(dispatch(workspaceId, "bulk", 2))
      yield* engine.use(dispatch(workspaceId, "urgent", 2))
      yield* pass(10_000)
      assert.deepStrictEqual([beganIn("urgent"), beganIn("bulk")], [2, 0])
      yield* TestSenders.makeSender({ pipelines: [Job], sender: { lanes: ["bulk"] } })
      yield* pass(60_000)
      assert.strictEqual(beganIn("bulk"), 2)
      yield* Expect.settled("completed", 4)
    }).pipe(Effect.provide(Layer.merge(stores, TestSenders.layerBetween)))
  )
})
