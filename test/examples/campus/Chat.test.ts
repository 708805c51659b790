import { assert, describe, it } from "@effect/vitest"
import { LedgerUnavailable, Ledger } from "@fibercast/ports/Ledger"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Broadcast, channelOf } from "@fibercast/examples/campus/Broadcast"
import * as CampusHealth from "@fibercast/examples/campus/CampusHealth"
import { Chat } from "@fibercast/examples/campus/Chat"
import { Messages } from "@fibercast/examples/campus/Messages"
import { gathered, StatusChanged } from "@fibercast/examples/campus/Status"
import { Realtime, type Subscription } from "@fibercast/messengers/Realtime"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Clock, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"

const pipelines = [Broadcast, StatusChanged]

const hub = Layer.mergeAll(Realtime.layer(), Messages.layerMemory)

const chat = Chat.layer.pipe(Layer.provideMerge(TestEngine.layer({ pipelines })), Layer.provideMerge(hub))

/** A chat whose database is away while `isAway`. */
const fragile = () => {
  const state = { isAway: false }
  const before = (operation: string) =>
    state.isAway ? Effect.fail(new LedgerUnavailable({ operation, cause: "the server is away" })) : Effect.void
  const layer = Chat.layer.pipe(
    Layer.provideMerge(TestEngine.layerEngine({ pipelines })),
    Layer.provide(Interposed.layerStores({ before })),
    Layer.provideMerge(TestEngine.layerStores()),
    Layer.provideMerge(hub)
  )
  return { state, layer }
}

/** Without anybody who works. */
const idle = Chat.layer.pipe(Layer.provideMerge(TestEngine.layerStores()), Layer.provideMerge(hub))

const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`)

const message = (text: string, room = "informatics", author = "Siti") =>
  Effect.map(Clock.currentTimeMillis, (at) => ({ id: `${author}/${room} ${text}`, room, author, text, at }))

const send = Effect.fnUntraced(function* (text: string, room?: string, author?: string) {
  return yield* (yield* Chat).send(yield* message(text, room, author))
})

const speaks = (author: string) => Effect.forEach(numbers(20), (n) => send(`${author} ${n}`, "informatics", author))

const join = Effect.fnUntraced(function* (member: string, room = "informatics") {
  return yield* (yield* Realtime).subscribe({ channel: channelOf(room), member })
})

/** What came since it was last asked, as `name: what`. */
const heard = ({ read }: Subscription) =>
  Effect.map(Effect.andThen(TestEngine.catchUp, read), (given) =>
    given.map((one) => {
      if (one._tag === "Missed") return `missed ${one.count}`
      const told = JSON.parse(one.data)
      if (one.name === "status") return `${told.student} ${told.online ? "online" : "offline"}`
      if (one.name === "stored") return `stored ${told.id}`
      return told.place === null ? `direct ${told.text}` : told.text
    })
  )

/** The same of messages alone. */
const said = (client: Subscription) =>
  Effect.map(heard(client), (all) => all.filter((one) => !/ (?:on|off)line$/u.test(one)))

describe("The chat of a campus", () => {
  it.effect(
    "gives each message to every client of its room once, in the order it was stored, and to no other room",
    () =>
      Effect.gen(function* () {
        const here = [yield* join("Siti"), yield* join("Budi"), yield* join("Ayu")]
        const elsewhere = yield* join("Dewi", "law")
        yield* Effect.all([speaks("Siti"), speaks("Budi"), speaks("Ayu")], {
          concurrency: "unbounded",
          discard: true
        })
        const stored = yield* (yield* Messages).read({ room: "informatics", limit: 100 })
        for (const client of here) {
          assert.deepStrictEqual(
            yield* said(client),
            stored.map(({ text }) => text)
          )
        }
        assert.deepStrictEqual(yield* said(elsewhere), [])
      }).pipe(Effect.scoped, Effect.provide(chat))
  )

  it.effect(
    "keeps the order of a room when its deliveries do not, and tells nothing twice when they are tried again",
    () =>
      Effect.gen(function* () {
        const { workspaceId } = yield* Chat
        const { store } = yield* Messages
        const client = yield* join("Budi")
        yield* send("0")
        assert.deepStrictEqual(yield* said(client), ["0"])
        // The later a message was stored, the sooner its delivery is due.
        for (const n of [1, 2, 3]) {
          yield* store(yield* message(`${n}`), (payload) =>
            Effect.all([
              Pipeline.dispatch(Broadcast, { workspaceId, payload, delay: (4 - n) * 100 }),
              Pipeline.dispatch(Broadcast, { workspaceId, payload, delay: 1000 })
            ])
          )
        }
        yield* TestClock.adjust(100)
        assert.deepStrictEqual(yield* said(client), ["1", "2", "3"])
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(yield* said(client), [])
      }).pipe(Effect.scoped, Effect.provide(chat))
  )

  it.effect("sending again under the same id changes nothing", () =>
    Effect.gen(function* () {
      const client = yield* join("Budi")
      assert.deepStrictEqual(
        [yield* send("once"), yield* send("once")],
        [
          { place: 1, stored: true },
          { place: null, stored: true }
        ]
      )
      assert.deepStrictEqual(yield* said(client), ["once"])
    }).pipe(Effect.scoped, Effect.provide(chat))
  )
})

describe("Who is online", () => {
  it.effect("is told soon after the first connection, and after the last one is gone", () =>
    Effect.gen(function* () {
      const watcher = yield* join("Budi")
      yield* TestEngine.catchUp
      yield* TestClock.adjust(gathered)
      assert.deepStrictEqual(yield* heard(watcher), ["Budi online"])
      const [laptop, phone] = [yield* Scope.make(), yield* Scope.make()]
      yield* Scope.provide(join("Siti"), laptop)
      yield* Scope.provide(join("Siti"), phone)
      yield* TestEngine.catchUp
      assert.deepStrictEqual(yield* heard(watcher), [])
      yield* TestClock.adjust(gathered)
      assert.deepStrictEqual(yield* heard(watcher), ["Siti online"])
      yield* Scope.close(laptop, Exit.void)
      yield* TestEngine.catchUp
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* heard(watcher), [])
      yield* Scope.close(phone, Exit.void)
      yield* TestEngine.catchUp
      yield* TestClock.adjust(gathered)
      assert.deepStrictEqual(yield* heard(watcher), ["Siti offline"])
    }).pipe(Effect.scoped, Effect.provide(chat))
  )

  it.effect("a page that is loaded again says nothing, nor does one that comes and goes at once", () =>
    Effect.gen(function* () {
      const watcher = yield* join("Budi")
      const scope = yield* Scope.make()
      yield* Scope.provide(join("Siti"), scope)
      yield* TestEngine.catchUp
      yield* TestClock.adjust(gathered)
      yield* heard(watcher)
      yield* Scope.close(scope, Exit.void)
      yield* TestEngine.catchUp
      yield* TestClock.adjust(gathered / 2)
      yield* join("Siti")
      yield* Effect.scoped(join("Ayu"))
      yield* TestEngine.catchUp
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* heard(watcher), [])
    }).pipe(Effect.scoped, Effect.provide(chat))
  )

  it.effect("is told in each room the student was in", () =>
    Effect.gen(function* () {
      const [here, there] = [yield* join("Budi"), yield* join("Dewi", "law")]
      yield* TestEngine.catchUp
      yield* TestClock.adjust(gathered)
      yield* Effect.all([heard(here), heard(there)])
      const scope = yield* Scope.make()
      yield* Scope.provide(join("Siti"), scope)
      yield* Scope.provide(join("Siti", "law"), scope)
      yield* TestEngine.catchUp
      yield* TestClock.adjust(gathered)
      assert.deepStrictEqual([yield* heard(here), yield* heard(there)], [["Siti online"], ["Siti online"]])
      yield* Scope.close(scope, Exit.void)
      yield* TestEngine.catchUp
      yield* TestClock.adjust(gathered)
      assert.deepStrictEqual([yield* heard(here), yield* heard(there)], [["Siti offline"], ["Siti offline"]])
    }).pipe(Effect.scoped, Effect.provide(chat))
  )
})

describe("A chat whose database is away", () => {
  it.effect(
    "tells clients directly and says so, stores the messages when it is back, in order, and tells nothing twice",
    () => {
      const { layer, state } = fragile()
      return Effect.gen(function* () {
        const client = yield* join("Budi")
        yield* send("before")
        assert.deepStrictEqual(yield* said(client), ["before"])
        state.isAway = true
        assert.deepStrictEqual(yield* send("one"), { place: null, stored: false })
        yield* send("two")
        // Sent again by a client that heard nothing.
        yield* send("one")
        assert.deepStrictEqual(yield* said(client), ["direct one", "direct two"])
        assert.strictEqual(yield* CampusHealth.check, "the database is away: 2 messages wait to be stored")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* said(client), [])
        const late = yield* (yield* Realtime).subscribe({
          channel: channelOf("informatics"),
          member: "Ayu",
          from: "kept"
        })
        assert.deepStrictEqual(yield* said(late), ["before", "direct one", "direct two"])
        state.isAway = false
        yield* TestClock.adjust("1 second")
        yield* send("after")
        const rest = ["stored Siti/informatics one", "stored Siti/informatics two", "after"]
        assert.deepStrictEqual([yield* said(client), yield* said(late)], [rest, rest])
        const stored = yield* (yield* Messages).read({ room: "informatics", limit: 10 })
        assert.deepStrictEqual(
          stored.map(({ text }) => text),
          ["before", "one", "two", "after"]
        )
        assert.isNull(yield* CampusHealth.check)
      }).pipe(Effect.scoped, Effect.provide(layer))
    }
  )

  it.effect("keeps a thousand messages, and refuses more rather than lose them", () => {
    const { layer, state } = fragile()
    return Effect.gen(function* () {
      state.isAway = true
      yield* Effect.forEach(numbers(1000), (text) => send(text), { discard: true })
      const refused = yield* Effect.flip(send("one more"))
      assert.strictEqual(refused._tag, "ChatOverloaded")
      state.isAway = false
      yield* TestClock.adjust("1 second")
      yield* TestEngine.catchUp
      const stored = yield* (yield* Messages).read({ room: "informatics", limit: 2000 })
      assert.deepStrictEqual(
        stored.map(({ text }) => text),
        numbers(1000)
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("still tells who is online", () => {
    const { layer, state } = fragile()
    return Effect.gen(function* () {
      state.isAway = true
      const client = yield* join("Budi")
      yield* TestEngine.catchUp
      yield* TestClock.adjust(gathered)
      assert.deepStrictEqual(yield* heard(client), ["Budi online"])
    }).pipe(Effect.scoped, Effect.provide(layer))
  })
})

describe("A chat without a worker", () => {
  it.effect("is seen to be ill: what waits, and for how long, is told", () =>
    Effect.gen(function* () {
      const { workspaceId } = yield* Chat
      yield* send("unheard")
      assert.isNull(yield* CampusHealth.check)
      yield* TestClock.adjust("12 seconds")
      assert.strictEqual(yield* CampusHealth.check, "nobody broadcasts: a message waits for 12 s")
      const now = yield* Clock.currentTimeMillis
      const due = yield* (yield* Ledger).dueWorkspaces({ by: now, now, limit: 10, pipelines: [Broadcast.name] })
      assert.deepStrictEqual(
        due.map((one) => one.workspaceId),
        [workspaceId]
      )
    }).pipe(Effect.provide(idle))
  )
})
