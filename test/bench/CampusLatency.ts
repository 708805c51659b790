/**
 * What a chat message costs: one node with the whole chat, on a durable Postgres of its own, and clients of this machine over
 * WebSockets. `node test/bench/CampusLatency.ts [messages]`
 *
 * Prints how long a message takes from the call that sends it, and from the commit of its dispatch, until a client has it, one
 * after the other and at a steady pace; then how many are dispatched in a second by 32 callers, and what a client sees of that.
 * A commit alone is measured first: each message waits for two of them, that of its dispatch and that of its claim.
 */
import { Broadcast } from "@fibercast/examples/campus/Broadcast"
import * as CampusHttp from "@fibercast/examples/campus/CampusHttp"
import { Chat } from "@fibercast/examples/campus/Chat"
import { Messages } from "@fibercast/examples/campus/Messages"
import { StatusChanged } from "@fibercast/examples/campus/Status"
import { Students } from "@fibercast/examples/campus/Students"
import * as Engine from "@fibercast/engine/Engine"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Realtime } from "@fibercast/messengers/Realtime"
import * as CommittedSignal from "@fibercast/postgres/CommittedSignal"
import { ConfigProvider, Console, Effect, Layer, Queue, type Scope } from "effect"
import { HttpServer } from "effect/http"
import { SqlClient } from "effect/sql"
import * as BenchStores from "./BenchStores.ts"

const messages = Number(process.argv[2] ?? 1000)
const room = "informatics"
const callers = 32

const millis = () => Number(process.hrtime.bigint()) / 1e6

const told = (times: Array<number>): string => {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(2)
  return `p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  max ${at(1)} ms`
}

/** The ids of messages as a client has them, with the time. */
const client = Effect.fnUntraced(function* (
  name: string
): Effect.fn.Return<
  Queue.Dequeue<{ readonly id: string; readonly at: number }>,
  never,
  Students | HttpServer.HttpServer | Scope.Scope
> {
  const token = yield* (yield* Students).login({ name, rooms: [room] })
  const heard = yield* Queue.unbounded<{ readonly id: string; readonly at: number }>()
  const url = yield* HttpServer.addressFormattedWith((address) => Effect.succeed(address.replace("http", "ws")))
  yield* Effect.acquireRelease(
    Effect.callback<WebSocket>((resume) => {
      const socket = new WebSocket(`${url}/rooms/${room}/socket`, ["fibercast", `bearer.${token}`])
      socket.addEventListener("message", ({ data }) => {
        const at = millis()
        const frame = JSON.parse(String(data))
        if (frame.event === "hello") resume(Effect.succeed(socket))
        if (frame.event === "message") Queue.offerUnsafe(heard, { id: JSON.parse(frame.data).id, at })
      })
    }),
    (socket) => Effect.sync(() => socket.close())
  )
  return heard
})

let number = 0
const next = (place = room) => ({ id: `bench/${number++}`, room: place, author: "bench", text: "x".repeat(80), at: 0 })

const latency = Effect.fnUntraced(function* (title: string, pause: number) {
  const { send } = yield* Chat
  const heard = yield* client("Siti")
  const [called, committed]: [Array<number>, Array<number>] = [[], []]
  for (let turn = 0; turn < messages + 50; turn++) {
    const message = next()
    const begun = millis()
    yield* send(message)
    const sent = millis()
    let got = yield* Queue.take(heard)
    while (got.id !== message.id) got = yield* Queue.take(heard)
    if (turn >= 50) {
      called.push(got.at - begun)
      committed.push(got.at - sent)
    }
    if (pause > 0) yield* Effect.sleep(pause)
  }
  yield* Console.log(`${title.padEnd(36)} from the call: ${told(called)}   from the commit: ${told(committed)}`)
}, Effect.scoped)

const commits = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table bench (n int)`
  const times: Array<number> = []
  for (let turn = 0; turn < 300; turn++) {
    const begun = millis()
    yield* sql`insert into bench values (${turn})`
    times.push(millis() - begun)
  }
  yield* Console.log(`${"a commit alone".padEnd(36)} ${told(times)}`)
})

const rate = Effect.fnUntraced(function* <E, R>(
  title: string,
  dispatch: (caller: number) => Effect.Effect<unknown, E, R>
) {
  const each = Math.ceil((messages * 4) / callers)
  const begun = millis()
  const some = (caller: number) => Effect.replicateEffect(dispatch(caller), each, { discard: true })
  yield* Effect.forEach(
    Array.from({ length: callers }, (_, caller) => caller),
    some,
    {
      concurrency: "unbounded",
      discard: true
    }
  )
  const seconds = (millis() - begun) / 1000
  yield* Console.log(`${title.padEnd(36)} ${Math.round((each * callers) / seconds)}/s from ${callers} callers`)
})

const crowd = Effect.fnUntraced(function* () {
  const { send } = yield* Chat
  const heard = yield* client("Budi")
  const begun = new Map<string, number>()
  const speak = Effect.gen(function* () {
    const message = next()
    begun.set(message.id, millis())
    yield* send(message)
  })
  const times: Array<number> = []
  const count = Math.ceil((messages * 4) / callers) * callers
  const hearing = Effect.gen(function* () {
    while (times.length < count) {
      const { at, id } = yield* Queue.take(heard)
      const since = begun.get(id)
      if (since !== undefined) times.push(at - since)
    }
  })
  yield* Effect.all([hearing, rate("messages in one room, to a client", () => speak)], { concurrency: 2 })
  yield* Console.log(`${"".padEnd(36)} from the call: ${told(times)}`)
}, Effect.scoped)

const bench = Effect.gen(function* () {
  const { send, workspaceId } = yield* Chat
  yield* commits
  yield* latency("one after the other", 0)
  yield* latency("one every 20 ms", 20)
  const payload = { ...next("empty"), place: 1 }
  yield* rate("dispatches alone", () => Pipeline.dispatch(Broadcast, { workspaceId, payload }))
  yield* rate("messages, each caller in its room", (caller) => send(next(`room-${caller}`)))
  yield* crowd()
})

const chat = CampusHttp.layer.pipe(
  Layer.provideMerge(Chat.layer),
  Layer.provideMerge(Layer.mergeAll(Messages.layerSql, Students.layerConfig)),
  Layer.provideMerge(Realtime.layer()),
  Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ CAMPUS_PORT: "0" })))
)
const node = Engine.layer({ alone: true, pipelines: [Broadcast, StatusChanged] }).pipe(
  Layer.provideMerge(chat),
  Layer.provideMerge(CommittedSignal.layer)
)

BenchStores.run(Effect.provide(bench, node))
