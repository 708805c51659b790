import { DeliveryId } from "@fibercast/domain/Delivery"
import { type Lane } from "@fibercast/domain/Lane"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import { defaults } from "@fibercast/engine/EngineConfig"
import { momentOf, Ownership } from "@fibercast/engine/Ownership"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Sender from "@fibercast/engine/Sender"
import { type Task } from "@fibercast/engine/Flow"
import { Window } from "@fibercast/engine/Window"
import * as Expect from "@fibercast/testkit/Expect"
import { FakeMessenger } from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, densest, engine, launch, launchTo, now, people, phone, sendTimes } from "./internal/Broadcasts.ts"

/** A job whose text says which lane it came through. */
const Job = Pipeline.make("job", { payload: Schema.Struct({ to: Schema.String, text: Schema.String }) }).pipe(
  Pipeline.send(FakeMessenger)
)

const both = TestEngine.layer({ pipelines: [Announce, Job] }).pipe(Layer.provideMerge(FakeMessenger.layer()))

const dispatch = (workspaceId: WorkspaceId, lane: Lane, count: number, from = 0) => {
  const payloads = Array.from({ length: count }, (_, n) => ({ to: phone(from + n), text: lane }))
  return Effect.andThen(Pipeline.dispatchMany(Job, { workspaceId, lane, payloads }), TestEngine.catchUp)
}

const sends = Effect.flatMap(FakeMessenger, ({ sent }) => sent)

/** A window that holds twenty deliveries, of which ten may be under way, and what a sender of it needs. */
const given = Effect.gen(function* () {
  const window = new Window(WorkspaceId.make(1), 100)
  const flow = window.flow({ lane: "bulk", campaignId: null }, () => ({
    campaign: null,
    silenced: false,
    limiters: []
  }))
  const source = { pipeline: "job", lane: "bulk", campaignId: null, attempt: 0, rescues: 0, batchId: null } as const
  const deliveries = Array.from({ length: 20 }, (_, n) => ({
    ...source,
    id: DeliveryId.make(BigInt(n + 1)),
    dueAt: 0,
    deadline: null,
    payload: "{}"
  }))
  window.admit(flow, { claimId: 1n, claimedAt: 0, deliveries })
  const clock = yield* Clock.Clock
  const ownership = new Ownership({
    workspaceId: window.workspaceId,
    epoch: Epoch.make(1),
    lease: 86_400_000,
    clock,
    since: momentOf(clock)
  })
  const options = {
    isKnown: () => true,
    window,
    ownership,
    settings: defaults,
    slots: { ordinary: 10, most: 10 },
    mustMark: () => false,
    expire: () => undefined
  }
  return { window, flow, options }
})

describe("Sender", () => {
  for (const rate of [
    { permits: 1, per: 2000 },
    { permits: 7, per: 1000 },
    { permits: 100, per: 60_000 },
    { permits: 50, per: 1000 }
  ]) {
    const name = `${rate.permits} every ${rate.per} ms`
    it.effect(`a workspace's rate of ${name} holds in every window, over all its campaigns, and is used`, () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate } })
        yield* launchTo(workspaceId, 150, { name: "one" })
        yield* launch(workspaceId, { name: "two", audience: { _tag: "Inline", rows: people(150, 500) } })
        yield* TestClock.adjust("1 minute")
        const times = yield* sendTimes
        assert.strictEqual(densest(times, rate), Math.min(rate.permits, times.length))
        const expected = Math.min(300, (60_000 / rate.per) * rate.permits)
        assert.isAtLeast(times.length, Math.floor(expected * 0.98))
        assert.isAtMost(times.length, expected + 1)
      }).pipe(Effect.provide(engine()))
    )
  }

  it.effect("a campaign's own rate holds within the workspace's", () =>
    Effect.gen(function* () {
      const workspaceRate = { permits: 10, per: 1000 }
      const rate = { permits: 3, per: 1000 }
      const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate: workspaceRate } })
      yield* launchTo(workspaceId, 60, { name: "slow", rate })
      yield* launch(workspaceId, { name: "fast", audience: { _tag: "Inline", rows: people(60, 500) } })
      yield* TestClock.adjust("1 minute")
      const all = yield* sends
      const slow = all.filter(({ to }) => to < phone(500)).map(({ at }) => at)
      assert.strictEqual(densest(slow, rate), rate.permits)
      assert.strictEqual(
        densest(
          all.map(({ at }) => at),
          workspaceRate
        ),
        workspaceRate.permits
      )
      assert.lengthOf(all, 120)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(engine()))
  )

  it.effect("a campaign with a slow rate does not delay another one of its workspace", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const slow = yield* launchTo(workspaceId, 60, { name: "slow", rate: { permits: 1, per: 60_000 } })
      const fast = yield* launch(workspaceId, { name: "fast", audience: { _tag: "Inline", rows: people(1000, 500) } })
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* now(fast)).status, "completed")
      assert.strictEqual((yield* now(slow)).counts.completed, 1)
    }).pipe(Effect.provide(engine()))
  )

  it.effect("urgent work overtakes a backlog of bulk work: it takes the next start", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate: { permits: 1, per: 1000 } } })
      yield* dispatch(workspaceId, "bulk", 1000)
      yield* TestClock.adjust("10500 millis")
      yield* dispatch(workspaceId, "urgent", 1, 5000)
      yield* TestClock.adjust("1 minute")
      const urgent = (yield* sends).filter(({ text }) => text === "urgent").map(({ at }) => at)
      assert.lengthOf(urgent, 1)
      assert.isAtMost(urgent[0] ?? Infinity, 12_000)
    }).pipe(Effect.provide(both))
  )

  it.effect("while every lane has work, each gets its share and none starves", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate: { permits: 15, per: 1000 } } })
      const lanes: ReadonlyArray<Lane> = ["bulk", "normal", "high", "urgent"]
      for (const [index, lane] of lanes.entries()) yield* dispatch(workspaceId, lane, 1000, index * 1000)
      yield* TestClock.adjust("1 minute")
      const all = yield* sends
      const share = (lane: Lane) => all.filter(({ text }) => text === lane).length / all.length
      for (const [lane, weight] of [
        ["urgent", 8],
        ["high", 4],
        ["normal", 2],
        ["bulk", 1]
      ] as const) {
        assert.approximately(share(lane), weight / 15, 0.02, lane)
      }
    }).pipe(Effect.provide(both))
  )

  it.effect("two campaigns of one lane advance together", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate: { permits: 10, per: 1000 } } })
      yield* launchTo(workspaceId, 300, { name: "one" })
      yield* launch(workspaceId, { name: "two", audience: { _tag: "Inline", rows: people(300, 500) } })
      yield* TestClock.adjust("20 seconds")
      const all = yield* sends
      const first = all.filter(({ to }) => to < phone(500)).length
      assert.approximately(first / all.length, 0.5, 0.1)
    }).pipe(Effect.provide(engine()))
  )

  it.effect("a workspace with a huge backlog does not delay a quiet one", () =>
    Effect.gen(function* () {
      const noisy = yield* TestEngine.workspace("noisy", { limits: { rate: { permits: 20, per: 1000 } } })
      const quiet = yield* TestEngine.workspace("quiet")
      yield* dispatch(noisy, "urgent", 5000)
      yield* TestClock.adjust("5 seconds")
      yield* dispatch(quiet, "bulk", 1, 9000)
      const at = (yield* sends).filter(({ text }) => text === "bulk").map(({ at }) => at)
      assert.deepStrictEqual(at, [5000])
    }).pipe(Effect.provide(both))
  )

  it.effect("a campaign's own rate counts its own messages only, however many others went out before", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* launchTo(workspaceId, 100, { name: "first" })
      yield* TestClock.adjust("2 seconds")
      const rate = { permits: 10, per: 86_400_000 }
      yield* launch(workspaceId, { name: "second", rate, audience: { _tag: "Inline", rows: people(5, 500) } })
      yield* TestClock.adjust("2 seconds")
      assert.isAtLeast((yield* sends).length, 101)
    }).pipe(Effect.provide(engine()))
  )

  it.effect("a sender that is stopped while it hands work over hands over all that it took", () =>
    Effect.gen(function* () {
      const { flow, options, window } = yield* given
      const started: Array<Task> = []
      const sender = yield* Effect.forkChild(
        Sender.run({
          ...options,
          start: (_flow, tasks) =>
            Effect.forEach(
              tasks,
              (task) =>
                Effect.andThen(
                  Effect.sync(() => started.push(task)),
                  Effect.yieldNow
                ),
              { discard: true }
            )
        })
      )
      while (started.length < 3) yield* Effect.yieldNow
      yield* Fiber.interrupt(sender)
      assert.strictEqual(started.length + window.queued(flow), 20)
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )

  it.effect("what is to go together waits until enough has ended, however long that takes", () =>
    Effect.gen(function* () {
      const { options, window } = yield* given
      const runs: Array<ReadonlyArray<Task>> = []
      let asked = 0
      yield* Effect.forkChild(
        Sender.run({
          ...options,
          runOf: (_flow, most) => {
            asked++
            return most < 8 ? 0 : 8
          },
          start: (_flow, tasks) => Effect.sync(() => runs.push(tasks))
        })
      )
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(
        runs.map(({ length }) => length),
        [8]
      )
      const soFar = asked
      yield* TestEngine.catchUp
      assert.strictEqual(asked, soFar)
      const [first = []] = runs
      window.ended(...first.slice(0, 5))
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(runs, 1)
      window.ended(...first.slice(5, 6))
      yield* TestEngine.catchUp
      assert.deepStrictEqual(
        runs.map(({ length }) => length),
        [8, 8]
      )
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )
})
