import * as Frequency from "@fibercast/domain/Frequency"
import * as Planner from "@fibercast/domain/Planner"
import * as Trigger from "@fibercast/domain/Trigger"
import { assert, describe, it } from "@effect/vitest"
import { pipe } from "effect"

/** The first wall times from an instant on; Thursday, 2026-01-01 in UTC unless told. */
const firstOf = (trigger: Trigger.Trigger, count: number, from = "2026-01-01T00:00:00Z") =>
  Planner.nextMany(trigger, Date.parse(from) - 1, count).map(({ wallTime }) => wallTime)

const onFirst = (...times: ReadonlyArray<string>) => times.map((time) => `2026-01-01 ${time}`)

describe("Frequency", () => {
  it.each<readonly [string, Trigger.Trigger, ReadonlyArray<string>]>([
    ["everySecond", Frequency.everySecond, onFirst("00:00", "00:00:01", "00:00:02")],
    ["everyTwoSeconds", Frequency.everyTwoSeconds, onFirst("00:00", "00:00:02", "00:00:04")],
    ["everyFiveSeconds", Frequency.everyFiveSeconds, onFirst("00:00", "00:00:05", "00:00:10")],
    ["everyTenSeconds", Frequency.everyTenSeconds, onFirst("00:00", "00:00:10", "00:00:20")],
    ["everyFifteenSeconds", Frequency.everyFifteenSeconds, onFirst("00:00", "00:00:15", "00:00:30")],
    ["everyTwentySeconds", Frequency.everyTwentySeconds, onFirst("00:00", "00:00:20", "00:00:40", "00:01")],
    ["everyThirtySeconds", Frequency.everyThirtySeconds, onFirst("00:00", "00:00:30", "00:01")],
    ["everyMinute", Frequency.everyMinute, onFirst("00:00", "00:01", "00:02")],
    ["everyTwoMinutes", Frequency.everyTwoMinutes, onFirst("00:00", "00:02", "00:04")],
    ["everyThreeMinutes", Frequency.everyThreeMinutes, onFirst("00:00", "00:03", "00:06")],
    ["everyFourMinutes", Frequency.everyFourMinutes, onFirst("00:00", "00:04", "00:08")],
    ["everyFiveMinutes", Frequency.everyFiveMinutes, onFirst("00:00", "00:05", "00:10")],
    ["everyTenMinutes", Frequency.everyTenMinutes, onFirst("00:00", "00:10", "00:20")],
    ["everyFifteenMinutes", Frequency.everyFifteenMinutes, onFirst("00:00", "00:15", "00:30")],
    ["everyTwentyMinutes", Frequency.everyTwentyMinutes, onFirst("00:00", "00:20", "00:40", "01:00")],
    ["everyThirtyMinutes", Frequency.everyThirtyMinutes, onFirst("00:00", "00:30", "01:00")],
    ["hourly", Frequency.hourly, onFirst("00:00", "01:00", "02:00")],
    ["hourlyAt(17)", Frequency.hourlyAt(17), onFirst("00:17", "01:17", "02:17")],
    ["hourlyAt([17, 45])", Frequency.hourlyAt([17, 45]), onFirst("00:17", "00:45", "01:17")],
    ["everyOddHour()", Frequency.everyOddHour(), onFirst("01:00", "03:00", "05:00")],
    ["everyOddHour(5)", Frequency.everyOddHour(5), onFirst("01:05", "03:05", "05:05")],
    ["everyTwoHours()", Frequency.everyTwoHours(), onFirst("00:00", "02:00", "04:00")],
    ["everyThreeHours(15)", Frequency.everyThreeHours(15), onFirst("00:15", "03:15", "06:15")],
    ["everyFourHours()", Frequency.everyFourHours(), onFirst("00:00", "04:00", "08:00")],
    ["everySixHours([0, 30])", Frequency.everySixHours([0, 30]), onFirst("00:00", "00:30", "06:00")],
    ["daily", Frequency.daily, ["2026-01-01 00:00", "2026-01-02 00:00"]],
    ["dailyAt", Frequency.dailyAt("13:05"), ["2026-01-01 13:05", "2026-01-02 13:05"]],
    ["dailyAt to the second", Frequency.dailyAt("9:00:30"), ["2026-01-01 09:00:30", "2026-01-02 09:00:30"]],
    ["twiceDaily()", Frequency.twiceDaily(), [...onFirst("01:00", "13:00"), "2026-01-02 01:00"]],
    ["twiceDaily(8, 20)", Frequency.twiceDaily(8, 20), [...onFirst("08:00", "20:00"), "2026-01-02 08:00"]],
    ["twiceDailyAt(1, 13, 15)", Frequency.twiceDailyAt(1, 13, 15), onFirst("01:15", "13:15")],
    ["weekly", Frequency.weekly, ["2026-01-04 00:00", "2026-01-11 00:00"]],
    ["weeklyOn(1, 8:00)", Frequency.weeklyOn(1, "8:00"), ["2026-01-05 08:00", "2026-01-12 08:00"]],
    ["weeklyOn two days", Frequency.weeklyOn(["monday", 5]), ["2026-01-02 00:00", "2026-01-05 00:00"]],
    ["monthly", Frequency.monthly, ["2026-01-01 00:00", "2026-02-01 00:00"]],
    ["monthlyOn(4, 15:00)", Frequency.monthlyOn(4, "15:00"), ["2026-01-04 15:00", "2026-02-04 15:00"]],
    ["monthlyOn(31)", Frequency.monthlyOn(31), ["2026-01-31 00:00", "2026-03-31 00:00"]],
    ["twiceMonthly()", Frequency.twiceMonthly(), ["2026-01-01 00:00", "2026-01-16 00:00", "2026-02-01 00:00"]],
    ["twiceMonthly(5, 20, 13:00)", Frequency.twiceMonthly(5, 20, "13:00"), ["2026-01-05 13:00", "2026-01-20 13:00"]],
    [
      "daysOfMonth",
      Frequency.daysOfMonth([2, 3], "6:00"),
      ["2026-01-02 06:00", "2026-01-03 06:00", "2026-02-02 06:00"]
    ],
    ["lastDayOfMonth", Frequency.lastDayOfMonth("15:00"), ["2026-01-31 15:00", "2026-02-28 15:00", "2026-03-31 15:00"]],
    [
      "quarterly",
      Frequency.quarterly,
      ["2026-01-01 00:00", "2026-04-01 00:00", "2026-07-01 00:00", "2026-10-01 00:00"]
    ],
    ["quarterlyOn(4, 14:00)", Frequency.quarterlyOn(4, "14:00"), ["2026-01-04 14:00", "2026-04-04 14:00"]],
    ["yearly", Frequency.yearly, ["2026-01-01 00:00", "2027-01-01 00:00"]],
    ["yearlyOn(6, 1, 17:00)", Frequency.yearlyOn(6, 1, "17:00"), ["2026-06-01 17:00", "2027-06-01 17:00"]],
    ["yearlyOn(2, 29)", Frequency.yearlyOn(2, 29), ["2028-02-29 00:00", "2032-02-29 00:00"]],
    ["at", pipe(Frequency.weeklyOn(1), Frequency.at("13:00")), ["2026-01-05 13:00", "2026-01-12 13:00"]],
    [
      "at with seconds",
      pipe(Frequency.monthly, Frequency.at("13:00:05")),
      ["2026-01-01 13:00:05", "2026-02-01 13:00:05"]
    ]
  ])("%s fires at its documented times", (_, trigger, times) => {
    assert.deepStrictEqual(firstOf(trigger, times.length), times)
  })

  it.each<readonly [string, (trigger: Trigger.Trigger) => Trigger.Trigger, ReadonlyArray<string>]>([
    ["weekdays", Frequency.weekdays, ["01-01", "01-02", "01-05", "01-06"]],
    ["weekends", Frequency.weekends, ["01-03", "01-04", "01-10", "01-11"]],
    ["mondays", Frequency.mondays, ["01-05", "01-12"]],
    ["tuesdays", Frequency.tuesdays, ["01-06", "01-13"]],
    ["wednesdays", Frequency.wednesdays, ["01-07", "01-14"]],
    ["thursdays", Frequency.thursdays, ["01-01", "01-08"]],
    ["fridays", Frequency.fridays, ["01-02", "01-09"]],
    ["saturdays", Frequency.saturdays, ["01-03", "01-10"]],
    ["sundays", Frequency.sundays, ["01-04", "01-11"]],
    ["days", Frequency.days(0, "wednesday"), ["01-04", "01-07", "01-11"]]
  ])("%s limits a daily trigger to its days", (_, limit, days) => {
    assert.deepStrictEqual(
      firstOf(limit(Frequency.dailyAt("09:00")), days.length),
      days.map((day) => `2026-${day} 09:00`)
    )
  })

  it("between takes both its ends", () => {
    const trigger = pipe(Frequency.hourly, Frequency.between("7:00", "9:00"))
    assert.deepStrictEqual(firstOf(trigger, 4), [...onFirst("07:00", "08:00", "09:00"), "2026-01-02 07:00"])
  })

  it("between reaches over midnight", () => {
    const trigger = pipe(Frequency.hourly, Frequency.between("23:00", "1:00"))
    assert.deepStrictEqual(firstOf(trigger, 5), [
      ...onFirst("00:00", "01:00", "23:00"),
      "2026-01-02 00:00",
      "2026-01-02 01:00"
    ])
  })

  it("unlessBetween leaves out both its ends", () => {
    const trigger = pipe(Frequency.everySixHours(), Frequency.unlessBetween("6:00", "12:00"))
    assert.deepStrictEqual(firstOf(trigger, 3), [...onFirst("00:00", "18:00"), "2026-01-02 00:00"])
  })

  it("unlessBetween reaches over midnight", () => {
    const trigger = pipe(Frequency.everySixHours(), Frequency.unlessBetween("18:00", "6:00"))
    assert.deepStrictEqual(firstOf(trigger, 2), ["2026-01-01 12:00", "2026-01-02 12:00"])
  })

  it("constraints add up, on any kind of trigger, by the clock of its zone", () => {
    const trigger = pipe(
      Trigger.every("1 hour"),
      Frequency.timezone("Asia/Jakarta"),
      Frequency.weekdays,
      Frequency.between("08:00", "17:00"),
      Frequency.unlessBetween("10:00", "16:00")
    )
    const times = firstOf(trigger, 5, "2026-01-01T17:00:00Z")
    assert.deepStrictEqual(
      times,
      ["08:00", "09:00", "17:00"].map((time) => `2026-01-02 ${time}`).concat("2026-01-05 08:00", "2026-01-05 09:00")
    )
  })

  it("timezone says whose wall clock is meant", () => {
    const [first] = Planner.nextMany(
      pipe(Frequency.dailyAt("09:00"), Frequency.timezone("Asia/Jakarta")),
      Date.UTC(2026, 0, 1),
      1
    )
    assert.deepStrictEqual(first, {
      trigger: "",
      nominal: Date.UTC(2026, 0, 1, 2),
      wallTime: "2026-01-01 09:00",
      zone: "Asia/Jakarta",
      spread: 0
    })
  })

  it.each<readonly [string, () => Trigger.Trigger]>([
    ["weekly, but on Mondays", () => pipe(Frequency.weekly, Frequency.mondays)],
    ["at nine between ten and eleven", () => pipe(Frequency.dailyAt("09:00"), Frequency.between("10:00", "11:00"))],
    ["on Saturdays that are Sundays", () => pipe(Frequency.everyMinute, Frequency.saturdays, Frequency.sundays)],
    [
      "in two windows apart",
      () => pipe(Trigger.every("1 second"), Frequency.between("1:00", "2:00"), Frequency.between("3:00", "4:00"))
    ],
    ["moved out of its window", () => pipe(Frequency.hourly, Frequency.between("1:00", "2:00"), Frequency.at("5:00"))]
  ])("%s never fires, which is said at once", (_, build) => {
    assert.throws(build, /never fires/)
  })

  it.each<readonly [string, () => unknown, RegExp]>([
    ["a minute", () => Frequency.hourlyAt(60), /minute 60 is above 59/],
    ["no minutes", () => Frequency.hourlyAt([]), /it has 4 fields/],
    ["an hour", () => Frequency.dailyAt("24:00"), /"24:00" is no time of day/],
    ["a day", () => Frequency.yearlyOn(2, 30), /never fire/],
    ["a month", () => Frequency.yearlyOn(13), /month 13 is above 12/],
    ["a zone", () => Frequency.timezone("Mars/Olympus"), /is not a time zone/],
    ["a window", () => Frequency.between("9", "17:00"), /"9" is no time of day/],
    ["a time of an interval", () => pipe(Trigger.every("1 day"), Frequency.at("9:00")), /only a trigger by days/]
  ])("%s that does not exist is a defect", (_, build, message) => {
    assert.throws(build, message)
  })
})
