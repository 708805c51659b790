/**
 * Frequencies are triggers in words, those that users of Laravel's scheduler know. What needs no argument is a value:
 *
 *     pipe(Frequency.dailyAt("09:00"), Frequency.weekdays, Frequency.timezone("Asia/Jakarta"))
 *
 * Times are `09:00`, `9:00` or `09:00:30`, on the wall clock of the trigger's zone; minutes, one or several, are those
 * of the hour. Frequencies are written in code: a time, day, month or zone that does not exist is a defect. Text from
 * outside goes through `Trigger` or its schema.
 *
 * Two things differ from Laravel. Days are constraints: they limit a trigger and never replace its own days. So
 * `pipe(weekly, mondays)` never fires, which is a defect too; `weeklyOn("monday")` does. And `lastDayOfMonth` is the
 * last day of each month, not only of the one in which it was defined.
 */
import { Result } from "effect"
import { type Constraint, dayNames, type Weekday } from "./Constraint.ts"
import { parseTime } from "./internal/WallClock.ts"
import * as Planner from "./Planner.ts"
import * as Trigger from "./Trigger.ts"
import * as WallTime from "./WallTime.ts"

/** A weekday's name, or its number: 0 is Sunday. */
export type Day = Weekday | 0 | 1 | 2 | 3 | 4 | 5 | 6

export type Minutes = number | ReadonlyArray<number>

/** By a cron expression of five or six fields; a bad one is a defect. */
export const cron = (expression: string): Trigger.Trigger => Result.getOrThrow(Trigger.cron(expression))

export const everySecond = cron("* * * * * *")
export const everyTwoSeconds = cron("*/2 * * * * *")
export const everyFiveSeconds = cron("*/5 * * * * *")
export const everyTenSeconds = cron("*/10 * * * * *")
export const everyFifteenSeconds = cron("*/15 * * * * *")
export const everyTwentySeconds = cron("*/20 * * * * *")
export const everyThirtySeconds = cron("*/30 * * * * *")

export const everyMinute = cron("* * * * *")
export const everyTwoMinutes = cron("*/2 * * * *")
export const everyThreeMinutes = cron("*/3 * * * *")
export const everyFourMinutes = cron("*/4 * * * *")
export const everyFiveMinutes = cron("*/5 * * * *")
export const everyTenMinutes = cron("*/10 * * * *")
export const everyFifteenMinutes = cron("*/15 * * * *")
export const everyTwentyMinutes = cron("*/20 * * * *")
export const everyThirtyMinutes = cron("*/30 * * * *")

const several = (minutes: Minutes): string => (typeof minutes === "number" ? `${minutes}` : minutes.join(","))

/** On the hour. */
export const hourly = cron("0 * * * *")
export const hourlyAt = (minutes: Minutes): Trigger.Trigger => cron(`${several(minutes)} * * * *`)
/** At 01:00, 03:00 … 23:00. */
export const everyOddHour = (minutes: Minutes = 0): Trigger.Trigger => cron(`${several(minutes)} 1-23/2 * * *`)
/** At 00:00, 02:00 … 22:00; the following likewise, from midnight on. */
export const everyTwoHours = (minutes: Minutes = 0): Trigger.Trigger => cron(`${several(minutes)} */2 * * *`)
export const everyThreeHours = (minutes: Minutes = 0): Trigger.Trigger => cron(`${several(minutes)} */3 * * *`)
export const everyFourHours = (minutes: Minutes = 0): Trigger.Trigger => cron(`${several(minutes)} */4 * * *`)
export const everySixHours = (minutes: Minutes = 0): Trigger.Trigger => cron(`${several(minutes)} */6 * * *`)

/** `time` as the first fields of a cron expression. */
const clock = (time: string): string => {
  const seconds = parseTime(time)
  if (seconds === null) throw new RangeError(`"${time}" is no time of day. Write it like "09:00".`)
  const fields = `${Math.floor(seconds / 60) % 60} ${Math.floor(seconds / 3600)}`
  return seconds % 60 === 0 ? fields : `${seconds % 60} ${fields}`
}

export const dailyAt = (time: string): Trigger.Trigger => cron(`${clock(time)} * * *`)
/** At midnight. */
export const daily = dailyAt("00:00")
/** On the full of two hours. */
export const twiceDaily = (first = 1, second = 13): Trigger.Trigger => twiceDailyAt(first, second, 0)
/** At the same minute of two hours. */
export const twiceDailyAt = (first = 1, second = 13, minute = 0): Trigger.Trigger =>
  cron(`${minute} ${first},${second} * * *`)

const numberOf = (day: Day): number => (typeof day === "number" ? day : dayNames.indexOf(day))

export const weeklyOn = (day: Day | ReadonlyArray<Day>, time = "00:00"): Trigger.Trigger => {
  const days = typeof day === "string" || typeof day === "number" ? [day] : day
  return cron(`${clock(time)} * * ${days.map(numberOf).join(",")}`)
}
/** On Sunday at midnight. */
export const weekly = weeklyOn("sunday")

/** Months that do not have the day are passed over. */
export const monthlyOn = (day = 1, time = "00:00"): Trigger.Trigger => cron(`${clock(time)} ${day} * *`)
/** On the 1st at midnight. */
export const monthly = monthlyOn()
export const twiceMonthly = (first = 1, second = 16, time = "00:00"): Trigger.Trigger =>
  cron(`${clock(time)} ${first},${second} * *`)
export const daysOfMonth = (days: readonly [number, ...ReadonlyArray<number>], time = "00:00"): Trigger.Trigger =>
  cron(`${clock(time)} ${days.join(",")} * *`)
/** On the last day of each month. */
export const lastDayOfMonth = (time = "00:00"): Trigger.Trigger => cron(`${clock(time)} L * *`)

/** On a day of January, April, July and October. */
export const quarterlyOn = (day = 1, time = "00:00"): Trigger.Trigger => cron(`${clock(time)} ${day} 1,4,7,10 *`)
/** On the 1st of the quarter at midnight. */
export const quarterly = quarterlyOn()

/** A day that some years lack is passed over in them. */
export const yearlyOn = (month = 1, day = 1, time = "00:00"): Trigger.Trigger =>
  cron(`${clock(time)} ${day} ${month} *`)
/** On 1 January at midnight. */
export const yearly = yearlyOn()

/** A trigger by its own cron expression, at another time of day: `pipe(weekly, at("13:00"))`. */
export const at =
  (time: string) =>
  (trigger: Trigger.Trigger): Trigger.Trigger => {
    if (trigger.timing._tag !== "Cron") throw new RangeError("only a trigger by days has a time of day to change")
    const { fields } = Trigger.cronOf(trigger.timing)
    const expression = `${clock(time)} ${fields.slice(3).join(" ")}`
    return checked({ ...trigger, timing: { _tag: "Cron", expression } })
  }

const checked = (trigger: Trigger.Trigger): Trigger.Trigger => Result.getOrThrow(Planner.check(trigger))

const constrain =
  (constraint: Constraint) =>
  (trigger: Trigger.Trigger): Trigger.Trigger =>
    checked({ ...trigger, constraints: [...trigger.constraints, constraint] })

/** Only on these days. */
export const days = (first: Day, ...rest: ReadonlyArray<Day>): ((trigger: Trigger.Trigger) => Trigger.Trigger) =>
  constrain({ _tag: "Days", days: [nameOf(first), ...rest.map(nameOf)] })

const nameOf = (day: Day): Weekday => {
  const name = typeof day === "string" ? day : dayNames[day]
  if (name === undefined || !dayNames.includes(name)) throw new RangeError(`${day} is no day. Write it like "monday".`)
  return name
}

/** Only from Monday to Friday. */
export const weekdays = days("monday", "tuesday", "wednesday", "thursday", "friday")
/** Only on Saturday and Sunday. */
export const weekends = days("saturday", "sunday")
export const mondays = days("monday")
export const tuesdays = days("tuesday")
export const wednesdays = days("wednesday")
export const thursdays = days("thursday")
export const fridays = days("friday")
export const saturdays = days("saturday")
export const sundays = days("sunday")

/** Only from `start` to `end`, both included; over midnight if `start` is later. */
export const between = (start: string, end: string): ((trigger: Trigger.Trigger) => Trigger.Trigger) => {
  clock(start)
  clock(end)
  return constrain({ _tag: "Between", start, end })
}

/** Never from `start` to `end`, both included; over midnight if `start` is later. */
export const unlessBetween = (start: string, end: string): ((trigger: Trigger.Trigger) => Trigger.Trigger) => {
  clock(start)
  clock(end)
  return constrain({ _tag: "UnlessBetween", start, end })
}

/** By the wall clock of an IANA zone. */
export const timezone = (zone: string): ((trigger: Trigger.Trigger) => Trigger.Trigger) => {
  Result.getOrThrow(WallTime.parseZone(zone))
  return (trigger) => ({ ...trigger, zone })
}
