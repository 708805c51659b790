import * as Frequency from "@fibercast/domain/Frequency"
import * as Planner from "@fibercast/domain/Planner"
import * as Trigger from "@fibercast/domain/Trigger"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as Expect from "@fibercast/testkit/Expect"
import { assert, describe, it } from "@effect/vitest"
import { Effect, pipe, Result } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

const { at, dailyAt, days, monthlyOn, timezone, weekdays, weeklyOn } = Frequency
const sundays = days("sunday")
const inZone = (zone: string, trigger: Trigger.Trigger) => timezone(zone)(trigger)

/** Forty triggers: every kind of time, and zones that change their clocks on both hemispheres, by half an hour, or never. */
const triggers: ReadonlyArray<Trigger.Trigger> = [
  Frequency.daily,
  Frequency.weekly,
  Frequency.monthly,
  Frequency.quarterly,
  Frequency.yearly,
  monthlyOn(28, "23:59:59"),
  weeklyOn(["tuesday", "friday"], "08:30"),
  monthlyOn(31, "12:00"),
  Frequency.twiceMonthly(1, 16, "06:15"),
  Frequency.lastDayOfMonth("18:00"),
  Frequency.daysOfMonth([5, 29, 30], "01:00"),
  Frequency.yearlyOn(2, 29, "10:00"),
  Frequency.quarterlyOn(15, "07:00"),
  weekdays(dailyAt("09:00")),
  pipe(Frequency.daily, days("monday", "wednesday")),
  pipe(Frequency.weekly, at("13:00")),
  pipe(Frequency.hourly, Frequency.between("09:00", "10:00"), sundays),
  pipe(Frequency.everySixHours(), Frequency.unlessBetween("05:00", "13:00"), sundays),
  Frequency.cron("0 12 1 * 1"),
  Frequency.cron("15 10 ? * 6#3"),
  Frequency.cron("0 0 L * *"),
  Trigger.every("36 hours"),
  Trigger.every("7 days", { anchor: Date.UTC(2026, 0, 5, 3) }),
  Trigger.once(Date.UTC(2026, 6, 14, 12)),
  inZone("Europe/Paris", Result.getOrThrow(Trigger.onceAt("2026-03-29 02:30"))),
  inZone("Europe/Berlin", weeklyOn("sunday", "02:30")),
  pipe(inZone("Europe/Berlin", weeklyOn("sunday", "02:15")), Trigger.gap("skip"), Trigger.fold("both")),
  pipe(inZone("Europe/Berlin", weeklyOn("sunday", "02:45")), Trigger.gap("at-end"), Trigger.fold("second")),
  inZone("America/New_York", weeklyOn("sunday", "01:30")),
  pipe(inZone("America/New_York", weeklyOn("sunday", "02:00")), Trigger.gap("at-end")),
  inZone("Australia/Lord_Howe", weeklyOn("sunday", "01:45")),
  inZone("Australia/Lord_Howe", weeklyOn("sunday", "02:15")),
  inZone("Australia/Sydney", weeklyOn("sunday", "02:30")),
  inZone("America/Santiago", weeklyOn("sunday", "00:00")),
  inZone("Africa/Casablanca", weeklyOn("sunday", "02:30")),
  inZone("Pacific/Apia", weeklyOn(["friday", "saturday"], "00:00")),
  inZone("Asia/Kathmandu", weeklyOn("saturday", "05:45")),
  inZone("Pacific/Chatham", weeklyOn("sunday", "03:00")),
  pipe(Frequency.weekly, Trigger.spread("2 hours")),
  pipe(inZone("Europe/London", weeklyOn("sunday", "01:30")), Trigger.spread("30 minutes"))
]
const begin = Date.parse(Schedules.startAt)
const end = Date.UTC(2027, 0, 1)
const scheduled = triggers.map((trigger, index) => Scheduled.run(`t${index}`, trigger, Effect.void))

describe("A year of the scheduler", () => {
  it.effect("records every nominal time of forty triggers once, and none that the planner does not name", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(end - 1)
      let recorded = 0
      for (const { definition } of scheduled) {
        const { trigger } = definition
        const planned = Planner.plan(trigger, begin, end).filter(({ nominal, spread }) => nominal + spread < end)
        const found = yield* Expect.occurrences(trigger.name)
        assert.deepStrictEqual(
          found.map(({ nominal, outcome }) => [nominal, outcome]),
          planned.map(({ nominal }) => [nominal, "fired"]),
          trigger.name
        )
        assert.isTrue(
          found.every(({ dueAt, recordedAt }) => dueAt === recordedAt),
          trigger.name
        )
        recorded += found.length
      }
      assert.strictEqual(scheduled.length, 40)
      assert.isAbove(recorded, 2000)
    }).pipe(Effect.provide(Schedules.engine(scheduled, Schedules.sparse)))
  )
})
