import * as Broadcast from "@fibercast/engine/Broadcast"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { Ledger } from "@fibercast/ports/Ledger"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, launchTo } from "./internal/Broadcasts.ts"

/** A job takes as long as it says. */
const Job = Pipeline.make("job", {
  payload: Schema.Struct({ minutes: Schema.Number, fails: Schema.optional(Schema.Boolean) }),
  retry: RetryPolicy.after("1 hour", { tries: 3 }),
  timeout: "1 day"
}).pipe(
  Pipeline.mapEffect(({ fails, minutes }) =>
    Effect.andThen(Effect.sleep(minutes * 60_000), fails === true ? Effect.fail(new Error("not now")) : Effect.void)
  )
)

const Slow = Broadcast.make("slow", FakeMessenger.FakeMessenger, { timeout: "2 hours" })

const world = (
  settings: TestEngine.Options<never>["settings"] = {},
  script?: FakeMessenger.Script,
  account?: FakeMessenger.Options
) =>
  TestEngine.layer({ pipelines: [Announce, Job, Slow], settings }).pipe(
    Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script, account))
  )

/** On a ledger whose next due time is that of a claimed delivery, which it may be. */
const naming = (script: FakeMessenger.Script) =>
  TestEngine.layerEngine({ pipelines: [Slow] }).pipe(
    Layer.provideMerge(
      Layer.effect(
        Ledger,
        Effect.map(Ledger, (ledger) =>
          Ledger.of({
            ...ledger,
            nextDue: (asked) => (asked.source.campaignId === null ? ledger.nextDue(asked) : Effect.succeed(0))
          })
        )
      )
    ),
    Layer.provideMerge(TestEngine.layerStores()),
    Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script))
  )

const jobs = Effect.fnUntraced(function* (
  minutes: ReadonlyArray<number>,
  options: { readonly fails?: boolean; readonly lane?: "urgent" | "normal" } = {}
) {
  const workspaceId = yield* TestEngine.workspace()
  const { fails = false, lane = "normal" } = options
  yield* Pipeline.dispatchMany(Job, { workspaceId, lane, payloads: minutes.map((minutes) => ({ minutes, fails })) })
  yield* TestEngine.catchUp
  return workspaceId
})

/** What was raised: the lane, how long it had waited in minutes, and what for. */
const waits = Effect.map(
  Effect.flatMap(MemoryAlerts, ({ raised }) => raised),
  (alerts) =>
    alerts.flatMap((alert) =>
      alert._tag === "LongWait" ? [[alert.lane, alert.waitedMillis / 60_000, alert.reason]] : []
    )
)

describe("work that waits too long", () => {
  it.effect("raises one alarm for its lane, and another only after none has waited so long", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const slow = { rate: { permits: 1, per: 60_000 }, lane: "high" as const }
      yield* launchTo(workspaceId, 20, { ...slow, name: "first" })
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* waits, [])
      yield* TestClock.adjust("30 minutes")
      assert.deepStrictEqual(yield* waits, [["high", 6, "its rate lets out no more"]])
      yield* Expect.settled("completed", 20)
      yield* launchTo(workspaceId, 20, { ...slow, name: "second" })
      yield* TestClock.adjust("30 minutes")
      assert.strictEqual((yield* waits).length, 2)
    }).pipe(Effect.provide(world()))
  )

  it.effect("counts what was paused, and says so; what is being sent does not wait", () =>
    Effect.gen(function* () {
      const workspaceId = yield* jobs([60])
      const campaign = yield* launchTo(workspaceId, 20, { rate: { permits: 1, per: 60_000 }, lane: "bulk" })
      yield* TestClock.adjust("90 seconds")
      yield* (yield* Campaigns).pause(workspaceId, campaign.id, "the head said so")
      yield* TestClock.adjust("20 minutes")
      assert.deepStrictEqual(yield* waits, [["bulk", 6, `campaign ${campaign.id} is paused, the head said so`]])
    }).pipe(Effect.provide(world()))
  )

  it.effect("says that others take all the places", () =>
    Effect.gen(function* () {
      yield* jobs([60, 60, 60])
      yield* TestClock.adjust("20 minutes")
      assert.deepStrictEqual(yield* waits, [["normal", 6, "as many sends are under way as may be, 2"]])
    }).pipe(Effect.provide(world({ concurrency: 2 })))
  )

  it.effect("says that its account takes nothing", () =>
    Effect.gen(function* () {
      yield* jobs([60])
      const workspaceId = yield* TestEngine.workspace()
      yield* launchTo(workspaceId, 20, { lane: "bulk" })
      yield* TestClock.adjust("20 minutes")
      const [alert, ...more] = yield* waits
      assert.deepStrictEqual(more, [])
      assert.strictEqual(alert?.[0], "bulk")
      assert.match(String(alert?.[2]), /^its account takes nothing /u)
    }).pipe(
      Effect.provide(world({ concurrency: 4 }, () => FakeMessenger.fail("accountTransient", "the device is off")))
    )
  )

  it.effect("is told of where senders are apart, and none of them takes what is handed over", () =>
    Effect.gen(function* () {
      yield* jobs([0])
      yield* TestSenders.makeEngine({ pipelines: [Job] })
      yield* Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), TestEngine.catchUp), { times: 420 })
      assert.deepStrictEqual(yield* waits, [["normal", 6, "it is handed over, and no sender has taken it"]])
    }).pipe(
      Effect.provide(
        Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(), TestSenders.layerBetween)
      )
    )
  )

  it.effect("is told after as long as the settings say", () =>
    Effect.gen(function* () {
      yield* jobs([60, 60])
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* waits).length, 1)
    }).pipe(Effect.provide(world({ concurrency: 1, longWait: 10_000 })))
  )
})

describe("no alarm is raised", () => {
  it.effect("of what runs for long, is put off until later, or is not due yet", () =>
    Effect.gen(function* () {
      const workspaceId = yield* jobs([300])
      yield* jobs([0], { fails: true })
      yield* launchTo(workspaceId, 5, { at: { wallTime: "1970-01-01T02:00:00", zone: "UTC" } })
      // Whatever wakes it meanwhile.
      for (let minute = 0; minute < 100; minute++) {
        yield* jobs([0.001], { lane: "urgent" })
        yield* TestClock.adjust("1 minute")
      }
      assert.deepStrictEqual(yield* waits, [])
      yield* Expect.settled("completed", 100)
    }).pipe(Effect.provide(world()))
  )

  it.effect("of what is being sent while its campaign is paused", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 1, { pipeline: Slow.name })
      const pausing = yield* Effect.forkChild((yield* Campaigns).pause(workspaceId, campaign.id))
      yield* TestClock.adjust("40 minutes")
      assert.deepStrictEqual(yield* waits, [])
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual((yield* Fiber.join(pausing)).status, "paused")
    }).pipe(Effect.provide(naming(() => FakeMessenger.delay("50 minutes"))))
  )

  it.effect("of what waited while nobody worked, if it is worked now", () =>
    Effect.gen(function* () {
      const node = TestNode.make({ pipelines: [Job] })
      yield* jobs(Array.from({ length: 400 }, () => 1))
      yield* TestClock.adjust("1 hour")
      const one = yield* node
      yield* one.use(TestClock.adjust("10 minutes"))
      assert.deepStrictEqual(yield* waits, [])
      yield* Expect.settled("completed", 400)
    }).pipe(Effect.provide(Layer.merge(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer())))
  )
})
