import * as Cron from "@fibercast/domain/Cron"
import * as Frequency from "@fibercast/domain/Frequency"
import * as Planner from "@fibercast/domain/Planner"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as FastCheck from "fast-check"
import * as WallWalk from "./WallWalk.ts"

/** The first wall times from 2026-01-01, a Thursday, in UTC. */
const firstOf = (expression: string, count: number) =>
  Planner.nextMany(Frequency.cron(expression), Date.UTC(2026, 0, 1) - 1, count).map(({ wallTime }) => wallTime)

const daysOf = (expression: string, count: number) => firstOf(expression, count).map((wall) => wall.slice(0, 10))

describe("Cron", () => {
  it.each<readonly [string, ReadonlyArray<string>]>([
    ["0 9 * * *", ["2026-01-01 09:00", "2026-01-02 09:00"]],
    ["*/20 9 * * *", ["2026-01-01 09:00", "2026-01-01 09:20", "2026-01-01 09:40", "2026-01-02 09:00"]],
    ["50/5 9 * * *", ["2026-01-01 09:50", "2026-01-01 09:55", "2026-01-02 09:50"]],
    ["10-30/10 0 * * *", ["2026-01-01 00:10", "2026-01-01 00:20", "2026-01-01 00:30", "2026-01-02 00:10"]],
    ["30,5 0 * * *", ["2026-01-01 00:05", "2026-01-01 00:30"]],
    ["15 30 9 * * *", ["2026-01-01 09:30:15", "2026-01-02 09:30:15"]],
    ["*/30 * * * * *", ["2026-01-01 00:00", "2026-01-01 00:00:30", "2026-01-01 00:01"]],
    ["  0\t9  * * *  ", ["2026-01-01 09:00"]],
    ["@hourly", ["2026-01-01 00:00", "2026-01-01 01:00"]],
    ["@Daily", ["2026-01-01 00:00", "2026-01-02 00:00"]],
    ["@midnight", ["2026-01-01 00:00", "2026-01-02 00:00"]],
    ["@weekly", ["2026-01-04 00:00", "2026-01-11 00:00"]],
    ["@monthly", ["2026-01-01 00:00", "2026-02-01 00:00"]],
    ["@yearly", ["2026-01-01 00:00", "2027-01-01 00:00"]],
    ["@annually", ["2026-01-01 00:00", "2027-01-01 00:00"]]
  ])("%s fires at its times", (expression, times) => {
    assert.deepStrictEqual(firstOf(expression, times.length), times)
  })

  it.each<readonly [string, ReadonlyArray<string>]>([
    ["0 0 ? * MON-WED", ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-12"]],
    ["0 0 ? * fri-sun", ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-09"]],
    ["0 0 * * 5-7", ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-09"]],
    ["0 0 * * 7", ["2026-01-04", "2026-01-11"]],
    ["0 0 * * 0", ["2026-01-04", "2026-01-11"]],
    ["0 0 1 feb,APR *", ["2026-02-01", "2026-04-01", "2027-02-01"]],
    ["0 0 1 */4 *", ["2026-01-01", "2026-05-01", "2026-09-01", "2027-01-01"]],
    ["0 0 31 * *", ["2026-01-31", "2026-03-31", "2026-05-31"]],
    ["0 0 29 2 *", ["2028-02-29", "2032-02-29"]],
    ["0 0 L * *", ["2026-01-31", "2026-02-28", "2026-03-31"]],
    ["0 0 L-2 * *", ["2026-01-29", "2026-02-26", "2026-03-29"]],
    ["0 0 L 2 *", ["2026-02-28", "2027-02-28", "2028-02-29"]],
    ["0 0 LW * *", ["2026-01-30", "2026-02-27", "2026-03-31"]],
    ["0 0 15W * *", ["2026-01-15", "2026-02-16", "2026-03-16"]],
    ["0 0 1W * *", ["2026-01-01", "2026-02-02", "2026-03-02"]],
    ["0 0 1W 8 *", ["2026-08-03"]],
    ["0 0 31W 5 *", ["2026-05-29"]],
    ["0 0 31W * *", ["2026-01-30", "2026-03-31", "2026-05-29"]],
    ["0 0 * * 5#2", ["2026-01-09", "2026-02-13", "2026-03-13"]],
    ["0 0 * * FRI#5", ["2026-01-30", "2026-05-29"]],
    ["0 0 * * 5L", ["2026-01-30", "2026-02-27"]],
    ["0 0 * * SUNL", ["2026-01-25", "2026-02-22"]],
    ["0 0 * * 7L", ["2026-01-25", "2026-02-22"]]
  ])("%s fires on its days", (expression, days) => {
    assert.deepStrictEqual(daysOf(expression, days.length), days)
  })

  it.each<readonly [string, ReadonlyArray<string>]>([
    ["0 0 13 * FRI", ["2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16"]],
    ["0 0 */10 * MON", ["2026-01-01", "2026-01-05", "2026-01-11", "2026-01-12"]],
    ["0 0 8 * */3", ["2026-01-03", "2026-01-04", "2026-01-07", "2026-01-08"]],
    ["0 0 31 2 MON", ["2026-02-02", "2026-02-09"]],
    ["0 0 L * 5#1", ["2026-01-02", "2026-01-31", "2026-02-06"]],
    ["0 0 13 * ?", ["2026-01-13", "2026-02-13"]]
  ])("%s takes the days of either field, unless one is * or ?", (expression, days) => {
    assert.deepStrictEqual(daysOf(expression, days.length), days)
  })

  it.each<readonly [string, Cron.FieldName, number, string]>([
    ["", "expression", 1, "it has 0 fields"],
    ["* * *", "expression", 1, "it has 3 fields. Write five"],
    ["* * * * * * 2026", "expression", 1, "it has 7 fields"],
    ["60 * * * *", "minute", 1, "minute 60 is above 59. Write minutes from 0 to 59"],
    ["0 24 * * *", "hour", 3, "hour 24 is above 23. Write hours from 0 to 23"],
    ["0 0 0 * *", "day-of-month", 5, "day-of-month 0 is below 1"],
    ["0 0 1 13 *", "month", 7, "month 13 is above 12. Write months from 1 to 12 or JAN to DEC"],
    ["0 0 1 JANUARY *", "month", 7, '"JANUARY" is no month'],
    ["0 0 * * 8", "day-of-week", 9, "day-of-week 8 is above 7"],
    ["99 0 0 * * *", "second", 1, "second 99 is above 59"],
    ["0 5,6,77 * * *", "hour", 7, "hour 77 is above 23"],
    ["0 5,,6 * * *", "hour", 5, "the hour has an empty place in its list"],
    ["0 17-9 * * *", "hour", 3, "the range 17-9 goes backwards. Write it as two: 17-23,0-9"],
    ["0 0 * * FRI-MON", "day-of-week", 9, "goes backwards. Write it as two: FRI-6,0-MON"],
    ["*/0 * * * *", "minute", 3, '"0" is no step for the minute. Write a step from 1 to 60'],
    ["*/90 * * * *", "minute", 3, '"90" is no step'],
    ["*/ * * * *", "minute", 3, '"" is no step'],
    ["*-5 * * * *", "minute", 1, '"*-5" is no minute'],
    ["? * * * *", "minute", 1, "? stands only for a day. Write * for every minute"],
    ["L * * * *", "minute", 1, '"L" is no minute'],
    ["0 0 W * *", "day-of-month", 5, '"W" is no day-of-month'],
    ["0 0 L-31 * *", "day-of-month", 7, "no month has that many days before its last"],
    ["0 0 32W * *", "day-of-month", 5, "day-of-month 32 is above 31"],
    ["0 0 * * L", "day-of-week", 9, "L alone is no weekday. Write 5L or FRIL"],
    ["0 0 * * 5#6", "day-of-week", 11, '"6" is not 1 to 5. Write FRI#2'],
    ["0 0 * * -1", "day-of-week", 9, '"-1" is no day-of-week'],
    ["0 0 31 2 *", "day-of-month", 5, 'it would never fire: no month in "2" has a day "31"'],
    ["0 0 30W 2 *", "day-of-month", 5, "it would never fire"],
    ["0 0 31 4,6,9,11 ?", "day-of-month", 5, "it would never fire"],
    ["0 0 L-29 2 *", "day-of-month", 5, "it would never fire"],
    ["@every 5m", "expression", 1, "an interval is no cron expression"],
    ["@reboot", "expression", 1, "nothing fires at a start"],
    [" @fortnightly", "expression", 2, '"@fortnightly" is not known. Write @yearly'],
    ["x".repeat(1001), "expression", 1000, "it is longer than 1000 characters"]
  ])("%j is refused with its place and what to write", (expression, field, position, reason) => {
    const bad = Result.getOrThrow(Result.flip(Cron.parse(expression)))
    assert.deepStrictEqual([bad.field, bad.position], [field, position])
    assert.include(bad.reason, reason)
    assert.include(bad.message, `character ${position}: ${bad.reason}.`)
  })

  it("is refused exactly when no day of any year is one of its days", () => {
    FastCheck.assert(
      FastCheck.property(WallWalk.expressions, (expression) => {
        assert.strictEqual(Result.isSuccess(Cron.parse(WallWalk.text(expression))), WallWalk.fires(expression))
      }),
      { numRuns: 500 }
    )
  })

  it("whatever text comes, it is read or refused, and what is read fires", () => {
    const pieces = FastCheck.constantFrom(..."0123456789*/-,?LW# @".split(""), "MON", "JAN", "\t", "  ")
    const texts = FastCheck.array(pieces, { maxLength: 24 }).map((parts) => parts.join(""))
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(texts, FastCheck.string()), (text) => {
        const parsed = Cron.parse(text)
        if (Result.isFailure(parsed)) assert.isAtLeast(parsed.failure.position, 0)
        else assert.isNotNull(Planner.next(Frequency.cron(text), 0))
      }),
      { numRuns: 2000 }
    )
  })

  it("as a schema says what is wrong", () => {
    const decoded = Schema.decodeUnknownResult(Cron.Expression)("0 0 31 2 *")
    assert.include(String(Result.getOrThrow(Result.flip(decoded))), "it would never fire")
    assert.deepStrictEqual(Schema.decodeUnknownResult(Cron.Expression)("@daily"), Result.succeed("@daily"))
  })

  it.each([
    ["* * * * *", true],
    ["*/15 2 * * *", true],
    ["0-30 2 * * *", true],
    ["0 * * * *", true],
    ["0 */2 * * *", true],
    ["0 1-23/2 * * *", true],
    ["* 0 2 * * *", true],
    ["0 2 * * *", false],
    ["0,30 2 * * *", false],
    ["0 1-5 * * *", false],
    ["0 9-17/2 * * *", false],
    ["30 15 2 * * *", false]
  ])("%s says how often: %s", (expression, isInterval) => {
    assert.strictEqual(Result.getOrThrow(Cron.parse(expression)).isInterval, isInterval)
  })
})
