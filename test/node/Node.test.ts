import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Frequency from "@fibercast/domain/Frequency"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as App from "@fibercast/node/App"
import { Database } from "@fibercast/node/Database"
import * as Node from "@fibercast/node/Node"
import { type Role } from "@fibercast/node/Role"
import { Alerts } from "@fibercast/ports/Alerts"
import { NodeRegistry, type NodeWish } from "@fibercast/ports/NodeRegistry"
import { Ping } from "@fibercast/ports/Ping"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Logger, Schedule, Schema } from "effect"
import { HttpClient } from "effect/http"
import { TestDatabase } from "../support/TestDatabase.ts"

const machineOn = (database: typeof TestDatabase.layer) =>
  Layer.mergeAll(
    NodeRegistry.layerMemory,
    Alerts.layerLog,
    Ping.layerLog,
    Layer.effect(
      Database,
      Effect.map(TestDatabase, ({ name: place }) => Database.of({ place, embedded: false, alone: true }))
    )
  ).pipe(Layer.provideMerge(Layer.mergeAll(NodeServices.layer, NodeHttpClient.layerUndici, database, Logger.layer([]))))
const machine = machineOn(TestDatabase.layer)

const Health = Schema.fromJsonString(
  Schema.Struct({
    status: Schema.String,
    checks: Schema.Array(
      Schema.Struct({ name: Schema.String, ok: Schema.Boolean, reason: Schema.optionalKey(Schema.String) })
    )
  })
)

const ask = Effect.fnUntraced(function* (address: string, what: "live" | "ready" | "scheduler" | "queues" | null) {
  const response = yield* HttpClient.get(`${address}/health${what === null ? "" : `/${what}`}`)
  const { checks } = yield* Schema.decodeEffect(Health)(yield* response.text)
  const wrong = checks.flatMap(({ name, reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]))
  return { code: response.status, names: checks.map(({ name }) => name), wrong }
})

/** Tells what is wished, and waits until it is so. */
const wish = Effect.fnUntraced(function* (node: Node.Node["Service"], wanted: NodeWish, state: string) {
  yield* (yield* NodeRegistry).wish(node.id, wanted)
  yield* Effect.repeat(node.state, { schedule: Schedule.spaced("20 millis"), until: (now) => now === state })
})

const options = { name: "one", healthPort: 0 }

const ticking = Effect.map(Latch.make(false), (ran) => ({
  ran,
  app: App.make({
    name: "ticks",
    layer: Layer.empty,
    scheduled: [Scheduled.run("tick", Frequency.everySecond, ran.open)]
  })
}))

const idle = App.make({ name: "idle", layer: Layer.empty })
const engine: Role<never> = { name: "engine", layer: Layer.empty, capacity: Effect.succeed(0) }

const node = Effect.fnUntraced(function* <R = never>(given: Node.Options<R>) {
  const context = yield* Layer.build(Node.layer(given))
  return yield* Effect.provide(Node.Node, context)
})

describe("a node", () => {
  it.live("works its app, is ready for as long as it does, and says why when it is not", () =>
    Effect.gen(function* () {
      const { app, ran } = yield* ticking
      const one = yield* node({ ...options, app })
      yield* ran.await
      assert.deepStrictEqual(yield* ask(one.address, "ready"), { code: 200, names: ["node", "database"], wrong: [] })
      const scheduler = yield* ask(one.address, "scheduler")
      assert.deepStrictEqual(scheduler, { code: 200, names: ["triggers", "last pass"], wrong: [] })
      assert.deepStrictEqual(yield* ask(one.address, "queues"), { code: 200, names: [], wrong: [] })
      yield* wish(one, "cordoned", "cordoned")
      const cordoned = yield* ask(one.address, "ready")
      assert.deepStrictEqual([cordoned.code, cordoned.wrong], [503, ["node: it is cordoned"]])
      assert.strictEqual((yield* ask(one.address, "live")).code, 200)
      yield* ran.close
      yield* wish(one, "working", "working")
      assert.strictEqual((yield* ask(one.address, "ready")).code, 200)
      yield* ran.await
    }).pipe(Effect.scoped, Effect.provide(machine))
  )

  it.live("runs until it is drained, as an operator wishes, and answers how that went", () =>
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const { app, ran } = yield* ticking
      const running = yield* Effect.forkChild(Node.run({ ...options, app }))
      yield* ran.await
      const [known] = yield* registry.list(0)
      yield* registry.wish(known?.id ?? "", "drained")
      const { cut } = yield* Fiber.join(running)
      const [gone] = yield* registry.list(0)
      assert.deepStrictEqual([gone?.state, gone?.app, gone?.name, cut], ["gone", "ticks", "one", 0])
    }).pipe(Effect.provide(machine))
  )

  it.live("is gone as well when it is interrupted", () =>
    Effect.gen(function* () {
      const { app, ran } = yield* ticking
      const running = yield* Effect.forkChild(Node.run({ ...options, app }))
      yield* ran.await
      yield* Fiber.interrupt(running)
      const [gone] = yield* (yield* NodeRegistry).list(0)
      assert.strictEqual(gone?.state, "gone")
    }).pipe(Effect.provide(machine))
  )

  it.live("is not ready while something that was handed in is not well, or its database lacks a migration", () =>
    Effect.gen(function* () {
      const broker = { name: "broker", check: Effect.succeed("it is away") }
      const one = yield* node({ ...options, app: idle, runs: [engine], checks: [broker] })
      const { code, wrong } = yield* ask(one.address, "ready")
      assert.strictEqual(code, 503)
      assert.match(wrong.join("; "), /^database: it lacks \d+ migrations; broker: it is away$/u)
    }).pipe(Effect.scoped, Effect.provide(machineOn(TestDatabase.layerEmpty)))
  )

  it.live("that only sends has no health of scheduling, and tells at /health whether triggers are looked after", () =>
    Effect.gen(function* () {
      const one = yield* node({ ...options, app: idle, runs: [{ ...engine, name: "sender" }] })
      assert.strictEqual((yield* ask(one.address, "scheduler")).code, 404)
      const { names } = yield* ask(one.address, null)
      assert.deepStrictEqual(names, ["node", "database", "triggers", "workers"])
    }).pipe(Effect.scoped, Effect.provide(machine))
  )

  it.live("that is to send for others without anything between them is refused, with the reason", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(Node.run({ ...options, app: idle, roles: ["sender"] }))
      assert.match(refused.message, /^The role sender cannot be opened: nothing is handed to it without NATS/u)
    }).pipe(Effect.provide(machine))
  )
})
