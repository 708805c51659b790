import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerDefinition from "@fibercast/domain/TriggerDefinition"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Scheduler } from "@fibercast/engine/Scheduler"
import * as TriggerPut from "@fibercast/engine/TriggerPut"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

const Count = Pipeline.make("count", { payload: Schema.Number })
const job = (name: string, trigger = Frequency.everyMinute) => Scheduled.run(name, trigger, Effect.void)
const count = (payload: number) => Scheduled.dispatch("count", Frequency.everyMinute, Count, payload)

/** Starts a release of an app, and says what it changed; it runs until the scope closes. */
const release = Effect.fnUntraced(function* (scheduled: ReadonlyArray<Scheduled.Scheduled<never>>, app = "test") {
  const node = yield* TestNode.makeScheduling({ pipelines: [Count], scheduled, app, alone: false })
  const { reconciled } = yield* node.use(Scheduler)
  return { node, reconciled }
})
const named = Effect.map(
  Effect.flatMap(TriggerStore, (store) => store.list({ workspaceId: null })),
  (stored) => Object.fromEntries(stored.map((one) => [one.definition.trigger.name, one]))
)
const test = (
  name: string,
  body: Effect.Effect<void, unknown, Effect.Services<typeof named> | Effect.Services<ReturnType<typeof release>>>
) => it.effect(name, () => body.pipe(Effect.provide(Schedules.world())))

describe("What a release brings into the store", () => {
  test(
    "is added, changed, left as it is, or removed, and it says which",
    Effect.gen(function* () {
      const first = yield* release([job("a"), job("b"), job("c")])
      assert.deepStrictEqual(first.reconciled, { added: ["a", "b", "c"], changed: [], removed: [] })
      yield* first.node.stop
      const second = yield* release([job("a"), job("b", Frequency.hourly), job("d")])
      assert.deepStrictEqual(second.reconciled, { added: ["d"], changed: ["b"], removed: ["c"] })
      assert.deepStrictEqual(Object.keys(yield* named), ["a", "b", "d"])
    })
  )

  test(
    "comes back with its history when it was removed, and fires from then on",
    Effect.gen(function* () {
      const first = yield* release([job("a")])
      yield* TestClock.adjust("1 minute")
      const before = (yield* named)["a"]
      yield* first.node.stop
      const second = yield* release([])
      yield* TestClock.adjust("10 minutes")
      yield* second.node.stop
      const third = yield* release([job("a")])
      assert.deepStrictEqual(third.reconciled.added, ["a"])
      assert.strictEqual((yield* named)["a"]?.id, before?.id)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Schedules.history("a"), ["00:01:00 fired", "00:12:00 fired"])
    })
  )

  test(
    "stands where it stood when anything but its time changes; what fell due meanwhile is caught up with",
    Effect.gen(function* () {
      const first = yield* release([count(1), job("a")])
      yield* first.node.stop
      const before = yield* named
      yield* TestClock.adjust("10 minutes")
      const changed = job("a").pipe(
        Scheduled.description("what it is for"),
        Scheduled.misfire({ down: { _tag: "All", cap: 3, maxAge: null } })
      )
      const second = yield* release([count(2), changed])
      assert.deepStrictEqual(second.reconciled, { added: [], changed: ["a"], removed: [] })
      assert.strictEqual((yield* named)["a"]?.plannedFrom, before["a"]?.plannedFrom)
      yield* TestClock.adjust("10 seconds")
      yield* Expect.occurred("a", "late", 3, "down")
      yield* Expect.occurred("a", "missed", 6, "down")
      yield* Expect.occurred("count", "late", 1, "down")
    })
  )

  test(
    "of which the time has changed is planned from now on: nothing is made up for, and what was owed says so",
    Effect.gen(function* () {
      const first = yield* release([job("a", Frequency.hourly)])
      yield* first.node.stop
      yield* TestClock.adjust("150 minutes")
      yield* release([job("a", Frequency.everyThirtyMinutes)])
      yield* TestClock.adjust("31 minutes")
      assert.deepStrictEqual(yield* Schedules.history("a"), [
        "01:00:00 skipped (removed)",
        "02:00:00 skipped (removed)",
        "03:00:00 fired"
      ])
      const [change] = yield* Expect.occurrences("a")
      assert.strictEqual(change?.detail, "its time was changed")
    })
  )

  test(
    "and is not in the code any more records what it owed before it goes",
    Effect.gen(function* () {
      const first = yield* release([job("a", Frequency.hourly)])
      const store = yield* TriggerStore
      const id = (yield* named)["a"]?.id ?? assert.fail("it is not there")
      yield* first.node.stop
      yield* TestClock.adjust("150 minutes")
      assert.deepStrictEqual((yield* release([])).reconciled.removed, ["a"])
      const history = yield* store.history({ triggerId: id, before: null, limit: 10 })
      assert.deepStrictEqual(
        history.map(({ nominal, outcome, reason }) => `${Schedules.clockOf(nominal)} ${outcome} ${reason}`),
        ["02:00:00 skipped removed", "01:00:00 skipped removed"]
      )
    })
  )

  test(
    "of which the spread has changed keeps what is not due yet",
    Effect.gen(function* () {
      const first = yield* release([job("a", Frequency.hourly).pipe(Scheduled.spread("50 minutes"))])
      yield* TestClock.adjust("61 minutes")
      yield* first.node.stop
      yield* release([job("a", Frequency.hourly).pipe(Scheduled.spread("49 minutes"))])
      yield* TestClock.adjust("50 minutes")
      assert.deepStrictEqual(yield* Schedules.history("a"), ["01:00:00 fired"])
    })
  )

  test(
    "with a new time, on a node whose clock is behind, goes on from where the one ahead has come",
    Effect.gen(function* () {
      const ahead = { pipelines: [Count], app: "test", alone: false, skew: 90_000 }
      const first = yield* TestNode.makeScheduling({ ...ahead, scheduled: [job("a")] })
      yield* TestClock.adjust("2 minutes")
      yield* first.stop
      yield* release([job("a", Frequency.everyThirtySeconds)])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual((yield* Schedules.history("a")).slice(-3), [
        "00:03:00 fired",
        "00:03:30 fired",
        "00:04:00 fired"
      ])
    })
  )

  test(
    "leaves the triggers of other apps, and those defined at run time, alone",
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const trigger = Trigger.named("by-hand")(Frequency.hourly)
      const target = { _tag: "Deliver", pipeline: "count", payload: 1, lane: "normal" } as const
      const definition = TriggerDefinition.make(trigger, target)
      yield* TriggerPut.put({ workspaceId, app: null, definition, zone: "UTC" })
      yield* release([job("a")], "one")
      const { reconciled } = yield* release([job("b")], "two")
      assert.deepStrictEqual(reconciled, { added: ["b"], changed: [], removed: [] })
      assert.deepStrictEqual(Object.keys(yield* named).toSorted(), ["a", "b", "by-hand"])
      yield* TestClock.adjust("1 minute")
      yield* Expect.ran("a", 1)
      yield* Expect.ran("b", 1)
    })
  )

  test(
    "is not fired by an older release that still runs",
    Effect.gen(function* () {
      const older = yield* release([job("a")])
      const newer = yield* release([job("a"), job("b")])
      yield* newer.node.freeze
      yield* TestClock.adjust("3 minutes")
      yield* Expect.ran("a", 3)
      yield* Expect.ran("b", 0)
      yield* older.node.stop
      yield* newer.node.thaw
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Schedules.history("b"), [
        "00:01:00 missed (overloaded)",
        "00:02:00 late (overloaded)",
        "00:03:00 fired",
        "00:04:00 fired"
      ])
    })
  )

  test(
    "does not take a name from another app while that runs",
    Effect.gen(function* () {
      const shared = job("cleanup").pipe(Scheduled.inWorkspace("shared"))
      const other = yield* release([shared], "one")
      yield* TestEngine.catchUp
      const refused = yield* Effect.flip(release([shared], "two"))
      assert.strictEqual(
        refused.message,
        'the trigger "cleanup" in the workspace shared belongs to one, which is running; use another name or workspace'
      )
      assert.strictEqual((yield* named)["cleanup"]?.app, "one")
      yield* other.node.stop
      const { reconciled } = yield* release([shared], "two")
      assert.deepStrictEqual(reconciled.changed, ["cleanup"])
      assert.strictEqual((yield* named)["cleanup"]?.app, "two")
    })
  )

  test(
    "with two triggers of one name in a workspace is refused, and says which",
    Effect.gen(function* () {
      const error = yield* Effect.flip(release([count(1), count(2)]))
      assert.strictEqual(error.message, 'two triggers are named "count" in the workspace test; a name may be used once')
      assert.deepStrictEqual(yield* named, {})
    })
  )
})
