import { assert, describe, it } from "@effect/vitest"
import { type Presence, Realtime, type RealtimeSettings } from "@fibercast/messengers/Realtime"
import { type Given } from "@fibercast/messengers/RealtimeEvent"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Effect, Exit, Fiber, Queue, Scope, Stream } from "effect"

const hub = (settings: Partial<RealtimeSettings> = {}) => Effect.provide(Realtime.layer(settings))

const say = Effect.fnUntraced(function* (channel: string, data: string, key?: string) {
  return yield* (yield* Realtime).publish(channel, { name: "said", data, key })
})

const listen = Effect.fnUntraced(function* (
  channel: string,
  member = "Siti",
  from?: "now" | "kept" | { after: string }
) {
  return yield* (yield* Realtime).subscribe({ channel, member, from })
})

const words = (given: ReadonlyArray<Given>) =>
  given.map((one) => (one._tag === "Event" ? one.data : `missed ${one.count}`))

const idOf = (given: ReadonlyArray<Given>, index: number): string => {
  const one = given[index]
  return one?._tag === "Event" ? one.id : "none"
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`)

describe("A hub of channels", () => {
  it.effect("gives what is published to all who listen there, in the same order, and to nobody else", () =>
    Effect.gen(function* () {
      const [one, other, elsewhere] = [yield* listen("a"), yield* listen("a", "Budi"), yield* listen("b")]
      assert.deepStrictEqual(yield* say("a", "first"), { reached: 2 })
      yield* say("a", "second")
      assert.deepStrictEqual(words(yield* one.read), ["first", "second"])
      assert.deepStrictEqual(words(yield* other.read), ["first", "second"])
      assert.deepStrictEqual([yield* one.read, yield* elsewhere.read], [[], []])
    }).pipe(Effect.scoped, hub())
  )

  it.effect("wakes whoever waits, and lets its waiting be given up without a loss", () =>
    Effect.gen(function* () {
      const { events, read, ready } = yield* listen("a")
      yield* read
      const waiting = yield* Effect.forkChild(ready, { startImmediately: true })
      yield* say("a", "first")
      yield* Fiber.interrupt(waiting)
      yield* say("a", "second")
      assert.deepStrictEqual(words(yield* Stream.runCollect(Stream.take(events, 2))), ["first", "second"])
    }).pipe(Effect.scoped, hub())
  )

  it.effect("a listener that is slow is told how much it missed, goes on with what is kept, and holds up nobody", () =>
    Effect.gen(function* () {
      const [slow, quick] = [yield* listen("a"), yield* listen("a", "Budi")]
      const heard: Array<string> = []
      for (const word of numbers(10)) {
        yield* say("a", word)
        heard.push(...words(yield* quick.read))
      }
      assert.deepStrictEqual(heard, numbers(10))
      assert.deepStrictEqual(words(yield* slow.read), ["missed 6", "6", "7", "8", "9"])
      yield* say("a", "10")
      assert.deepStrictEqual(words(yield* slow.read), ["10"])
    }).pipe(Effect.scoped, hub({ kept: 4 }))
  )

  it.effect("keeps no more text than it may, however few events that is", () =>
    Effect.gen(function* () {
      const slow = yield* listen("a")
      for (const letter of ["a", "b", "c"]) yield* say("a", letter.repeat(40))
      assert.deepStrictEqual(words(yield* slow.read), ["missed 1", "b".repeat(40), "c".repeat(40)])
      const { keptText } = yield* (yield* Realtime).standing
      assert.strictEqual(keptText, 80)
    }).pipe(Effect.scoped, hub({ keptText: 100 }))
  )

  it.effect("who comes back gets what followed the event it names, once, and is told if some of it is gone", () =>
    Effect.gen(function* () {
      const here = yield* listen("a", "Budi")
      for (const word of numbers(4)) yield* say("a", word)
      const given = yield* here.read
      assert.deepStrictEqual(words(yield* (yield* listen("a", "Siti", { after: idOf(given, 1) })).read), ["2", "3"])
      assert.deepStrictEqual(words(yield* (yield* listen("a", "Siti", { after: idOf(given, 3) })).read), [])
      for (const word of ["4", "5"]) yield* say("a", word)
      const back = yield* listen("a", "Siti", { after: idOf(given, 0) })
      assert.deepStrictEqual(words(yield* back.read), ["missed 1", "2", "3", "4", "5"])
    }).pipe(Effect.scoped, hub({ kept: 4 }))
  )

  it.effect("who was given nothing can come back as well", () =>
    Effect.gen(function* () {
      yield* say("a", "before")
      const { at } = yield* listen("a")
      yield* say("a", "after")
      assert.deepStrictEqual(words(yield* (yield* listen("a", "Siti", { after: at })).read), ["after"])
    }).pipe(Effect.scoped, hub())
  )

  it.effect("who names an event that is not known here, or none, gets all that is kept and is told of the gap", () =>
    Effect.gen(function* () {
      const series = (yield* listen("a")).at
      yield* say("a", "kept")
      for (const after of ["another run-7", "", "-", `${series}9`, `${series.replace(/\d+$/u, "")}x`, "1e3"]) {
        const { read } = yield* listen("a", "Siti", { after })
        assert.deepStrictEqual(words(yield* read), ["missed null", "kept"], after)
      }
    }).pipe(Effect.scoped, hub())
  )

  it.effect("a channel that was forgotten and began anew does not take the ids of the one before for its own", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const before = yield* Scope.provide(listen("a"), scope)
      yield* say("a", "old")
      const id = idOf(yield* before.read, 0)
      yield* Scope.close(scope, Exit.void)
      yield* say("b", "takes its place")
      yield* say("a", "new")
      yield* say("a", "newer")
      assert.deepStrictEqual(words(yield* (yield* listen("a", "Siti", { after: id })).read), [
        "missed null",
        "new",
        "newer"
      ])
    }).pipe(Effect.scoped, hub({ channels: 1 }))
  )

  it.effect("an event whose key is kept is not published again; once it is dropped it is", () =>
    Effect.gen(function* () {
      const { read } = yield* listen("a")
      assert.deepStrictEqual(yield* say("a", "one", "k"), { reached: 1 })
      assert.deepStrictEqual(yield* say("a", "one again", "k"), { reached: null })
      assert.deepStrictEqual(yield* say("b", "elsewhere", "k"), { reached: 0 })
      yield* say("a", "two")
      yield* say("a", "three")
      yield* say("a", "one anew", "k")
      assert.deepStrictEqual(words(yield* read), ["missed 2", "three", "one anew"])
    }).pipe(Effect.scoped, hub({ kept: 2 }))
  )

  it.effect("refuses events that are too long, or whose names would break a protocol, for good", () =>
    Effect.gen(function* () {
      const { publish } = yield* Realtime
      const long = yield* Effect.flip(say("a", "x".repeat(11)))
      assert.deepStrictEqual(
        [long.errorClass, long.reason],
        ["messagePermanent", "it has 11 characters; at most 10 are allowed"]
      )
      for (const name of ["", "two\nlines", "ä", "x".repeat(65)]) {
        const refused = yield* Effect.flip(publish("a", { name, data: "" }))
        assert.include(refused.message, "cannot name an event")
      }
    }).pipe(hub({ longest: 10 }))
  )

  it.effect("lets in no more listeners, connections of one member and channels than it may", () =>
    Effect.gen(function* () {
      const reason = (member: string, channel: string) =>
        Effect.map(Effect.flip(listen(channel, member)), ({ message }) => message)
      yield* listen("a")
      yield* listen("a")
      assert.include(yield* reason("Siti", "a"), "Siti has 2 connections already")
      yield* listen("b", "Budi")
      assert.include(yield* reason("Ayu", "c"), "there are 2 channels already")
      yield* listen("b", "Ayu")
      assert.include(yield* reason("Dewi", "a"), "4 listen already")
      // What nobody can hear is not kept either.
      assert.deepStrictEqual(yield* say("c", "unheard"), { reached: 0 })
    }).pipe(Effect.scoped, hub({ perMember: 2, listeners: 4, channels: 2 }))
  )

  it.effect("of channels that nobody listens to, the one that was silent longest is forgotten first", () =>
    Effect.gen(function* () {
      for (const channel of ["a", "b", "a", "c"]) yield* say(channel, channel)
      assert.deepStrictEqual(words(yield* (yield* listen("a", "Siti", "kept")).read), ["a", "a"])
      assert.deepStrictEqual(words(yield* (yield* listen("b", "Siti", "kept")).read), [])
    }).pipe(Effect.scoped, hub({ channels: 2 }))
  )

  it.effect("says who comes and goes: once for a member, however many connections it has", () =>
    Effect.gen(function* () {
      const { isConnected, members, presence } = yield* Realtime
      const changes = yield* Queue.unbounded<Presence>()
      yield* Effect.forkScoped(Stream.runForEach(presence, (change) => Queue.offer(changes, change)))
      yield* TestEngine.catchUp
      const [first, second] = [yield* Scope.make(), yield* Scope.make()]
      yield* Scope.provide(listen("a"), first)
      yield* Scope.provide(listen("a"), second)
      yield* Scope.provide(listen("b", "Budi"), second)
      assert.deepStrictEqual([yield* members("a"), yield* members("b"), yield* members("c")], [["Siti"], ["Budi"], []])
      yield* Scope.close(first, Exit.void)
      assert.isTrue(yield* isConnected("Siti"))
      yield* Scope.close(second, Exit.void)
      assert.deepStrictEqual([yield* isConnected("Siti"), yield* members("a")], [false, []])
      yield* TestEngine.catchUp
      const told = (yield* Queue.takeAll(changes)).map(({ _tag, channel, member }) => `${member} ${_tag} ${channel}`)
      assert.deepStrictEqual(told.slice(0, 2), ["Siti Joined a", "Budi Joined b"])
      assert.deepStrictEqual(told.slice(2).toSorted(), ["Budi Left b", "Siti Left a"])
    }).pipe(Effect.scoped, hub())
  )

  it.effect("keeps nothing of those who went but what may be asked for again", () =>
    Effect.gen(function* () {
      const { standing } = yield* Realtime
      const scope = yield* Scope.make()
      yield* Effect.forEach(numbers(50), (n) => Scope.provide(listen(`room ${n}`, n), scope), { discard: true })
      yield* say("room 7", "kept")
      assert.deepStrictEqual(yield* standing, { channels: 50, listeners: 50, keptText: 4 })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* standing, { channels: 1, listeners: 0, keptText: 4 })
    }).pipe(hub())
  )
})
