import { Admins } from "@fibercast/examples/school/Admins"
import { Register } from "@fibercast/examples/school/Register"
import * as Reports from "@fibercast/examples/school/Reports"
import { SendFailed } from "@fibercast/ports/Messenger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Schools from "./Schools.ts"

const { child, classOf, e164Of, enrol, school, send, told } = Schools

/** Each message takes five seconds, so that a crash meets one under way. */
const slow = () => FakeMessenger.delay("5 seconds")

describe("The monthly report of a school", () => {
  it.effect("comes to a parent in Indonesian, with the child's name, its class and the month", () =>
    Effect.gen(function* () {
      yield* enrol({ nis: "1", name: "Ayu", phone: "0812-3456-789", className: "A" })
      yield* send()
      yield* TestClock.adjust("5 seconds")
      yield* Expect.sent("+628123456789")
      const [message] = yield* Schools.sent
      for (const word of ["*Ayu*", "kelas A", "*Januari 2026*"]) assert.include(message?.text, word)
    }).pipe(Effect.provide(school()))
  )

  it.effect("finds the number however it was typed in", () =>
    Effect.gen(function* () {
      const typed = ["0860-1000-1000", "+62 860 1000 1001", "860 1000 1002", "62860.1000.1003", "'086010001004"]
      yield* enrol(...typed.map((phone, n) => child(n, "A", phone)))
      yield* send()
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* Schools.received, Object.fromEntries(typed.map((_, n) => [e164Of(n), 1])))
    }).pipe(Effect.provide(school()))
  )

  it.effect("is tried again exactly 60 and 120 seconds after its first failure; then the admins are told, once", () =>
    Effect.gen(function* () {
      yield* classOf(1)
      yield* send()
      yield* TestClock.adjust("10 minutes")
      yield* Expect.tried(e164Of(0), 3, "60 seconds")
      assert.deepStrictEqual(yield* told, ["Anak 0: not sent"])
      const [notice] = yield* (yield* Admins).told
      assert.deepInclude(notice, { className: "A", month: "2026-01", phone: "0860-1000-1000", reason: "busy" })
      yield* Expect.alerted("DeliveryFailed")
    }).pipe(Effect.provide(school(() => FakeMessenger.fail("transient", "busy"))))
  )

  it.effect("that goes through at the second try bothers nobody", () =>
    Effect.gen(function* () {
      yield* classOf(1)
      yield* send()
      yield* TestClock.adjust("10 minutes")
      yield* Expect.tried(e164Of(0), 2, "60 seconds")
      yield* Expect.sent(e164Of(0))
      assert.deepStrictEqual(yield* told, [])
    }).pipe(Effect.provide(school(FakeMessenger.inTurn(FakeMessenger.fail("transient")))))
  )

  it.effect("skips a number that cannot be written to without a try, and tells the admins, once", () =>
    Effect.gen(function* () {
      yield* enrol(child(1), child(2, "A", "tanya ayah"), child(3, "A", ""), child(4, "A", "0812"))
      yield* send()
      yield* send()
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Schools.received, { [e164Of(1)]: 1 })
      assert.strictEqual((yield* Schools.sent).length, 1)
      assert.deepInclude(yield* Schools.counts, { planned: 4, completed: 1, skipped: 3 })
      assert.sameMembers([...(yield* told)], ["Anak 2: bad number", "Anak 3: bad number", "Anak 4: bad number"])
    }).pipe(Effect.provide(school()))
  )

  it.effect("fails while there is no room for what the admins are to be told, and is sent once there is", () =>
    Effect.gen(function* () {
      const { id: workspaceId } = yield* Reports.workspace
      const { setLimits } = yield* WorkspaceStore
      yield* enrol(child(1), child(2, "A", "tanya ayah"), child(3, "A", ""))
      yield* setLimits(workspaceId, { backlog: 1 })
      const refused = yield* Effect.flip(send())
      assert.deepInclude(refused, { _tag: "DispatchRefused", refused: 1, asked: 2 })
      assert.strictEqual((yield* Schools.counts).planned, 0)
      yield* setLimits(workspaceId, {})
      yield* send()
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Schools.received, { [e164Of(1)]: 1 })
      assert.includeMembers([...(yield* told)], ["Anak 2: bad number", "Anak 3: bad number"])
    }).pipe(Effect.provide(school()))
  )

  it.effect("that the provider refuses for good is not tried again, and the admins are told, once", () =>
    Effect.gen(function* () {
      yield* classOf(2)
      yield* send()
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Schools.sent).length, 2)
      assert.deepStrictEqual(yield* told, ["Anak 1: not sent"])
    }).pipe(Effect.provide(school(FakeMessenger.byTarget({ [e164Of(1)]: [FakeMessenger.fail("recipientPermanent")] }))))
  )

  it.effect("without an answer is left in doubt and told to the admins, and not sent again", () =>
    Effect.gen(function* () {
      yield* classOf(1)
      yield* send()
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Schools.sent).length, 1)
      yield* Expect.settled("unknown", 1)
      assert.deepStrictEqual(yield* told, ["Anak 0: doubt"])
    }).pipe(Effect.provide(school(() => FakeMessenger.hang)))
  )

  it.effect("leaves at two seconds from one message to the next, over all classes and retries", () =>
    Effect.gen(function* () {
      yield* classOf(8, "A")
      yield* classOf(8, "B", 8)
      yield* send("A")
      yield* send("B")
      yield* TestClock.adjust("5 minutes")
      const times = (yield* Schools.sent).map(({ at }) => at)
      assert.strictEqual(times.length, 18)
      const gaps = times.slice(1).map((at, n) => at - (times[n] ?? 0))
      assert.isAtLeast(Math.min(...gaps), 2000)
      assert.strictEqual((yield* Schools.counts).completed, 16)
    }).pipe(
      Effect.provide(school(FakeMessenger.inTurn(FakeMessenger.fail("transient"), FakeMessenger.fail("transient"))))
    )
  )

  it.effect("asked for twice, at once or later, goes to nobody twice", () =>
    Effect.gen(function* () {
      yield* classOf(5)
      const both = yield* Effect.all([send(), send()], { concurrency: 2 })
      yield* TestClock.adjust("1 minute")
      assert.isNull(yield* send())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(both.filter((campaign) => campaign !== null).length, 1)
      assert.deepStrictEqual(Object.values(yield* Schools.received), [1, 1, 1, 1, 1])
    }).pipe(Effect.provide(school()))
  )

  it.effect("follows a child to its new class: told once, whichever class was told first", () =>
    Effect.gen(function* () {
      const { put } = yield* Register
      yield* enrol(child(1, "A"), child(2, "A"), child(3, "B"), child(4, "B"))
      yield* send("A")
      yield* put(child(2, "B"))
      yield* put(child(3, "A"))
      yield* send("B")
      // The one that came to A after A was told.
      yield* send("A")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Schools.received, {
        [e164Of(1)]: 1,
        [e164Of(2)]: 1,
        [e164Of(3)]: 1,
        [e164Of(4)]: 1
      })
    }).pipe(Effect.provide(school()))
  )

  it.effect("comes once for each child to a parent of two, also in one class", () =>
    Effect.gen(function* () {
      yield* enrol(child(1), child(2, "A", Schools.numberOf(1)), child(3, "B", Schools.numberOf(1)))
      yield* send("A")
      yield* send("B")
      yield* TestClock.adjust("1 minute")
      yield* Expect.sent(e164Of(1), 3)
      const names = (yield* Schools.sent).map(({ text }) => /\*(Anak \d)\*/u.exec(text)?.[1])
      assert.sameMembers(names, ["Anak 1", "Anak 2", "Anak 3"])
    }).pipe(Effect.provide(school()))
  )

  it.effect(
    "waits while the phone of the school is offline: two sends find out, nothing is lost, no try is charged",
    () => {
      const backAt = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-02-02T02:00:00Z"))
      const offline = new SendFailed({ errorClass: "accountTransient", reason: "the phone is offline" })
      const online = Effect.flatMap(Clock.currentTimeMillis, (now) => (now < backAt ? offline : Effect.void))
      return Effect.gen(function* () {
        yield* classOf(10)
        yield* send()
        yield* TestClock.adjust("59 minutes")
        assert.strictEqual((yield* Schools.sent).length, 2)
        yield* Expect.alerted("AccountBroken")
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(Object.keys(yield* Schools.received).length, 10)
        assert.deepInclude(yield* Schools.counts, { planned: 10, completed: 10 })
        assert.isTrue((yield* Schools.sent).every(({ attempt }) => attempt === 1))
        assert.deepStrictEqual(yield* told, [])
      }).pipe(Effect.provide(school(() => Effect.andThen(online, FakeMessenger.accept), { probe: online })))
    }
  )

  it.effect("raises one alarm when more than a quarter of a class cannot be reached", () => {
    const failing = FakeMessenger.byTarget(
      Object.fromEntries([1, 2, 3, 4].map((n) => [e164Of(n), [FakeMessenger.fail("recipientPermanent")]]))
    )
    return Effect.gen(function* () {
      yield* classOf(12)
      yield* send()
      yield* TestClock.adjust("2 minutes")
      yield* Expect.alerted("HighFailureRate")
      assert.strictEqual((yield* told).length, 4)
    }).pipe(Effect.provide(school(failing)))
  })

  it.effect("is sent by itself on the first of the month at eight in Jakarta, for the month before", () =>
    Effect.gen(function* () {
      yield* enrol(child(1, "A"), child(2, "B"))
      yield* TestClock.adjust("60 days")
      const lines = (yield* Schools.sent).map(({ at, text }) => {
        const wall = DateTime.formatIsoZoned(DateTime.makeZonedUnsafe(at, { timeZone: Reports.zone })).slice(0, 16)
        return `${wall} ${/bulan \*(.*)\*/u.exec(text)?.[1]}`
      })
      assert.deepStrictEqual(lines, [
        "2026-02-01T08:00 Januari 2026",
        "2026-02-01T08:00 Januari 2026",
        "2026-03-01T08:00 Februari 2026",
        "2026-03-01T08:00 Februari 2026"
      ])
      yield* Expect.occurred("reports.monthly", "fired", 2)
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          Schools.node(TestEngine.sparse),
          Schools.world(undefined, {}, { startAt: "2026-01-15T00:00:00Z" })
        )
      )
    )
  )

  it.effect("survives a node that is killed in the middle: nobody is lost, and nobody is written to twice", () =>
    Effect.gen(function* () {
      yield* classOf(12)
      const first = yield* TestNode.run(Schools.node({ alone: false }), {})
      yield* send()
      yield* TestClock.adjust("13 seconds")
      yield* first.kill
      const before = yield* Schools.counts
      assert.isAbove(before.completed, 0)
      assert.isAbove(before.open, 0)
      yield* TestNode.run(Schools.node({ alone: false }), {})
      yield* TestClock.adjust("3 minutes")
      const { completed, open, planned, unknown } = yield* Schools.counts
      assert.deepStrictEqual({ open, planned, settled: completed + unknown }, { open: 0, planned: 12, settled: 12 })
      assert.isAbove(unknown, 0)
      const calls = yield* Schools.sent
      assert.strictEqual(new Set(calls.map(({ to }) => to)).size, calls.length)
      assert.isAtLeast(calls.length, 12 - unknown)
    }).pipe(Effect.scoped, Effect.provide(Schools.world(slow)))
  )
})
