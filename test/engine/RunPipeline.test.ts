import * as Frequency from "@fibercast/domain/Frequency"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Ledger } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

class NoRoom extends Schema.TaggedError<NoRoom>()("NoRoom", {}) {
  override get message(): string {
    return "the disk is full"
  }
}
class Disk extends Context.Service<Disk, { readonly free: number }>()("test/Disk") {}

describe("Code that a trigger runs", () => {
  it.effect("is told what it runs for", () => {
    const told: Array<unknown> = []
    const daily = Scheduled.run("daily", Frequency.dailyAt("07:00"), (run) => Effect.sync(() => told.push(run))).pipe(
      Scheduled.inWorkspace("school", { zone: "Asia/Jakarta" })
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 day")
      const [one] = yield* Expect.occurrences("daily")
      assert.isDefined(one)
      const { triggerId, workspaceId } = one
      const nominal = Date.UTC(2026, 0, 2, 0)
      const run = {
        name: "daily",
        nominal,
        wallTime: "2026-01-02 07:00",
        zone: "Asia/Jakarta",
        late: null,
        covers: null
      }
      assert.deepStrictEqual(told, [{ triggerId, workspaceId, ...run }])
    }).pipe(Effect.provide(Schedules.engine([daily], Schedules.sparse)))
  })

  it.effect("does not run for another workspace than its delivery's", () => {
    let ran = 0
    const daily = Scheduled.run(
      "daily",
      Frequency.daily,
      Effect.sync(() => ++ran)
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("nosy")
      const store = yield* TriggerStore
      const [trigger] = yield* store.list({ workspaceId: null })
      if (trigger?.definition.target._tag !== "Deliver") return assert.fail("it is not there")
      const { id: triggerId, workspaceId: victim, zone } = trigger
      const run = {
        triggerId,
        name: "daily",
        workspaceId: victim,
        nominal: 0,
        wallTime: "",
        zone,
        late: null,
        covers: null
      }
      const { lane, pipeline } = trigger.definition.target
      const now = yield* Clock.currentTimeMillis
      const delivery = { pipeline, lane, campaignId: null, dueAt: now, deadline: null, payload: JSON.stringify(run) }
      yield* (yield* Ledger).insert({ workspaceId, now, deliveries: [delivery] })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(ran, 0)
      yield* Expect.alerted("DeliveryFailed", 1)
    }).pipe(Effect.provide(Schedules.engine([daily])))
  })

  it.effect("gets what it requires from the layer", () => {
    const job = Scheduled.run(
      "job",
      Frequency.everyMinute,
      Effect.map(Disk, ({ free }) => `${free} bytes free`)
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 minute")
      const [one] = yield* Expect.occurrences("job")
      assert.strictEqual(one?.output ?? "", "7 bytes free")
    }).pipe(Effect.provide(Schedules.engine([job]).pipe(Layer.provide(Layer.succeed(Disk, Disk.of({ free: 7 }))))))
  })

  it.effect("is tried once unless told, and its failure is kept in words", () => {
    const { lines, note } = Schedules.diary()
    const job = Scheduled.run("job", Frequency.everyMinute, Effect.andThen(note("try"), Effect.fail(new NoRoom())))
    return Effect.gen(function* () {
      yield* TestClock.adjust("110 seconds")
      assert.deepStrictEqual(lines, ["00:01:00 try"])
      const [one] = yield* Expect.occurrences("job")
      assert.strictEqual(one?.state ?? "", "failed")
      assert.include(one?.failure ?? "", "the disk is full")
      yield* Expect.alerted("DeliveryFailed", 1)
    }).pipe(Effect.provide(Schedules.engine([job])))
  })

  it.effect("may take as long as it likes, or as long as it is told, each try", () => {
    const { lines, note } = Schedules.diary()
    const retry = RetryPolicy.after("10 seconds", { tries: 2 })
    const limited = Effect.onInterrupt(Effect.sleep("1 hour"), () => note("cut off"))
    const all = [
      Scheduled.run("long", Frequency.hourly, Effect.sleep("50 minutes")),
      Scheduled.run("limited", Frequency.hourlyAt(5), limited, { timeout: "90 seconds", retry })
    ]
    return Effect.gen(function* () {
      yield* TestClock.adjust("55 minutes")
      assert.deepStrictEqual(lines, ["00:06:30 cut off", "00:08:10 cut off"])
      const [one] = yield* Expect.occurrences("limited")
      assert.strictEqual(one?.failure ?? "", "not done in time")
      yield* TestClock.adjust("57 minutes")
      yield* Expect.ended("long", "completed", 1)
    }).pipe(Effect.provide(Schedules.engine(all)))
  })

  it.effect("that is not begun by its deadline expires: here, because the workspace is busy", () => {
    const { lines, note } = Schedules.diary()
    const all = [
      Scheduled.run("busy", Frequency.hourly, Effect.sleep("5 minutes"), { lane: "urgent" }),
      Scheduled.run("late", Frequency.hourly, note("late"), { lane: "bulk" }).pipe(Scheduled.deadline("1 minute"))
    ]
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 minutes")
      assert.deepStrictEqual(lines, [])
      yield* Expect.occurred("late", "fired", 1)
      yield* Expect.ended("late", "expired", 1)
    }).pipe(Effect.provide(Schedules.engine(all, { settings: { concurrency: 1 } })))
  })

  it("with a name that no trigger may have is a defect that says what names are", () => {
    assert.throws(
      () => Scheduled.run("Nightly Report", Frequency.daily, Effect.void),
      '"Nightly Report" cannot name a trigger: use 1 to 80 lower-case letters, digits, dots, dashes and underscores'
    )
  })
})
