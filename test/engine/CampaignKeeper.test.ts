import { type CampaignId } from "@fibercast/domain/Campaign"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Announce, engine, launch, launchTo, now, people, sendTimes, sentTo } from "./internal/Broadcasts.ts"

/** An answer that needs time to pass. */
const within = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.Input) {
  const asking = yield* Effect.forkChild(effect)
  yield* TestClock.adjust(time)
  return yield* Fiber.join(asking)
})

/** Each send takes a second; ten at once. */
const slowly = engine({ script: () => FakeMessenger.delay("1 second"), settings: { concurrency: 10 } })

const attempts = Effect.gen(function* () {
  return (yield* (yield* FakeMessenger.FakeMessenger).sent).map(({ attempt }) => attempt)
})

/** Which campaigns there are. */
const slowToTell = (operation: string) => (operation === "active" ? Effect.sleep("100 millis") : Effect.void)

describe("CampaignKeeper", () => {
  it.effect("a pause says how long it took to silence and how many sends escaped, and nothing is sent after it", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 100)
      yield* TestClock.adjust("4500 millis")
      const before = (yield* sentTo).length
      const silence = yield* within((yield* Campaigns).pause(workspaceId, campaign.id, "wrong month"), "5 seconds")
      assert.strictEqual(silence.millis, 500)
      assert.strictEqual(silence.escaped, 10)
      assert.strictEqual((yield* sentTo).length, before)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* sentTo).length, before)
      const paused = yield* now(campaign)
      assert.deepInclude(paused, { status: "paused", note: "wrong month" })
      assert.strictEqual(paused.counts.completed, before)
      yield* Expect.balanced(workspaceId, campaign.id)
    }).pipe(Effect.provide(slowly))
  )

  it.effect("after a resume everybody else gets a message, on the first attempt", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 100)
      yield* TestClock.adjust("4500 millis")
      const campaigns = yield* Campaigns
      for (const _ of [1, 2, 3]) {
        yield* within(campaigns.pause(workspaceId, campaign.id), "5 minutes")
        yield* within(campaigns.resume(workspaceId, campaign.id), "1500 millis")
      }
      yield* TestClock.adjust("5 minutes")
      assert.deepInclude(yield* now(campaign), { status: "completed", note: null })
      assert.strictEqual(new Set(yield* sentTo).size, 100)
      assert.deepStrictEqual(
        yield* attempts,
        Array.from({ length: 100 }, () => 1)
      )
    }).pipe(Effect.provide(slowly))
  )

  it.effect("a campaign that is paused before its time sends nothing, and after a resume waits for its time", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaigns = yield* Campaigns
      const campaign = yield* launchTo(workspaceId, 5, { at: { wallTime: "1970-01-01 00:10", zone: "UTC" } })
      yield* within(campaigns.pause(workspaceId, campaign.id), "1 minute")
      yield* within(campaigns.resume(workspaceId, campaign.id), "1 minute")
      assert.strictEqual((yield* now(campaign)).status, "scheduled")
      assert.deepStrictEqual(yield* sendTimes, [])
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(
        yield* sendTimes,
        Array.from({ length: 5 }, () => 600_000)
      )
      assert.strictEqual((yield* now(campaign)).status, "completed")
    }).pipe(Effect.provide(engine()))
  )

  it.effect("a campaign that is due soon after another begins at its instant, however seldom its keeper looks", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      for (const second of [0, 3, 5]) {
        yield* launch(workspaceId, {
          name: `at ${second}`,
          at: { wallTime: `2026-01-01 01:00:0${second}`, zone: "UTC" },
          audience: { _tag: "Inline", rows: people(1, second) }
        })
      }
      yield* TestClock.adjust("61 minutes")
      const begin = Date.UTC(2026, 0, 1, 1)
      assert.deepStrictEqual(yield* sendTimes, [begin, begin + 3000, begin + 5000])
    }).pipe(Effect.provide(engine({ startAt: "2026-01-01T00:00:00Z", settings: { poll: 60_000, idle: 86_400_000 } })))
  )

  it.effect("a campaign that is paused does not hold up another one of its workspace", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* launchTo(workspaceId, 50, { name: "first" })
      yield* within((yield* Campaigns).pause(workspaceId, first.id), "2 seconds")
      const second = yield* launch(workspaceId, { name: "second", audience: { _tag: "Inline", rows: people(50, 50) } })
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* now(first)).status, "paused")
      assert.strictEqual((yield* now(second)).status, "completed")
    }).pipe(Effect.provide(slowly))
  )

  it.effect("a cancel lets what is under way end, cancels the rest, and the counts add up", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 100)
      yield* TestClock.adjust("4500 millis")
      const before = (yield* sentTo).length
      const silence = yield* within((yield* Campaigns).cancel(workspaceId, campaign.id, "wrong month"), "5 seconds")
      assert.deepStrictEqual(silence, { status: "cancelled", millis: 500, escaped: 10, cancelled: 100 - before })
      yield* TestClock.adjust("1 minute")
      const cancelled = yield* now(campaign)
      assert.deepInclude(cancelled, { status: "cancelled", note: "wrong month" })
      assert.deepInclude(cancelled.counts, { completed: before, cancelled: 100 - before, open: 0 })
      assert.strictEqual((yield* sentTo).length, before)
      yield* Expect.balanced(workspaceId, campaign.id)
    }).pipe(Effect.provide(slowly))
  )

  it.effect("a cancel while the audience is being read adds nobody, and the reading ends", () => {
    let isRead = false
    const slow = Stream.tap(TestEngine.audience(people(5000)).rows(0), ({ row }) =>
      row % 1000 === 0 ? Effect.sleep("1 second") : Effect.void
    )
    const students = {
      ...TestEngine.audience(people(5000)),
      rows: () =>
        Stream.ensuring(
          slow,
          Effect.sync(() => (isRead = true))
        )
    }
    const rate = { permits: 1, per: 1000 }
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { audience: { _tag: "Named", name: "students" }, rate })
      yield* TestClock.adjust("100 millis")
      const { id: campaignId } = campaign
      const move = { workspaceId, campaignId, from: ["scheduled"], to: "cancelled", note: null, now: 0 } as const
      yield* (yield* CampaignStore).transition(move)
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(isRead)
      assert.deepInclude((yield* now(campaign)).counts, { planned: 0, open: 0 })
    }).pipe(Effect.provide(engine({ audiences: { students } })))
  })

  for (const [which, unreadable] of [
    ["was read first", 0],
    ["comes after a page of nobody to write to", 1000]
  ] as const) {
    it.effect(`who ${which} is sent to at once, however long the rest of the audience takes to be read`, () => {
      const everyone = [...people(unreadable).map((person) => ({ ...person, phone: "none" })), ...people(2000)]
      const audience = TestEngine.audience(everyone)
      const rows = Stream.tap(audience.rows(0), ({ row }) =>
        row === unreadable + 1001 ? Effect.sleep("1 hour") : Effect.void
      )
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        yield* launch(workspaceId, { audience: { _tag: "Named", name: "students" } })
        yield* TestClock.adjust("30 minutes")
        assert.deepStrictEqual(
          yield* sendTimes,
          Array.from({ length: 1000 }, () => 0)
        )
      }).pipe(
        Effect.provide(
          engine({ audiences: { students: { ...audience, rows: () => rows } }, settings: { poll: 60_000 } })
        )
      )
    })
  }

  it.effect("a campaign is completed with its last message, however seldom its keeper looks", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 25)
      yield* TestClock.adjust("3999 millis")
      assert.deepInclude(yield* now(campaign), { status: "running" })
      yield* TestClock.adjust("50 millis")
      assert.deepInclude(yield* now(campaign), { status: "completed" })
    }).pipe(
      Effect.provide(
        engine({ script: () => FakeMessenger.delay("1 second"), settings: { concurrency: 10, poll: 60_000 } })
      )
    )
  )

  it.effect("a campaign is completed also when its last message ends while its keeper learns that all are read", () => {
    const unreadable = people(998).map((person) => ({ ...person, phone: "none" }))
    const audience = TestEngine.audience([...unreadable, ...people(2)])
    const end = Stream.fromEffectDrain(Effect.sleep("1050 millis"))
    const students = { ...audience, rows: () => Stream.concat(audience.rows(0), end) }
    const stores = Interposed.layerStores({ after: slowToTell }).pipe(
      Layer.provideMerge(TestEngine.layerStores({ audiences: { students } }))
    )
    const slow = FakeMessenger.FakeMessenger.layer(() => FakeMessenger.delay("1 second"))
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { audience: { _tag: "Named", name: "students" } })
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf(yield* sendTimes, 2)
      assert.deepInclude(yield* now(campaign), { status: "completed" })
    }).pipe(
      Effect.provide(
        TestEngine.layerEngine({ pipelines: [Announce], settings: { poll: 60_000 } }).pipe(
          Layer.provideMerge(Layer.merge(stores, slow))
        )
      )
    )
  })

  it.effect("a campaign is completed with the last of its retries, however seldom its keeper looks", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 5)
      yield* TestClock.adjust("10 minutes")
      const done = yield* now(campaign)
      assert.deepInclude(done, { status: "completed" })
      assert.strictEqual(done.counts.completed, 5)
      const last = Math.max(...(yield* sendTimes))
      assert.isBelow((done.completedAt ?? Infinity) - last, 1000)
    }).pipe(
      Effect.provide(
        engine({
          script: ({ attempt }) => (attempt === 1 ? FakeMessenger.fail("transient", "offline") : FakeMessenger.accept),
          settings: { poll: 45_000 }
        })
      )
    )
  )

  it.effect("a cancel reaches retries that wait for their time", () => {
    const offline = engine({ script: () => FakeMessenger.fail("transient", "offline") })
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 5)
      yield* TestClock.adjust("30 seconds")
      const silence = yield* within((yield* Campaigns).cancel(workspaceId, campaign.id), "1 second")
      assert.strictEqual(silence.cancelled, 5)
      yield* TestClock.adjust("10 minutes")
      assert.deepInclude((yield* now(campaign)).counts, { cancelled: 5, open: 0 })
      assert.strictEqual((yield* sentTo).length, 5)
    }).pipe(Effect.provide(offline))
  })

  it.effect("a retry that fails after the cancel is not tried again", () => {
    const offline = engine({
      script: () => FakeMessenger.delay("5 seconds", FakeMessenger.fail("transient", "offline"))
    })
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 2)
      yield* TestClock.adjust("1 second")
      yield* within((yield* Campaigns).cancel(workspaceId, campaign.id), "10 seconds")
      yield* TestClock.adjust("10 minutes")
      assert.deepInclude((yield* now(campaign)).counts, { cancelled: 2, open: 0 })
      assert.strictEqual((yield* sentTo).length, 2)
    }).pipe(Effect.provide(offline))
  })

  it.effect("commands for a campaign that is not there, or not of this workspace, are refused", () =>
    Effect.gen(function* () {
      const mine = yield* launchTo(yield* TestEngine.workspace("mine"), 1)
      const theirs = yield* TestEngine.workspace("theirs")
      const refused = (id: CampaignId) =>
        Effect.flatMap(Campaigns, (campaigns) => Effect.flip(campaigns.pause(theirs, id)))
      assert.strictEqual((yield* within(refused(mine.id), "1 second"))._tag, "CampaignNotFound")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* now(mine)).status, "completed")
    }).pipe(Effect.provide(engine()))
  )

  it.effect("a campaign whose time has passed and that cannot start raises one alarm, a minute late", () => {
    const students = { ...TestEngine.audience(people(1)), rows: () => Stream.never }
    return Effect.gen(function* () {
      yield* launch(yield* TestEngine.workspace(), { audience: { _tag: "Named", name: "students" } })
      yield* TestClock.adjust("1 minute")
      yield* Expect.alerted("CampaignOverdue", 0)
      yield* TestClock.adjust("2 seconds")
      yield* Expect.alerted("CampaignOverdue")
      yield* TestClock.adjust("1 hour")
      yield* Expect.alerted("CampaignOverdue")
    }).pipe(Effect.provide(engine({ audiences: { students } })))
  })

  it.effect("a campaign of which more than the allowed share fails raises one alarm", () => {
    const failing = engine({
      script: ({ number }) =>
        number % 5 === 0 ? FakeMessenger.fail("recipientPermanent", "no such number") : FakeMessenger.accept
    })
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 200, { rate: { permits: 10, per: 1000 } })
      yield* TestClock.adjust("1 minute")
      assert.deepInclude((yield* now(campaign)).counts, { completed: 160, failed: 40 })
      yield* Expect.alerted("HighFailureRate")
    }).pipe(Effect.provide(failing))
  })

  it.effect("a pause that comes before a new owner has looked at the campaign lets nothing out", () => {
    let slow = false
    const before = (operation: string) =>
      !slow
        ? Effect.void
        : operation === "attemptsSince" || operation === "active"
          ? Effect.sleep("2 seconds")
          : Effect.void
    const stores = Interposed.layerStores({ before }).pipe(Layer.provideMerge(TestEngine.layerStores()))
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const node = TestNode.make({ pipelines: [Announce], settings: { concurrency: 10 } })
      const former = yield* node
      yield* former.use(launchTo(workspaceId, 50, { name: "paced", rate: { permits: 1, per: 1000 } }))
      const plain = yield* former.use(launchTo(workspaceId, 100, { name: "plain" }))
      yield* TestClock.adjust("3 seconds")
      yield* former.kill
      slow = true
      const next = yield* node
      yield* TestClock.adjust("2500 millis")
      const pause = Effect.flatMap(Campaigns, (campaigns) => campaigns.pause(workspaceId, plain.id))
      const pausing = yield* Effect.forkChild(next.use(pause))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(pausing)).status, "paused")
      const before = (yield* now(plain)).counts.open
      const sent = (yield* (yield* FakeMessenger.FakeMessenger).sent).length
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* now(plain)).counts.open, before)
      assert.isAtMost((yield* (yield* FakeMessenger.FakeMessenger).sent).length, sent + 10)
    }).pipe(
      Effect.provide(
        Layer.merge(
          stores,
          FakeMessenger.FakeMessenger.layer(() => FakeMessenger.delay("1 second"))
        )
      )
    )
  })

  it.effect("a refusal of the campaign itself holds it before another of its messages goes out", () => {
    const refused = engine({ script: () => FakeMessenger.fail("campaignPermanent", "no such template") })
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 100, { rate: { permits: 1, per: 1000 } })
      yield* TestClock.adjust("1 minute")
      assert.deepInclude(yield* now(campaign), { status: "paused", note: "no such template" })
      assert.strictEqual((yield* sentTo).length, 1)
      yield* Expect.alerted("CampaignHeld")
    }).pipe(Effect.provide(refused))
  })
})
