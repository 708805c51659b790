import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import { Realtime, type RealtimeSettings } from "@fibercast/messengers/Realtime"
import { bearer, type DoorOptions, NotAdmitted } from "@fibercast/messengers/RealtimeDoor"
import * as RealtimeSocket from "@fibercast/messengers/RealtimeSocket"
import * as RealtimeSse from "@fibercast/messengers/RealtimeSse"
import { Effect, Layer, Queue } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import * as net from "node:net"
import * as StreamClients from "../support/StreamClients.ts"

/** Who has a token may listen in the room of that name. */
const admit: DoorOptions<never>["admit"] = (request) => {
  const token = bearer(request)
  return token === null
    ? Effect.fail(new NotAdmitted({ status: 401, reason: "a token is needed" }))
    : Effect.succeed({ channel: "room", member: token })
}

const server = (settings: Partial<RealtimeSettings>, options: Partial<RealtimeSocket.SocketOptions<never>>) => {
  const door = { admit, ...options }
  const routes = HttpRouter.addAll([
    HttpRouter.route("GET", "/sse", RealtimeSse.respond(door)),
    HttpRouter.route("GET", "/socket", RealtimeSocket.respond(door))
  ])
  return HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(Realtime.layer(settings)),
    Layer.provideMerge(
      NodeHttpServer.layerServer(() => createServer(), { host: "127.0.0.1", port: 0, gracefulShutdownTimeout: 100 })
    )
  )
}

const at = (path: string) => HttpServer.addressFormattedWith((address) => Effect.succeed(`${address}${path}`))

const served =
  (settings: Partial<RealtimeSettings> = {}, options: Partial<RealtimeSocket.SocketOptions<never>> = {}) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provide(Effect.scoped(effect), server(settings, options))

const say = Effect.fnUntraced(function* (data: string) {
  yield* (yield* Realtime).publish("room", { name: "said", data })
})

const listeners = (count: number) =>
  Effect.flatMap(Realtime, ({ standing }) =>
    Effect.repeat(Effect.delay(standing, 5), { until: (now) => now.listeners === count })
  )

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `${from + n}`)
/** Ends of lines are all alike in Server-Sent Events. */
const same = (text: string) => text.replaceAll("\r\n", "\n")

const dataOf = (heard: ReadonlyArray<StreamClients.Heard>) => heard.map(({ data }) => data)

const ways = [
  ["/sse", StreamClients.sse],
  ["/socket", StreamClients.socket]
] as const

/** A connection that asks for the channel as `Slow`, and reads nothing of the answer. */
const stalledAt = Effect.fnUntraced(function* (path: string) {
  const url = new URL(yield* at(path))
  const stalled = yield* Effect.acquireRelease(
    Effect.sync(() => net.connect(Number(url.port), "127.0.0.1")),
    (connection) => Effect.sync(() => connection.destroy())
  )
  const upgrade = [
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="
  ]
  const head = [`GET ${path} HTTP/1.1`, "host: x", "authorization: Bearer Slow", ...(path === "/socket" ? upgrade : [])]
  stalled.pause()
  stalled.write(`${head.join("\r\n")}\r\n\r\n`)
  yield* listeners(1)
  return stalled
})

describe.each(ways)("A channel over HTTP at %s", (path, connect) => {
  it.live("gives what is published, whatever lines and letters it has, with ids", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* at(path), { token: "Siti" })
      yield* listeners(1)
      const texts = ["plain", "two\nlines", "three\r\nlines: data: x\n\nend", "é 🎓 \u2028"]
      yield* Effect.forEach(texts, say)
      const heard = yield* StreamClients.several(client, "said", texts.length)
      assert.deepStrictEqual(dataOf(heard).map(same), texts.map(same))
      assert.strictEqual(new Set(heard.map(({ id }) => id)).size, texts.length)
    }).pipe(served())
  )

  it.live("a client that comes back loses nothing that is kept, and is given nothing twice", () =>
    Effect.gen(function* () {
      const url = yield* at(path)
      const heard: Array<StreamClients.Heard> = []
      for (let turn = 0; turn < 5; turn++) {
        const client = yield* connect(url, { token: "Siti", lastEventId: heard.at(-1)?.id })
        if (turn === 0) yield* listeners(1)
        yield* Effect.forEach(numbers(turn * 20, turn * 20 + 10), say)
        heard.push(...(yield* StreamClients.several(client, "said", turn === 0 ? 10 : 20)))
        yield* client.close
        yield* listeners(0)
        yield* Effect.forEach(numbers(turn * 20 + 10, turn * 20 + 20), say)
      }
      assert.deepStrictEqual(dataOf(heard), numbers(0, 90))
    }).pipe(served())
  )

  it.live("a client that comes back too late is told how much it missed, and one from elsewhere that it did", () =>
    Effect.gen(function* () {
      const url = yield* at(path)
      const client = yield* connect(url, { token: "Siti" })
      yield* listeners(1)
      yield* say("first")
      const [first] = yield* StreamClients.several(client, "said", 1)
      yield* client.close
      yield* Effect.forEach(numbers(0, 7), say)
      const late = yield* connect(url, { token: "Siti", lastEventId: first?.id })
      assert.deepStrictEqual(dataOf(yield* StreamClients.several(late, "missed", 1)), ['{"count":3}'])
      assert.deepStrictEqual(dataOf(yield* StreamClients.several(late, "said", 4)), numbers(3, 7))
      const strange = yield* connect(url, { token: "Budi", lastEventId: "of-another-run-3" })
      assert.deepStrictEqual(dataOf(yield* StreamClients.several(strange, "missed", 1)), ['{"count":null}'])
      assert.deepStrictEqual(dataOf(yield* StreamClients.several(strange, "said", 4)), numbers(3, 7))
    }).pipe(served({ kept: 4 }))
  )

  it.live("a client that reads nothing holds up no other and costs no memory, and is let go with its connection", () =>
    Effect.gen(function* () {
      const stalled = yield* stalledAt(path)
      const quick = yield* connect(yield* at(path), { token: "Quick" })
      yield* listeners(2)
      const text = "x".repeat(8000)
      // More than the buffers of both ends of a connection hold.
      for (let turn = 0; turn < 40; turn++) {
        yield* Effect.forEach(numbers(0, 40), () => say(text))
        yield* StreamClients.several(quick, "said", 40)
      }
      const { keptText } = yield* (yield* Realtime).standing
      assert.isAtMost(keptText, 400_000)
      stalled.destroy()
      yield* listeners(1)
    }).pipe(served({ keptText: 400_000 }))
  )

  it.live("sends heartbeats while nothing happens", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* at(path), { token: "Siti" })
      const beats = () => client.lines.filter((line) => line === ":" || line === '{"event":"heartbeat"}').length
      yield* Effect.repeat(Effect.delay(Effect.sync(beats), 5), { until: (count) => count >= 3 })
      yield* say("still there")
      assert.deepStrictEqual(dataOf(yield* StreamClients.several(client, "said", 1)), ["still there"])
    }).pipe(served({}, { heartbeat: 10 }))
  )

  it.live("closing the server ends every connection and frees everything", () =>
    Effect.gen(function* () {
      const clients = yield* Effect.provide(
        Effect.gen(function* () {
          const clients = [
            yield* connect(yield* at(path), { token: "Siti" }),
            yield* connect(yield* at(path), { token: "Budi" })
          ]
          yield* listeners(2)
          return clients
        }),
        server({}, {})
      )
      for (const { ended } of clients) assert.isNumber(yield* ended)
    }).pipe(Effect.scoped)
  )
})

describe("The door of a hub", () => {
  const asking = Effect.fnUntraced(function* (path: string, headers: Record<string, string>) {
    const url = yield* at(path)
    return yield* Effect.scoped(
      Effect.gen(function* () {
        const controller = new AbortController()
        yield* Effect.addFinalizer(() => Effect.sync(() => controller.abort()))
        const response = yield* Effect.promise(() => globalThis.fetch(url, { headers, signal: controller.signal }))
        return response.status
      })
    )
  })

  it.live("is shut to whoever has no token, which never comes from the address", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* asking("/sse", {}), 401)
      assert.strictEqual(yield* asking("/sse?token=Siti&access_token=Siti", {}), 401)
      assert.strictEqual(yield* asking("/sse", { authorization: "Basic Siti" }), 401)
      assert.strictEqual(yield* asking("/sse", { authorization: `Bearer ${"x".repeat(5000)}` }), 401)
      assert.strictEqual(yield* asking("/sse", { authorization: "Bearer Siti" }), 200)
      const stranger = yield* StreamClients.socket(yield* at("/socket"))
      assert.strictEqual(yield* stranger.ended, 1006)
      yield* listeners(0)
    }).pipe(served())
  )

  it.live("is shut to pages of other origins, unless they are named", () =>
    Effect.gen(function* () {
      const authorization = "Bearer Siti"
      const own = new URL(yield* at("/")).origin
      const answers = []
      for (const origin of ["https://evil.example", `${own}.evil.example`, "null", "https://chat.example", own]) {
        answers.push(yield* asking("/sse", { authorization, origin }))
      }
      assert.deepStrictEqual(answers, [403, 403, 403, 200, 200])
    }).pipe(served({}, { origins: ["https://chat.example"] }))
  )

  it.live("says that it is full, and when to come again", () =>
    Effect.gen(function* () {
      yield* StreamClients.sse(yield* at("/sse"), { token: "Siti" })
      yield* listeners(1)
      assert.strictEqual(yield* asking("/sse", { authorization: "Bearer Budi" }), 503)
      const second = yield* StreamClients.socket(yield* at("/socket"), { token: "Budi" })
      assert.strictEqual(yield* second.ended, 1006)
      assert.deepStrictEqual(yield* (yield* Realtime).members("room"), ["Siti"])
    }).pipe(served({ listeners: 1 }))
  )
})

describe("A WebSocket of a hub", () => {
  it.live("cuts off a client that sends", () =>
    Effect.gen(function* () {
      const client = yield* StreamClients.socket(yield* at("/socket"), { token: "Siti" })
      yield* StreamClients.several(client, "hello", 1)
      client.send("anything")
      assert.strictEqual(yield* client.ended, 1008)
      yield* listeners(0)
      assert.strictEqual(yield* Queue.size(client.heard), 0)
    }).pipe(served())
  )

  it.live("cuts off a client that takes nothing for too long", () =>
    Effect.gen(function* () {
      yield* stalledAt("/socket")
      const { standing } = yield* Realtime
      const text = "x".repeat(8000)
      const saying = Effect.andThen(
        Effect.forEach(numbers(0, 40), () => say(text)),
        Effect.delay(standing, 5)
      )
      const ending = yield* Effect.repeat(saying, { until: (now) => now.listeners === 0 })
      assert.strictEqual(ending.listeners, 0)
    }).pipe(served({}, { patience: 20 }))
  )
})
