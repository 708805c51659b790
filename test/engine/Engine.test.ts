import { type Guarantee } from "@fibercast/domain/Campaign"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { AccountGates } from "@fibercast/engine/AccountGates"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { SendFailed } from "@fibercast/ports/Messenger"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, densest, engine, launchTo, now, phone, sendTimes, sentTo, world } from "./internal/Broadcasts.ts"

const sends = Effect.flatMap(FakeMessenger.FakeMessenger, ({ sent }) => sent)

/** What a first answer of this class leads to; every later answer is an acceptance. */
const table: ReadonlyArray<{
  readonly answer: ErrorClass
  readonly guarantee: Guarantee
  readonly state: FinalState
  /** Attempt numbers of the calls. */
  readonly attempts: ReadonlyArray<number>
}> = [
  { answer: "transient", guarantee: "at-least-once", state: "completed", attempts: [1, 2] },
  { answer: "transient", guarantee: "at-most-once", state: "completed", attempts: [1, 2] },
  { answer: "rateLimited", guarantee: "at-least-once", state: "completed", attempts: [1, 1] },
  { answer: "recipientPermanent", guarantee: "at-least-once", state: "failed", attempts: [1] },
  { answer: "messagePermanent", guarantee: "at-least-once", state: "failed", attempts: [1] },
  { answer: "campaignPermanent", guarantee: "at-least-once", state: "failed", attempts: [1] },
  { answer: "accountTransient", guarantee: "at-least-once", state: "completed", attempts: [1, 1] },
  { answer: "unknown", guarantee: "at-least-once", state: "completed", attempts: [1, 2] },
  { answer: "unknown", guarantee: "at-most-once", state: "unknown", attempts: [1] }
]

/** The first two answers take long. */
const slowAtFirst: FakeMessenger.Script = ({ number }) => FakeMessenger.delay(number <= 2 ? "20 seconds" : 0)

describe("Engine", () => {
  for (const { answer, attempts, guarantee, state } of table) {
    it.effect(`${guarantee}: an answer of class ${answer} ends as ${state} after ${attempts.length} calls`, () => {
      const pipeline = Pipeline.make("job", {
        payload: Schema.String,
        guarantee,
        retry: RetryPolicy.after("10 seconds", { tries: 3 })
      }).pipe(
        Pipeline.map((to) => ({ to, text: "Hello" })),
        Pipeline.send(FakeMessenger.FakeMessenger)
      )
      const layer = TestEngine.layer({ pipelines: [pipeline] }).pipe(
        Layer.provideMerge(FakeMessenger.FakeMessenger.layer(FakeMessenger.inTurn(FakeMessenger.fail(answer))))
      )
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        yield* Pipeline.dispatch(pipeline, { workspaceId, payload: phone(0) })
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(
          (yield* sends).map(({ attempt }) => attempt),
          attempts
        )
        yield* Expect.dispatched("job", 1)
        yield* Expect.settled(state, 1)
        yield* Expect.nothingOpen
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("an answer that the campaign itself is wrong holds the campaign with the reason, once", () => {
    const script = FakeMessenger.inTurn(
      FakeMessenger.fail("campaignPermanent", "the template is not approved"),
      FakeMessenger.fail("campaignPermanent", "the template is not approved")
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 50, { rate: { permits: 1, per: 1000 } })
      yield* TestClock.adjust("10 minutes")
      const held = yield* now(campaign)
      assert.deepInclude(held, { status: "paused", note: "the template is not approved" })
      assert.strictEqual((yield* sentTo).length, 1)
      assert.deepInclude(held.counts, { failed: 1, open: 49 })
      yield* Expect.alerted("CampaignHeld")
    }).pipe(Effect.provide(engine({ script })))
  })

  it.effect("an account that is dead costs two sends, is probed, and takes up everything once it is back", () => {
    let isBack = false
    const dead = new SendFailed({ errorClass: "accountTransient", reason: "the device is offline" })
    const account = { probe: Effect.suspend(() => (isBack ? Effect.void : Effect.fail(dead))) }
    const script = () => (isBack ? FakeMessenger.accept : Effect.fail(dead))
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 500)
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual((yield* sentTo).length, 2)
      assert.deepInclude(yield* now(campaign), { status: "running" })
      yield* Expect.alerted("AccountBroken")
      isBack = true
      yield* TestClock.adjust("20 minutes")
      const { counts, status } = yield* now(campaign)
      assert.strictEqual(status, "completed")
      assert.strictEqual(counts.completed, 500)
      assert.deepStrictEqual([...new Set((yield* sends).map(({ attempt }) => attempt))], [1])
    }).pipe(Effect.provide(engine({ script, account })))
  })

  it.effect("an account that is refused for good holds the campaign until an operator has repaired both", () => {
    let isRefused = true
    const script = () =>
      isRefused ? FakeMessenger.fail("accountFatal", "the token was revoked") : FakeMessenger.accept
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 100)
      yield* TestClock.adjust("1 hour")
      const held = yield* now(campaign)
      assert.deepInclude(held, { status: "paused", note: "the token was revoked" })
      assert.deepInclude(held.counts, { open: 100 })
      assert.isAtMost((yield* sentTo).length, 2)
      yield* Expect.alerted("CampaignHeld")
      yield* Expect.alerted("AccountBroken")

      isRefused = false
      yield* (yield* AccountGates).reset("fake:default")
      yield* (yield* Campaigns).resume(workspaceId, campaign.id)
      yield* TestClock.adjust("2 minutes")
      assert.deepInclude((yield* now(campaign)).counts, { completed: 100 })
    }).pipe(Effect.provide(engine({ script })))
  })

  it.effect("work of a pipeline that this node does not know waits, uncharged, for one that does", () =>
    Effect.gen(function* () {
      const Newer = Pipeline.make("newer", { payload: Schema.String, retry: RetryPolicy.never }).pipe(
        Pipeline.map((to) => ({ to, text: "Hello" })),
        Pipeline.send(FakeMessenger.FakeMessenger)
      )
      const workspaceId = yield* TestEngine.workspace()
      const old = yield* TestNode.make({ pipelines: [Announce] })
      yield* Pipeline.dispatch(Newer, { workspaceId, payload: phone(0) })
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* sendTimes, [])
      yield* old.stop
      yield* TestNode.make({ pipelines: [Announce, Newer] })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        (yield* sends).map(({ attempt, to }) => [to, attempt]),
        [[phone(0), 1]]
      )
      yield* Expect.settled("completed", 1)
    }).pipe(Effect.provide(world()))
  )

  it.effect("at-most-once: an account that hangs at first leaves in doubt only what it was given", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 100, { guarantee: "at-most-once" })
      yield* TestClock.adjust("5 minutes")
      const { counts } = yield* now(campaign)
      assert.deepInclude(counts, { completed: 98, unknown: 2, open: 0 })
      assert.strictEqual((yield* sentTo).length, 100)
    }).pipe(Effect.provide(engine({ script: FakeMessenger.inTurn(FakeMessenger.hang, FakeMessenger.hang) })))
  )

  it.effect(
    "a workspace's rate holds while the account is slow at first: what waited for it does not go out at once",
    () => {
      const rate = { permits: 10, per: 10_000 }
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate } })
        const campaign = yield* launchTo(workspaceId, 60)
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual((yield* now(campaign)).counts.completed, 60)
        assert.isAtMost(densest(yield* sendTimes, rate), rate.permits + 1)
      }).pipe(Effect.provide(engine({ script: slowAtFirst })))
    }
  )
})
