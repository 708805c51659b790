import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { type HealthCheck, patience } from "@fibercast/node/HealthCheck"
import * as HealthServer from "@fibercast/node/HealthServer"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"

const well = (name: string): HealthCheck => ({ name, check: Effect.succeed(null) })
const ill = (name: string, reason: string): HealthCheck => ({ name, check: Effect.succeed(reason) })

const plain: HealthServer.Options = {
  host: "127.0.0.1",
  port: 0,
  ready: [],
  scheduler: [],
  work: [],
  queues: Effect.succeed({ verdict: "OK", checks: [] })
}

const listening = (options: Partial<HealthServer.Options>) =>
  Effect.map(HealthServer.listen({ ...plain, ...options }), (address) =>
    Effect.fnUntraced(function* (method: "GET" | "HEAD" | "POST", path: string) {
      const client = yield* HttpClient.HttpClient
      const response = yield* client.execute(HttpClientRequest.make(method)(`${address}${path}`))
      return { status: response.status, headers: response.headers, body: yield* response.text }
    })
  )

describe("health over HTTP", () => {
  it.effect("is told in JSON with a line for each check, and is bad when one fails", () =>
    Effect.gen(function* () {
      const good = yield* listening({ ready: [well("node"), well("database")] })
      const ready = yield* good("GET", "/health/ready")
      assert.deepStrictEqual([ready.status, ready.headers["content-type"]], [200, "application/json"])
      assert.strictEqual(
        ready.body,
        '{"status":"ok","checks":[\n  {"name":"node","ok":true},\n  {"name":"database","ok":true}\n]}\n'
      )
      const bad = yield* listening({ ready: [well("node"), ill("database", "it cannot be reached")] })
      const answer = yield* bad("GET", "/health/ready?verbose")
      assert.strictEqual(answer.status, 503)
      assert.deepStrictEqual(JSON.parse(answer.body), {
        status: "failing",
        checks: [
          { name: "node", ok: true },
          { name: "database", ok: false, reason: "it cannot be reached" }
        ]
      })
      assert.strictEqual((yield* bad("GET", "/health/live")).status, 200)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )

  it.effect("waits no longer than two seconds for a check, and outlives one that crashes", () =>
    Effect.gen(function* () {
      const asked = yield* Latch.make(false)
      const hangs: HealthCheck = { name: "hangs", check: Effect.andThen(asked.open, Effect.never) }
      const crashes: HealthCheck = { name: "crashes", check: Effect.die(new Error("secret")) }
      const ask = yield* listening({ ready: [hangs, crashes] })
      const asking = yield* Effect.forkChild(ask("GET", "/health/ready"))
      yield* asked.await
      yield* TestClock.adjust(patience)
      const { body, status } = yield* Fiber.join(asking)
      assert.strictEqual(status, 503)
      assert.deepStrictEqual(JSON.parse(body).checks, [
        { name: "hangs", ok: false, reason: "no answer in 2 s" },
        { name: "crashes", ok: false, reason: "the check itself failed" }
      ])
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )

  it.effect("of scheduling is told apart, and a node that does not schedule says so", () =>
    Effect.gen(function* () {
      const dead = yield* listening({ ready: [], scheduler: [ill("last pass", "no scheduler has passed for 90 s")] })
      assert.strictEqual((yield* dead("GET", "/health/scheduler")).status, 503)
      assert.strictEqual((yield* dead("GET", "/health/ready")).status, 200)
      const none = yield* listening({ scheduler: null })
      const { body, status } = yield* none("GET", "/health/scheduler")
      assert.deepStrictEqual(
        [status, JSON.parse(body).status],
        [404, "this node has no engine role: it schedules nothing"]
      )
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )

  it.effect("of everything is told in one place, the checks of readiness, of scheduling and of work together", () =>
    Effect.gen(function* () {
      const checks = { ready: [well("node")], scheduler: [well("last pass")], work: [ill("queue", "too long")] }
      const ask = yield* listening(checks)
      const { body, status } = yield* ask("GET", "/health")
      assert.strictEqual(status, 503)
      assert.deepStrictEqual(JSON.parse(body).checks, [
        { name: "node", ok: true },
        { name: "last pass", ok: true },
        { name: "queue", ok: false, reason: "too long" }
      ])
      assert.strictEqual((yield* ask("GET", "/health/ready")).status, 200)
      const sender = yield* listening({ ...checks, scheduler: null, work: [well("workers")] })
      assert.strictEqual((yield* sender("GET", "/health")).status, 200)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )

  it.effect("of the queues is bad while their verdict is CRITICAL, and says OK, WARN or CRITICAL", () =>
    Effect.gen(function* () {
      const checks = [{ name: "acme normal", ok: false, reason: "120 open" }]
      for (const [verdict, status] of [
        ["OK", 200],
        ["WARN", 200],
        ["CRITICAL", 503]
      ] as const) {
        const ask = yield* listening({ queues: Effect.succeed({ verdict, checks }) })
        const answer = yield* ask("GET", "/health/queues")
        assert.strictEqual(answer.status, status)
        assert.deepStrictEqual(JSON.parse(answer.body), { status: verdict, checks })
      }
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )

  it.effect("answers HEAD without a body, refuses to be written to, and has nothing elsewhere", () =>
    Effect.gen(function* () {
      const ask = yield* listening({ ready: [well("node")] })
      const head = yield* ask("HEAD", "/health/ready")
      assert.deepStrictEqual([head.status, head.body], [200, ""])
      const written = yield* ask("POST", "/health/ready")
      assert.deepStrictEqual([written.status, written.headers["allow"]], [405, "GET, HEAD"])
      for (const path of ["/", "/healthy", "/health/ready/", "/health/../etc"]) {
        assert.strictEqual((yield* ask("GET", path)).status, 404, path)
      }
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )

  it.effect("says what to do when another listens there", () =>
    Effect.gen(function* () {
      const taken = Number(new URL(yield* HealthServer.listen(plain)).port)
      const refused = yield* Effect.flip(HealthServer.listen({ ...plain, port: taken }))
      assert.match(refused.message, new RegExp(`at 127\\.0\\.0\\.1:${taken}: .*FIBERCAST_HEALTH_PORT`, "u"))
    })
  )
})
