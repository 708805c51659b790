/**
 * The verdict on the uptime monitor, as a probe gets it.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { lanes } from "@fibercast/domain/Lane"
import * as Planning from "@fibercast/examples/uptime/Planning"
import * as HealthServer from "@fibercast/node/HealthServer"
import * as QueueCheck from "@fibercast/node/QueueCheck"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { put, scheduling, stores, world } from "./World.ts"

const Told = Schema.fromJsonString(
  Schema.Struct({
    status: Schema.String,
    checks: Schema.Array(
      Schema.Struct({ name: Schema.String, ok: Schema.Boolean, reason: Schema.optionalKey(Schema.String) })
    )
  })
)

const around = Layer.merge(NodeRegistry.layerMemory, NodeHttpClient.layerUndici)

const plan = Effect.flatMap(TestEngine.workspace("uptime"), Planning.plan)

/** A node is there, as far as anybody knows. */
const beat = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis
  const standing = {
    workspaces: 1,
    sending: 0,
    capacity: 100,
    pipelines: null,
    brokenAccounts: [],
    vanished: [],
    clockAhead: 0
  }
  const node = { id: "1", name: "one", app: "uptime", release: null, address: null, startedAt: now } as const
  yield* (yield* NodeRegistry).beat({ ...node, ...standing, roles: ["engine"], lanes, state: "working" }, now)
})

/** Asks every ten seconds, for so long, and answers what is said last. */
const probed = Effect.fnUntraced(function* <E, R>(rounds: number, goOn: Effect.Effect<unknown, E, R>) {
  const { checks: work, judged: queues } = yield* QueueCheck.make(null)
  const options = { host: "127.0.0.1", port: 0, ready: [], scheduler: null, work, queues }
  const address = yield* HealthServer.listen(options)
  let told = { code: 0, status: "", wrong: [] as ReadonlyArray<string> }
  for (let round = 0; round < rounds; round++) {
    // Not at the instant at which a planning has just filled the queue.
    yield* TestClock.adjust(round === 0 ? 10_700 : 10_000)
    yield* goOn
    yield* beat
    const answer = yield* HttpClient.get(`${address}${HealthServer.paths.queues}`)
    const { checks, status } = yield* Schema.decodeEffect(Told)(yield* answer.text)
    told = {
      code: answer.status,
      status,
      wrong: checks.flatMap(({ name, ok, reason }) => (ok ? [] : [`${name}: ${reason ?? ""}`]))
    }
  }
  return told
})

describe("The verdict on the queues of the uptime monitor", () => {
  it.effect("is OK while a thousand monitors are checked every ten seconds", () => {
    const { own } = world()
    return Effect.gen(function* () {
      yield* put(1000)
      assert.deepStrictEqual(yield* probed(12, Effect.void), { code: 200, status: "OK", wrong: [] })
    }).pipe(Effect.scoped, Effect.provide(scheduling(own)), Effect.provide(around))
  })

  it.effect("is WARN while a hundred and fifty checks are open and wait, and their number does not grow", () => {
    const { own } = world()
    return Effect.gen(function* () {
      yield* put(150)
      const { code, status, wrong } = yield* probed(12, plan)
      assert.deepStrictEqual([code, status], [200, "WARN"])
      assert.deepStrictEqual(wrong, ["workspace 1, lane normal: WARN: 150 open, more than 100"])
    }).pipe(Effect.scoped, Effect.provide(stores(own)), Effect.provide(around))
  })

  it.effect("is CRITICAL when a thousand checks are open and nobody works them", () => {
    const { own } = world()
    return Effect.gen(function* () {
      yield* put(1000)
      const { code, status, wrong } = yield* probed(4, plan)
      assert.deepStrictEqual([code, status], [503, "CRITICAL"])
      assert.deepStrictEqual(wrong, ["workspace 1, lane normal: CRITICAL: 1000 open, more than 100"])
    }).pipe(Effect.scoped, Effect.provide(stores(own)), Effect.provide(around))
  })

  it.effect("is CRITICAL when there is no node at all", () => {
    const { own } = world()
    return Effect.gen(function* () {
      yield* put(3)
      yield* TestClock.adjust("10 seconds")
      yield* plan
      const { checks, verdict } = yield* (yield* QueueCheck.make(null)).judged
      assert.strictEqual(verdict, "CRITICAL")
      assert.deepInclude(checks[0], { name: "NoNode", ok: false })
    }).pipe(Effect.provide(stores(own)), Effect.provide(around))
  })
})
