import * as SchedulerHealth from "@fibercast/engine/SchedulerHealth"
import * as Maintenance from "@fibercast/examples/blazz/Maintenance"
import * as Message from "@fibercast/examples/blazz/Message"
import { type Request, Requests } from "@fibercast/examples/blazz/Requests"
import { type Campaign } from "@fibercast/domain/Campaign"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Blazz from "./Blazz.ts"

const startAt = "2026-05-04T02:00:30Z"

/** 09:xx on that day in Jakarta, of half a minute after the start and more. */
const at = (minute: number) => `2026-05-04 09:${String(minute).padStart(2, "0")}`

const numberOf = (n: number) => `+62860${10_000_000 + n}`

const request = (n: number, changes: Partial<Request> = {}): Request => ({
  id: `request ${n}`,
  workspace: "Warung Melati",
  zone: "Asia/Jakarta",
  name: `News ${n}`,
  text: "Halo {{ name }}",
  at: at(30),
  contacts: [{ phone: numberOf(n), name: "Ayu" }],
  ...changes
})

/** Before each call of that name. */
const interposed = (call: string, what: Effect.Effect<void>) =>
  Layer.effect(
    Requests,
    Effect.map(Requests, (requests) =>
      Interposed.make(requests, { before: (called) => (called === call ? what : Effect.void) })
    )
  ).pipe(Layer.provide(Requests.layerMemory))

const answerOf = (n: number) =>
  Effect.map(
    Effect.flatMap(Requests, ({ get }) => get(`request ${n}`)),
    (kept) => (kept?.answer?.status === "refused" ? kept.answer.reason : kept?.answer?.status)
  )

const campaigns = Effect.gen(function* () {
  const workspace = yield* (yield* WorkspaceStore).find("Warung Melati")
  const found: ReadonlyArray<Campaign> =
    workspace === null ? [] : yield* (yield* CampaignStore).list({ workspaceId: workspace.id, limit: 100 })
  return found
})

/** How often each number was called. */
const calls = Effect.map(Blazz.sent, (all) => all.map(({ to }) => to).toSorted())

/** The clock of each minute and what became of it. */
const minutes = Effect.map(Expect.occurrences("campaigns.plan"), (recorded) =>
  recorded.map(
    ({ nominal, outcome, reason }) => `${new Date(nominal).toISOString().slice(14, 16)} ${reason ?? outcome}`
  )
)

describe("Planning that takes three minutes, every minute", () => {
  for (const nodes of [1, 3]) {
    it.effect(`on ${nodes} nodes sends nothing twice, and every minute has its recorded outcome`, () =>
      Effect.gen(function* () {
        for (let n = 0; n < nodes; n++) yield* TestNode.run(Blazz.node({ alone: nodes === 1 }), {})
        for (let n = 0; n < 10; n++) {
          yield* Blazz.ask(request(n, { at: at(3 * n + 7) }))
          yield* TestClock.adjust("3 minutes")
        }
        const outcomes = ["fired", "overlap", "overlap"]
        assert.deepStrictEqual(
          yield* minutes,
          Array.from({ length: 30 }, (_, n) => `${String(n + 1).padStart(2, "0")} ${outcomes[n % 3]}`)
        )
        yield* TestClock.adjust("20 minutes")
        assert.deepStrictEqual(
          yield* calls,
          Array.from({ length: 10 }, (_, n) => numberOf(n))
        )
        assert.isTrue((yield* campaigns).every(({ status }) => status === "completed"))
      }).pipe(
        Effect.scoped,
        Effect.provide(Blazz.world(startAt, undefined, interposed("waiting", Effect.sleep("179 seconds"))))
      )
    )
  }
})

describe("The planning of Blazz", () => {
  it.effect("that dies before it has said so plans the same campaign again, and it is sent once", () => {
    let crashes = 2
    const crash = Effect.suspend(() => (crashes-- > 0 ? Effect.die(new Error("the machine is gone")) : Effect.void))
    return Effect.gen(function* () {
      // The second crash leaves a campaign whose time has passed when it is planned again.
      yield* Blazz.ask(request(0, { at: at(2) }), request(1))
      yield* TestClock.adjust("40 minutes")
      yield* Expect.ended("campaigns.plan", "unknown", 2)
      assert.strictEqual(yield* answerOf(0), "planned")
      assert.deepStrictEqual(yield* calls, [numberOf(0), numberOf(1)])
      assert.strictEqual((yield* campaigns).length, 2)
    }).pipe(Effect.provide(Blazz.blazz(startAt, {}, interposed("answer", crash))))
  })

  it.effect("leaves no request waiting: what cannot be a campaign is refused with the reason, the others go on", () =>
    Effect.gen(function* () {
      yield* Blazz.ask(
        request(0, { zone: "Jakarta" }),
        request(1, { at: "tomorrow" }),
        request(2, { text: "Halo {{ nama }}" }),
        request(3, { at: "2026-05-03 09:00" }),
        request(4, { contacts: [] }),
        request(5)
      )
      yield* TestClock.adjust("1 hour")
      assert.match(String(yield* answerOf(0)), /not a time zone/u)
      assert.match(String(yield* answerOf(1)), /not a date and time/u)
      assert.match(String(yield* answerOf(2)), /"nama" \(did you mean "name"\?\)/u)
      assert.match(String(yield* answerOf(3)), /too long ago/u)
      assert.match(String(yield* answerOf(4)), /no column "phone"/u)
      assert.strictEqual(yield* answerOf(5), "planned")
      assert.deepStrictEqual(yield* calls, [numberOf(5)])
      assert.deepStrictEqual(yield* (yield* Requests).waiting(10), [])
    }).pipe(Effect.provide(Blazz.blazz(startAt)))
  )

  it.effect("that nobody runs turns health red and raises an alarm; later, what it missed is sent once, at once", () =>
    Effect.gen(function* () {
      yield* Layer.build(SchedulerHealth.layerWatch)
      const first = yield* TestNode.run(Blazz.node({ alone: false }), {})
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* SchedulerHealth.look()).status, "green")
      yield* first.stop
      yield* Blazz.ask(request(0, { at: at(10) }))
      yield* TestClock.adjust("30 minutes")
      const { status, unattended } = yield* SchedulerHealth.look()
      assert.strictEqual(status, "red")
      assert.deepStrictEqual(
        unattended.map(({ app, triggers }) => ({ app, triggers })),
        [{ app: "test", triggers: 3 }]
      )
      yield* Expect.alerted("SchedulerDead")
      yield* TestNode.run(Blazz.node({ alone: false }), {})
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* SchedulerHealth.look()).status, "green")
      assert.deepStrictEqual(yield* calls, [numberOf(0)])
      const [campaign] = yield* campaigns
      assert.strictEqual(campaign?.status, "completed")
    }).pipe(Effect.scoped, Effect.provide(Blazz.world(startAt)))
  )
})

describe("A campaign of Blazz", () => {
  it.effect("is tried again after 30 seconds and two minutes, and is completed with its counts", () => {
    const busy = FakeMessenger.fail("transient", "busy")
    const script = FakeMessenger.byTarget({
      [numberOf(1)]: [busy, busy],
      [numberOf(2)]: [busy, busy, busy],
      [numberOf(3)]: [FakeMessenger.hang],
      [numberOf(4)]: [FakeMessenger.fail("recipientPermanent")]
    })
    const phones = [...[0, 1, 2, 3, 4].map(numberOf), "tanya"]
    const contacts = phones.map((phone) => ({ phone, name: "Ayu" }))
    return Effect.gen(function* () {
      yield* Blazz.ask(request(0, { contacts }))
      yield* TestClock.adjust("40 minutes")
      const [campaign] = yield* campaigns
      assert.strictEqual(campaign?.status, "completed")
      assert.deepInclude(campaign?.counts, { planned: 6, completed: 2, failed: 2, skipped: 1, unknown: 1, open: 0 })
      const times = (yield* Blazz.sent).filter(({ to }) => to === numberOf(2)).map(({ at: called }) => called)
      assert.deepStrictEqual(
        times.map((called) => called - (times[0] ?? 0)),
        [0, 30_000, 150_000]
      )
    }).pipe(Effect.provide(Blazz.blazz(startAt, { script })))
  })

  it.effect("gives way to single messages: a code before a reply, a reply before a notice", () => {
    const contacts = Array.from({ length: 200 }, (_, n) => ({ phone: numberOf(n), name: "Ayu" }))
    return Effect.gen(function* () {
      const { id } = yield* (yield* WorkspaceStore).ensure({ name: "Warung Melati", zone: "Asia/Jakarta", limits: {} })
      yield* Blazz.ask(request(0, { contacts, at: at(2) }))
      yield* TestClock.adjust("100 seconds")
      const before = (yield* Blazz.sent).length
      assert.isAbove(before, 0)
      for (const kind of ["notice", "reply", "code"] as const) {
        yield* Message.say(id, kind, { to: "+62860999", text: kind })
      }
      yield* TestClock.adjust("30 seconds")
      const after = (yield* Blazz.sent).slice(before).map(({ text }) => text)
      assert.deepStrictEqual(
        after.filter((text) => !text.startsWith("Halo")),
        ["code", "reply", "notice"]
      )
      assert.isBelow(after.indexOf("code"), 3)
      assert.isAtMost(before + after.length, 203)
    }).pipe(
      Effect.provide(
        Blazz.blazz(startAt, { script: () => FakeMessenger.delay("1 second"), settings: { concurrency: 2, window: 4 } })
      )
    )
  })
})

describe("The maintenance of Blazz", () => {
  it.effect("measures every five minutes what is still to be sent", () => {
    const contacts = Array.from({ length: 20 }, (_, n) => ({ phone: numberOf(n), name: "Ayu" }))
    return Effect.gen(function* () {
      yield* Blazz.ask(request(0, { contacts, at: at(4) }))
      yield* TestClock.adjust("10 minutes")
      const outputs = (yield* Expect.occurrences("backlog.measure")).map(({ output }) => output)
      assert.deepStrictEqual(outputs, [
        "18 messages of 1 campaigns in 1 workspaces are open",
        "6 messages of 1 campaigns in 1 workspaces are open"
      ])
    }).pipe(
      Effect.provide(
        Blazz.blazz(startAt, { settings: { concurrency: 1 }, script: () => FakeMessenger.delay("25 seconds") })
      )
    )
  })

  it.effect("forgets what was answered three days ago, and nothing that waits", () =>
    Effect.gen(function* () {
      const { answer, get } = yield* Requests
      yield* Blazz.ask(request(0), request(1))
      yield* answer("request 0", { status: "planned" }, yield* Clock.currentTimeMillis)
      yield* TestClock.adjust("3 days")
      assert.strictEqual(yield* Maintenance.prune(), "0 requests are forgotten")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Maintenance.prune(), "1 requests are forgotten")
      assert.isNull(yield* get("request 0"))
      assert.isNotNull(yield* get("request 1"))
    }).pipe(Effect.provide(Blazz.world(startAt)))
  )
})
