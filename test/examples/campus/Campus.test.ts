import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import App from "@fibercast/examples/campus/App"
import { Database } from "@fibercast/node/Database"
import * as FreePort from "@fibercast/node/FreePort"
import * as HttpPing from "@fibercast/node/HttpPing"
import { Alerts } from "@fibercast/ports/Alerts"
import * as Postgres from "@fibercast/postgres/Postgres"
import { ConfigProvider, Context, Effect, Layer, Redacted, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { type SqlClient } from "effect/sql"
import * as Door from "../../support/Door.ts"
import * as MovablePostgres from "../../support/MovablePostgres.ts"
import * as StreamClients from "../../support/StreamClients.ts"
import { TestDatabase } from "../../support/TestDatabase.ts"

/** Where the chat listens. */
class Place extends Context.Service<Place, { readonly url: string }>()("fibercast/test/Place") {}

const client = NodeHttpClient.layerUndici

/** The whole app on a node. */
const node = <E>(database: Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, E>) =>
  Layer.unwrap(
    Effect.map(FreePort.find, (port) =>
      App.node({}).pipe(
        Layer.provide(Layer.succeed(Database, { place: "here", embedded: false, alone: true })),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ CAMPUS_PORT: String(port) }))),
        Layer.provide([HttpPing.layer, Alerts.layerLog]),
        Layer.provideMerge(Layer.mergeAll(client, NodeServices.layer, database)),
        Layer.merge(Layer.succeed(Place, { url: `http://127.0.0.1:${port}` }))
      )
    )
  )

const campus = node(TestDatabase.layer)

const Body = Schema.Record(Schema.String, Schema.Unknown)

const ask = Effect.fnUntraced(function* (
  path: string,
  { body, origin, token }: { readonly body?: unknown; readonly token?: string; readonly origin?: string } = {}
) {
  const { url } = yield* Place
  const request = HttpClientRequest.make(body === undefined ? "GET" : "POST")(`${url}${path}`).pipe(
    HttpClientRequest.setHeaders({
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(origin === undefined ? {} : { origin })
    })
  )
  const client = yield* HttpClient.HttpClient
  const response = yield* client.execute(body === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, body))
  const text = yield* response.text
  const parsed = yield* Effect.orElseSucceed(Schema.decodeEffect(Schema.fromJsonString(Body))(text), () => ({}))
  return { status: response.status, headers: response.headers, text, body: parsed as Record<string, unknown> }
})

const login = Effect.fnUntraced(function* (name: string, room: string) {
  return String((yield* ask("/login", { body: { name, room } })).body["token"])
})

let nonce = 0
const send = (token: string, room: string, text: string) =>
  ask(`/rooms/${room}/messages`, { token, body: { nonce: `${nonce++}`, text } })

/** Connected for good. */
const connected = Effect.fnUntraced(function* (
  kind: "events" | "socket",
  token: string,
  room: string,
  lastEventId?: string
) {
  const { url } = yield* Place
  const connect = kind === "events" ? StreamClients.sse : StreamClients.socket
  const one = yield* connect(`${url}/rooms/${room}/${kind}`, { token, lastEventId })
  yield* Effect.repeat(
    Effect.delay(
      Effect.sync(() => one.lines.length),
      5
    ),
    { until: (lines) => lines > 0 }
  )
  return one
})

const textsOf = (heard: ReadonlyArray<StreamClients.Heard>): ReadonlyArray<string> =>
  heard.map(({ data }) => JSON.parse(data).text)
const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`)

describe("The chat of a campus on Postgres", () => {
  it.live(
    "every client of a room gets each message once, in the order of the room, whichever way it is connected",
    () =>
      Effect.gen(function* () {
        const [siti, budi, dewi] = [
          yield* login("Siti", "informatics"),
          yield* login("Budi", "informatics"),
          yield* login("Dewi", "law")
        ]
        const clients = [
          yield* connected("socket", siti, "informatics"),
          yield* connected("events", siti, "informatics"),
          yield* connected("events", budi, "informatics")
        ]
        const elsewhere = yield* connected("socket", dewi, "law")
        const speak = (token: string, who: string) =>
          Effect.forEach(numbers(25), (n) => send(token, "informatics", `${who} ${n}`), {
            concurrency: 4,
            discard: true
          })
        yield* Effect.all([speak(siti, "Siti"), speak(budi, "Budi")], { concurrency: 2 })
        yield* send(dewi, "law", "elsewhere")
        const { messages } = (yield* ask("/rooms/informatics/messages", { token: budi })).body
        assert.lengthOf(messages as ReadonlyArray<unknown>, 50)
        const order = (messages as ReadonlyArray<{ readonly text: string }>).map(({ text }) => text)
        for (const one of clients)
          assert.deepStrictEqual(textsOf(yield* StreamClients.several(one, "message", 50)), order)
        assert.deepStrictEqual(textsOf(yield* StreamClients.several(elsewhere, "message", 1)), ["elsewhere"])
        yield* send(siti, "informatics", "last")
        for (const one of clients)
          assert.deepStrictEqual(textsOf(yield* StreamClients.several(one, "message", 1)), ["last"])
      }).pipe(Effect.scoped, Effect.provide(campus))
  )

  it.live("a client that comes back gets what it missed, once", () =>
    Effect.gen(function* () {
      const token = yield* login("Siti", "informatics")
      const first = yield* connected("socket", token, "informatics")
      yield* send(token, "informatics", "one")
      const [one] = yield* StreamClients.several(first, "message", 1)
      yield* first.close
      yield* first.ended
      yield* Effect.forEach(["two", "three"], (text) => send(token, "informatics", text))
      const again = yield* connected("events", token, "informatics", one?.id)
      assert.deepStrictEqual(textsOf(yield* StreamClients.several(again, "message", 2)), ["two", "three"])
    }).pipe(Effect.scoped, Effect.provide(campus))
  )

  it.live("a student goes offline with the last connection", () =>
    Effect.gen(function* () {
      const [siti, budi] = [yield* login("Siti", "informatics"), yield* login("Budi", "informatics")]
      const watcher = yield* connected("events", budi, "informatics")
      const status = Effect.map(StreamClients.several(watcher, "status", 1), ([one]) => JSON.parse(one?.data ?? ""))
      assert.deepStrictEqual(yield* status, { student: "Budi", online: true })
      const phone = yield* connected("socket", siti, "informatics")
      const laptop = yield* connected("events", siti, "informatics")
      assert.deepStrictEqual(yield* status, { student: "Siti", online: true })
      yield* phone.close
      yield* laptop.close
      assert.deepStrictEqual(yield* status, { student: "Siti", online: false })
      const { body } = yield* ask("/rooms/informatics/members", { token: budi })
      assert.deepStrictEqual(body, { members: ["Budi"] })
    }).pipe(Effect.scoped, Effect.provide(campus))
  )

  it.live("lets nobody in who may not be there, and takes nothing that is not as it should be", () =>
    Effect.gen(function* () {
      const token = yield* login("Siti", "informatics")
      const [body, signature] = token.split(".")
      const forged = `${Buffer.from('{"name":"Siti","rooms":["law"],"until":9e15}').toString("base64url")}.${signature}`
      const status = (path: string, options?: Parameters<typeof ask>[1]) =>
        Effect.map(ask(path, options), (answer) => answer.status)
      const messages = "/rooms/informatics/messages"
      for (const path of [
        messages,
        "/rooms/informatics/members",
        "/rooms/informatics/events",
        "/rooms/informatics/socket"
      ]) {
        assert.strictEqual(yield* status(path), 401, path)
        assert.strictEqual(yield* status(path, { token: `${body}.` }), 401, path)
        assert.strictEqual(yield* status(path, { token: forged }), 401, path)
        assert.strictEqual(yield* status(path, { token, origin: "https://evil.example" }), 403, path)
        assert.strictEqual(yield* status(path.replace("informatics", "law"), { token }), 403, path)
        assert.strictEqual(yield* status(path.replace("informatics", "a%2Fb"), { token }), 404, path)
      }
      const bad = [{}, { text: "x" }, { nonce: "1", text: "" }, { nonce: "1", text: "\0" }, { nonce: "a/b", text: "x" }]
      for (const one of [...bad, { nonce: "1", text: "x".repeat(2001) }, { nonce: "1", text: "x".repeat(40_000) }]) {
        assert.isAtLeast(yield* status(messages, { token, body: one }), 400)
      }
      assert.strictEqual(yield* status("/login", { body: { name: "<b>", room: "informatics" } }), 400)
      assert.strictEqual(yield* status(`${messages}?before=x`, { token }), 400)
      assert.deepStrictEqual((yield* ask(messages, { token })).body, { messages: [] })
    }).pipe(Effect.scoped, Effect.provide(campus))
  )

  it.live("shows a page that may run no script but its own", () =>
    Effect.gen(function* () {
      const { headers, status, text } = yield* ask("/")
      assert.strictEqual(status, 200)
      assert.match(headers["content-security-policy"] ?? "", /^default-src 'none'; script-src 'sha256-[^']+';/u)
      assert.include(text, "<title>Campus chat</title>")
      assert.deepStrictEqual((yield* ask("/health")).body, { status: "ok" })
    }).pipe(Effect.scoped, Effect.provide(campus))
  )
})

describe("The chat of a campus whose Postgres is stopped", () => {
  it.live("tells who is connected, stores all of it when it is back, and tells nothing twice", () =>
    Effect.gen(function* () {
      const server = yield* MovablePostgres.make
      const database = Postgres.layer({ url: Redacted.make(server.url) }).pipe(Layer.orDie)
      yield* Effect.gen(function* () {
        const token = yield* login("Siti", "informatics")
        const here = yield* connected("socket", token, "informatics")
        assert.strictEqual((yield* send(token, "informatics", "before")).status, 201)
        yield* StreamClients.several(here, "message", 1)
        yield* server.stop
        const answers = yield* Effect.forEach(["one", "two"], (text) => send(token, "informatics", text))
        assert.deepStrictEqual(
          answers.map(({ status }) => status),
          [202, 202]
        )
        const direct = yield* StreamClients.several(here, "message", 2)
        assert.deepStrictEqual(
          direct.map(({ data }) => [JSON.parse(data).text, JSON.parse(data).place]),
          [
            ["one", null],
            ["two", null]
          ]
        )
        assert.strictEqual((yield* ask("/health")).status, 503)
        yield* server.start
        const stored = yield* StreamClients.several(here, "stored", 2)
        assert.deepStrictEqual(
          stored.map(({ data }) => JSON.parse(data).id),
          answers.map(({ body }) => body["id"])
        )
        yield* send(token, "informatics", "after")
        assert.deepStrictEqual(textsOf(yield* StreamClients.several(here, "message", 1)), ["after"])
        const { messages } = (yield* ask("/rooms/informatics/messages", { token })).body
        assert.deepStrictEqual(
          (messages as ReadonlyArray<{ readonly text: string }>).map(({ text }) => text),
          ["before", "one", "two", "after"]
        )
      }).pipe(Effect.scoped, Effect.provide(node(database)))
    }).pipe(Effect.scoped)
  )
})

describe("The chat of a campus whose network is silent", () => {
  it.live("waits for the database no longer than it must, and goes on as without it", () =>
    Effect.gen(function* () {
      const { url } = yield* TestDatabase
      const door = yield* Door.make(Number(new URL(url).port))
      const through = Object.assign(new URL(url), { port: String(door.port) }).href
      const database = Postgres.layer({ url: Redacted.make(through) }).pipe(Layer.orDie)
      yield* Effect.gen(function* () {
        const token = yield* login("Siti", "informatics")
        const here = yield* connected("events", token, "informatics")
        yield* send(token, "informatics", "before")
        yield* StreamClients.several(here, "message", 1)
        yield* door.state("silent")
        assert.strictEqual((yield* send(token, "informatics", "meanwhile")).status, 202)
        assert.deepStrictEqual(textsOf(yield* StreamClients.several(here, "message", 1)), ["meanwhile"])
        yield* door.state("cut")
        yield* door.state("whole")
        yield* StreamClients.several(here, "stored", 1)
      }).pipe(Effect.scoped, Effect.provide(node(database)))
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer))
  )
})
