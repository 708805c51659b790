import * as Activity from "@fibercast/engine/Activity"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as NodeLife from "@fibercast/node/NodeLife"
import { type Role } from "@fibercast/node/Role"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { NodeRegistry, type NodeWish } from "@fibercast/ports/NodeRegistry"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Logger, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"

/** A role that notes when it is opened and closed. */
const noted = (notes: Array<string>, name: Role<never>["name"]): Role<never> => ({
  name,
  capacity: Effect.succeed(7),
  layer: Layer.effectDiscard(
    Effect.acquireRelease(
      Effect.sync(() => notes.push(`${name} opened`)),
      () => Effect.sync(() => notes.push(`${name} closed`))
    )
  )
})

const identity = { name: "one", app: "school", release: "v1", address: null }

const seen = Effect.gen(function* () {
  const [node] = yield* (yield* NodeRegistry).list(0)
  return node === undefined ? assert.fail("it is not in the registry") : node
})

const wish = Effect.fnUntraced(function* (wanted: NodeWish) {
  yield* TestEngine.catchUp
  yield* (yield* NodeRegistry).wish((yield* seen).id, wanted)
  yield* TestClock.adjust("2 seconds")
})

/** The registry, which can be away. */
const away = { isAway: false }
const layerAway = Layer.effect(
  NodeRegistry,
  Effect.map(NodeRegistry, (registry) => {
    away.isAway = false
    return NodeRegistry.of({
      ...registry,
      beat: (beat, now) =>
        away.isAway
          ? Effect.fail(new LedgerUnavailable({ operation: "beat", cause: new Error("away") }))
          : registry.beat(beat, now)
    })
  })
).pipe(Layer.provide(NodeRegistry.layerMemory))

const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => void lines.push(String(message)))
  return { lines, layer: Logger.layer([logger]) }
}

const Job = Pipeline.make("job", { payload: Schema.Int }).pipe(
  Pipeline.mapEffect((seconds) => Effect.sleep(seconds * 1000))
)

describe("the life of a node", () => {
  it.effect("is written down: who it is, what it does and how it stands", () =>
    Effect.gen(function* () {
      const notes: Array<string> = []
      yield* TestClock.adjust("1 minute")
      yield* NodeLife.make({ ...identity, roles: [noted(notes, "engine"), noted(notes, "sender")] })
      yield* TestClock.adjust("2 seconds")
      const { id, seenAt, startedAt, ...rest } = yield* seen
      assert.match(id, /^[0-9a-f-]{36}$/u)
      assert.deepStrictEqual([startedAt, seenAt], [60_000, 62_000])
      assert.deepStrictEqual(rest, {
        ...identity,
        roles: ["engine", "sender"],
        lanes: ["urgent", "high", "normal", "bulk"],
        state: "working",
        workspaces: 0,
        sending: 0,
        capacity: 14,
        pipelines: [],
        brokenAccounts: [],
        vanished: [],
        clockAhead: 0,
        wish: "working"
      })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* seen).seenAt, 122_000)
    }).pipe(Effect.scoped, Effect.provide(NodeRegistry.layerMemory))
  )

  it.effect("closes its roles when it is cordoned, senders last, and opens them again when it is let", () =>
    Effect.gen(function* () {
      const notes: Array<string> = []
      const { state } = yield* NodeLife.make({ ...identity, roles: [noted(notes, "engine"), noted(notes, "sender")] })
      const opened = ["sender opened", "engine opened"]
      assert.deepStrictEqual(notes, opened)
      yield* wish("cordoned")
      const closed = ["engine closed", "sender closed"]
      assert.deepStrictEqual(notes, [...opened, ...closed])
      assert.deepStrictEqual([yield* state, (yield* seen).state], ["cordoned", "cordoned"])
      yield* TestClock.adjust("1 hour")
      yield* wish("working")
      assert.deepStrictEqual(notes, [...opened, ...closed, ...opened])
      assert.deepStrictEqual([yield* state, (yield* seen).state], ["working", "working"])
    }).pipe(Effect.scoped, Effect.provide(NodeRegistry.layerMemory))
  )

  it.effect("ends when it is drained, and says that it is gone once its roles are closed", () =>
    Effect.gen(function* () {
      const notes: Array<string> = []
      const { lines, layer } = logged()
      const life = yield* NodeLife.make({ ...identity, roles: [noted(notes, "engine")] }).pipe(Effect.provide(layer))
      yield* wish("drained")
      yield* life.drained
      assert.deepStrictEqual(notes, ["engine opened", "engine closed"])
      assert.strictEqual((yield* seen).state, "gone")
      const { seenAt } = yield* seen
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* seen).seenAt, seenAt)
      assert.deepStrictEqual(lines, [
        "draining: what is under way may end, the rest is given back",
        "drained in 0.0 s: 0 finished, 0 given back, 0 cut"
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeRegistry.layerMemory))
  )

  it.effect("can be drained while it is cordoned", () =>
    Effect.gen(function* () {
      const life = yield* NodeLife.make({ ...identity, roles: [noted([], "engine")] })
      yield* wish("cordoned")
      yield* wish("drained")
      yield* life.drained
      assert.strictEqual((yield* seen).state, "gone")
    }).pipe(Effect.scoped, Effect.provide(NodeRegistry.layerMemory))
  )

  it.effect("goes on while the registry is away, says so once, and hears of wishes when it is back", () =>
    Effect.gen(function* () {
      const notes: Array<string> = []
      const { lines, layer } = logged()
      const life = yield* NodeLife.make({ ...identity, roles: [noted(notes, "engine")] }).pipe(Effect.provide(layer))
      yield* TestClock.adjust("2 seconds")
      away.isAway = true
      yield* wish("cordoned")
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual([notes, yield* life.state], [["engine opened"], "working"])
      away.isAway = false
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* life.state, "cordoned")
      assert.deepStrictEqual(lines, [
        "the registry of nodes cannot be reached; the node goes on: the ledger could not beat: away",
        "the registry of nodes can be reached again",
        "cordoned in 0.0 s: 0 finished, 0 given back, 0 cut"
      ])
    }).pipe(Effect.scoped, Effect.provide(layerAway))
  )

  it.effect("does not begin when a role cannot be opened, closes what was, and is gone", () =>
    Effect.gen(function* () {
      const notes: Array<string> = []
      const broken: Role<never> = {
        ...noted(notes, "engine"),
        layer: Layer.effectDiscard(Effect.fail(new Error("no")))
      }
      const refused = yield* NodeLife.make({ ...identity, roles: [noted(notes, "sender"), broken] }).pipe(
        Effect.scoped,
        Effect.flip
      )
      assert.strictEqual(refused.message, "The role engine cannot be opened: no")
      assert.deepStrictEqual(notes, ["sender opened", "sender closed"])
      assert.strictEqual((yield* seen).state, "gone")
    }).pipe(Effect.provide(NodeRegistry.layerMemory))
  )

  it.effect("tries again to open a role that cannot be opened any more, and stays cordoned until then", () =>
    Effect.gen(function* () {
      let isBroken = false
      const role: Role<never> = {
        ...noted([], "engine"),
        layer: Layer.effectDiscard(Effect.suspend(() => (isBroken ? Effect.fail(new Error("no")) : Effect.void)))
      }
      const { state } = yield* NodeLife.make({ ...identity, roles: [role] })
      yield* wish("cordoned")
      isBroken = true
      yield* wish("working")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* state, "cordoned")
      isBroken = false
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* state, "working")
    }).pipe(Effect.scoped, Effect.provide(NodeRegistry.layerMemory))
  )

  it.effect("ends in good order: what is under way may end, the rest is given back, what takes too long is cut", () =>
    Effect.gen(function* () {
      const { lines, layer } = logged()
      const workspaceId = yield* TestEngine.workspace()
      const engine = {
        name: "engine" as const,
        layer: TestEngine.layerEngine({ pipelines: [Job], settings: { concurrency: 5, drain: 10_000 } }),
        capacity: Effect.map(Activity.Activity, Activity.capacity)
      }
      const scope = yield* Scope.make()
      yield* NodeLife.make({ ...identity, roles: [engine] }).pipe(Effect.provide(layer), Scope.provide(scope))
      yield* Pipeline.dispatchMany(Job, { workspaceId, payloads: [4, 4, 4, 60, 60, 4, 4, 4, 4, 4, 4, 4] })
      yield* TestClock.adjust("3 seconds")
      const { capacity, sending, workspaces } = yield* seen
      assert.deepStrictEqual({ capacity, sending, workspaces }, { capacity: 5, sending: 5, workspaces: 1 })
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual([(yield* seen).state, (yield* seen).sending], ["draining", 2])
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(lines, [
        "draining: what is under way may end, the rest is given back",
        "drained in 10 s: 3 finished, 7 given back, 2 cut"
      ])
      assert.deepStrictEqual([(yield* seen).state, (yield* seen).sending], ["gone", 0])
    }).pipe(Effect.provide(TestEngine.layerStores()), Effect.provide(NodeRegistry.layerMemory))
  )
})
