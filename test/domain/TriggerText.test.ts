import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerText from "@fibercast/domain/TriggerText"
import { assert, describe, it } from "@effect/vitest"
import { pipe, Result } from "effect"

describe("TriggerText", () => {
  it.each([
    ["* * * * *", "every minute"],
    ["* * * * * *", "every second"],
    ["*/10 * * * * *", "every 10 seconds"],
    ["*/5 * * * *", "every 5 minutes"],
    ["*/5 */2 * * *", "every 5 minutes of every 2nd hour"],
    ["*/7 * * * *", "at 0, 7, 14, 21, 28, 35, 42, 49 and 56 minutes past every hour"],
    ["*/5 9-17 * * 1-5", "every 5 minutes from 09:00 to 17:59, Monday to Friday"],
    ["* 9 * * *", "every minute in the hour of 09:00"],
    ["* 1-23/2 * * *", "every minute of every odd hour"],
    ["0 * * * *", "every hour"],
    ["15,45 * * * *", "at 15 and 45 minutes past every hour"],
    ["1 * * * *", "at 1 minute past every hour"],
    ["10-20 * * * *", "at 10 to 20 minutes past every hour"],
    ["0 */2 * * *", "every 2 hours"],
    ["15 */2 * * *", "at 15 minutes past every 2nd hour"],
    ["0 1-23/2 * * *", "every odd hour"],
    ["0 9-17 * * *", "every hour from 09:00 to 17:00"],
    ["5 4-20/3 * * *", "at 5 minutes past 04:00, 07:00, 10:00, 13:00, 16:00 and 19:00"],
    ["30 * * * * *", "at 30 seconds past every minute"],
    ["30 5 * * * *", "30 seconds after 5 minutes past every hour"],
    ["* 5 * * * *", "every second of the minute that begins at 5 minutes past every hour"],
    ["0 9 * * *", "at 09:00 every day"],
    ["30 0 9 * * *", "at 09:00:30 every day"],
    ["30 8,12 * * *", "at 08:30 and 12:30 every day"],
    ["0 9 * * 1", "at 09:00 on Monday"],
    ["0 9 * * 1,3", "at 09:00 on Monday and Wednesday"],
    ["0 9 * * 1-5", "at 09:00, Monday to Friday"],
    ["0 0 L * *", "at 00:00 on the last day of each month"],
    ["0 0 L-1 * *", "at 00:00 on the 1st day before the last of each month"],
    ["0 0 LW * *", "at 00:00 on the last weekday of each month"],
    ["0 0 15W * *", "at 00:00 on the weekday nearest the 15th of each month"],
    ["0 0 * * 5#2", "at 00:00 on the 2nd Friday of each month"],
    ["0 0 * * 5L", "at 00:00 on the last Friday of each month"],
    ["0 0 1,16 * *", "at 00:00 on the 1st and 16th of each month"],
    ["0 0 1-7 * *", "at 00:00 on the 1st to 7th of each month"],
    ["0 0 1 1,4,7,10 *", "at 00:00 on the 1st of January, April, July and October"],
    ["0 0 11 6-8 *", "at 00:00 on the 11th of June to August"],
    ["0 0 * 3 *", "at 00:00 every day in March"],
    ["0 0 * 3 1", "at 00:00 on Monday in March"],
    ["0 0 13 * 5", "at 00:00 on the 13th of each month and on every Friday"],
    ["@yearly", "at 00:00 on the 1st of January"]
  ])("%s is said as %j", (expression, text) => {
    assert.strictEqual(TriggerText.describe(Frequency.cron(expression)), text)
  })

  it.each<readonly [string, Trigger.Trigger]>([
    ["at 09:00 on Monday, in Asia/Jakarta", pipe(Frequency.weeklyOn(1, "9:00"), Frequency.timezone("Asia/Jakarta"))],
    ["at 09:00 every day, on weekdays only", pipe(Frequency.dailyAt("09:00"), Frequency.weekdays)],
    ["every hour, at weekends only", pipe(Frequency.hourly, Frequency.weekends)],
    ["every hour, on Monday and Friday only", pipe(Frequency.hourly, Frequency.days("friday", "monday"))],
    ["every minute, between 09:00 and 17:00", pipe(Frequency.everyMinute, Frequency.between("09:00", "17:00"))],
    ["every hour, except between 22:00 and 06:00", pipe(Frequency.hourly, Frequency.unlessBetween("22:00", "06:00"))],
    ["every 10 seconds", Trigger.every("10 seconds")],
    ["every minute", Trigger.every("60 seconds")],
    ["every 90 minutes", Trigger.every("1.5 hours")],
    ["every 2 weeks, counted from 2026-01-05 00:00 UTC", Trigger.every("14 days", { anchor: Date.UTC(2026, 0, 5) })],
    ["once at 2026-12-01 02:00 UTC", Trigger.once(Date.UTC(2026, 11, 1, 2))],
    [
      "once at 2026-12-01 09:00, in Asia/Jakarta",
      pipe(Result.getOrThrow(Trigger.onceAt("2026-12-01 09:00")), Frequency.timezone("Asia/Jakarta"))
    ]
  ])("a trigger is said as %j", (text, trigger) => {
    assert.strictEqual(TriggerText.describe(trigger), text)
  })
})
