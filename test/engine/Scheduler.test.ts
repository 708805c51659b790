import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Scheduler } from "@fibercast/engine/Scheduler"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, pipe, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

const nothing = Effect.void
const rulesOf = (zone: string) => ZoneRules.fingerprint(Result.getOrThrow(ZoneRules.make(zone)))

describe("Scheduler", () => {
  it.effect("runs what is due when it is due, and records each tick once", () => {
    const { lines, note } = Schedules.diary()
    const tick = Scheduled.run("tick", Frequency.everyTenSeconds, note("tick"))
    return Effect.gen(function* () {
      yield* TestClock.adjust("35 seconds")
      assert.deepStrictEqual(lines, ["00:00:10 tick", "00:00:20 tick", "00:00:30 tick"])
      assert.deepStrictEqual(yield* Schedules.history("tick"), ["00:00:10 fired", "00:00:20 fired", "00:00:30 fired"])
      assert.deepStrictEqual(yield* Schedules.tallies("tick"), { fired: 3 })
      yield* Expect.ran("tick", 3)
      yield* Expect.ended("tick", "completed", 3)
    }).pipe(Effect.provide(Schedules.engine([tick])))
  })

  it.effect("does not fire what was due before it was defined, and fires the instant it begins with", () => {
    const tick = Scheduled.run("tick", Frequency.everyMinute, nothing)
    return Effect.gen(function* () {
      yield* TestEngine.catchUp
      assert.deepStrictEqual(yield* Schedules.history("tick"), ["00:00:00 fired"])
    }).pipe(Effect.provide(Schedules.engine([tick], { startAt: "2026-01-01T00:00:00Z" })))
  })

  it.effect(
    "records with each occurrence its zone, the fingerprint of the zone's rules, and when it was decided on",
    () => {
      const morning = Scheduled.run(
        "morning",
        pipe(Frequency.dailyAt("09:00"), Frequency.timezone("Asia/Jakarta")),
        nothing
      )
      return Effect.gen(function* () {
        yield* TestClock.adjust("3 hours")
        const [one] = yield* Expect.occurrences("morning")
        assert.isDefined(one)
        assert.strictEqual(one.zone, "Asia/Jakarta")
        assert.strictEqual(one.rules, rulesOf("Asia/Jakarta"))
        assert.strictEqual(Schedules.clockOf(one.nominal), "02:00:00")
        assert.strictEqual(one.recordedAt, one.nominal)
      }).pipe(Effect.provide(Schedules.engine([morning], Schedules.sparse)))
    }
  )

  it.effect("plans anew what was planned under other rules of its zone", () => {
    const morning = Scheduled.run(
      "morning",
      pipe(Frequency.dailyAt("09:00"), Frequency.timezone("Europe/Berlin")),
      nothing
    )
    return Effect.gen(function* () {
      const store = yield* TriggerStore
      const node = yield* TestNode.makeScheduling({ ...Schedules.sparse, pipelines: [], scheduled: [morning] })
      yield* node.stop
      const [stored] = yield* store.list({ workspaceId: null })
      assert.isDefined(stored)
      const { cursor, id: triggerId, revision } = stored
      // As an older time zone database had it: an hour later.
      const wrong = { nextDue: (stored.nextDue ?? 0) + 3_600_000, rules: "00000000" }
      const nothingElse = { busy: null, merging: null, occurrences: [], displace: false }
      const advance = { triggerId, revision, cursor, nextCursor: cursor, ...wrong, ...nothingElse }
      assert.deepStrictEqual(yield* store.record({ now: 0, advances: [advance] }), [triggerId])
      yield* TestNode.makeScheduling({ ...Schedules.sparse, pipelines: [], scheduled: [morning] })
      yield* TestClock.adjust("9 hours")
      assert.deepStrictEqual(yield* Schedules.history("morning"), ["08:00:00 fired"])
    }).pipe(Effect.provide(Schedules.world()))
  })

  it.effect("keeps to the second for a day, without drift", () => {
    const tick = Scheduled.run("tick", Trigger.every("45 seconds"), nothing)
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 day")
      const recorded = yield* Expect.occurrences("tick")
      assert.strictEqual(recorded.length, 1920)
      assert.isTrue(recorded.every(({ nominal, outcome, recordedAt }) => outcome === "fired" && recordedAt === nominal))
      assert.isTrue(recorded.every(({ nominal }) => nominal % 45_000 === 0))
    }).pipe(Effect.provide(Schedules.engine([tick], Schedules.sparse)))
  })

  it.effect("a trigger that fires once fires once, and has then ended", () => {
    const once = Scheduled.run("once", Result.getOrThrow(Trigger.onceAt("2026-01-01 00:00:30")), nothing)
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* Schedules.history("once"), ["00:00:30 fired"])
      const [stored] = yield* (yield* TriggerStore).list({ workspaceId: null })
      assert.strictEqual(stored?.nextDue, null)
    }).pipe(Effect.provide(Schedules.engine([once])))
  })

  it.effect("spreads runs by an amount of the trigger's own; the nominal time stays", () => {
    const { lines, note } = Schedules.diary()
    const spread = (name: string) =>
      Scheduled.run(name, Frequency.everyFiveMinutes, note(name)).pipe(Scheduled.spread("1 minute"))
    return Effect.gen(function* () {
      yield* TestClock.adjust("11 minutes")
      const recorded = [yield* Expect.occurrences("a"), yield* Expect.occurrences("b")].flat()
      assert.deepStrictEqual(
        recorded.map(({ nominal }) => Schedules.clockOf(nominal)),
        ["00:05:00", "00:10:00", "00:05:00", "00:10:00"]
      )
      const offsets = recorded.map(({ dueAt, nominal }) => dueAt - nominal)
      assert.strictEqual(offsets[0], offsets[1])
      assert.strictEqual(offsets[2], offsets[3])
      assert.notStrictEqual(offsets[0], offsets[2])
      assert.isTrue(recorded.every(({ dueAt, outcome, recordedAt }) => outcome === "fired" && recordedAt === dueAt))
      assert.strictEqual(lines.length, 4)
    }).pipe(Effect.provide(Schedules.engine([spread("a"), spread("b")])))
  })

  it.effect("goes by each workspace's zone, and runs each one's own code under one name", () => {
    const { lines, note } = Schedules.diary()
    const nightly = (workspace: string, zone: string) =>
      Scheduled.run("nightly", Frequency.dailyAt("12:00"), note(workspace)).pipe(
        Scheduled.inWorkspace(workspace, { zone })
      )
    const both = [nightly("jakarta", "Asia/Jakarta"), nightly("berlin", "Europe/Berlin")]
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(lines, ["05:00:00 jakarta", "11:00:00 berlin"])
    }).pipe(Effect.provide(Schedules.engine(both, Schedules.sparse)))
  })

  it.effect("passes only when told to, if it has no loop of its own", () => {
    const tick = Scheduled.run("tick", Frequency.everyMinute, nothing)
    return Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const nothingElse = { fired: 0, late: 0, skipped: 0, missed: 0, waiting: 0 }
      yield* TestClock.adjust("61 seconds")
      assert.deepStrictEqual(yield* Schedules.history("tick"), [])
      assert.deepStrictEqual(yield* scheduler.pass, { ...nothingElse, fired: 1 })
      yield* TestClock.adjust("170 seconds")
      assert.deepStrictEqual(yield* scheduler.pass, { ...nothingElse, late: 1, missed: 1 })
      assert.deepStrictEqual(yield* scheduler.pass, nothingElse)
    }).pipe(Effect.provide(Schedules.engine([tick], { loop: false })))
  })
})

describe("Dispatch by a trigger", () => {
  it.effect("makes a payload for each occurrence, on the lane asked for", () => {
    const got: Array<unknown> = []
    const Report = Pipeline.make("report", { payload: Schema.Struct({ day: Schema.String }), lane: "bulk" }).pipe(
      Pipeline.tap(({ day }, { delivery }) => Effect.sync(() => got.push([day, delivery.lane])))
    )
    const daily = Scheduled.dispatch("daily", Frequency.daily, Report, ({ wallTime }) => ({
      day: wallTime.slice(0, 10)
    }))
    const urgent = Scheduled.dispatch("urgent", Frequency.daily, Report, { day: "any" }, { lane: "urgent" })
    return Effect.gen(function* () {
      yield* TestClock.adjust("49 hours")
      assert.sameDeepMembers(got, [
        ["2026-01-02", "bulk"],
        ["2026-01-03", "bulk"],
        ["any", "urgent"],
        ["any", "urgent"]
      ])
    }).pipe(Effect.provide(Schedules.engine([daily, urgent], { ...Schedules.sparse, pipelines: [Report] })))
  })
})
