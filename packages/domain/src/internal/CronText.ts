/**
 * A cron expression in English.
 */
import { dayNames } from "../Constraint.ts"
import { type Cron } from "../Cron.ts"
import { formatTime } from "./WallClock.ts"

/** `at 09:00 on Monday`, `every 5 minutes from 09:00 to 17:59`. */
export const describe = (cron: Cron): string => {
  const times = describeTimes(cron)
  const days = describeDays(cron)
  if (days !== "") return days.startsWith(",") ? times + days : `${times} ${days}`
  return /^at \d\d:\d\d/.test(times) ? `${times} every day` : times
}

/** Times of day are named one by one up to this many. */
const maxTimes = 6

const describeTimes = (cron: Cron): string => {
  const { seconds, minutes, hours } = cron
  const [second, minute, hour] = cron.fields
  const repeats = [second, minute, hour].some((text) => text === "*" || text.includes("/"))
  if (!repeats && hours.length * minutes.length * seconds.length <= maxTimes) {
    const all = hours.flatMap((h) => minutes.flatMap((m) => seconds.map((s) => (h * 3600 + m * 60 + s) * 1000)))
    return `at ${list(all.map(formatTime))}`
  }
  if (second === "0") return describeMinutes(minute, minutes, hour, hours)
  const every = interval(second, seconds, "second", 60)
  const past = `${runs(seconds, String)} ${seconds.length === 1 && seconds[0] === 1 ? "second" : "seconds"}`
  if (minute === "*") return within(every ?? `at ${past} past every minute`, hour, hours)
  const begins = describeMinutes(minute, minutes, hour, hours)
  return every === null ? `${past} after ${begins.replace(/^at /, "")}` : `${every} of the minute that begins ${begins}`
}

const describeMinutes = (
  minute: string,
  minutes: ReadonlyArray<number>,
  hour: string,
  hours: ReadonlyArray<number>
): string => {
  const every = interval(minute, minutes, "minute", 60)
  if (every !== null) return within(every, hour, hours)
  const hourly = interval(hour, hours, "hour", 24) ?? (isOdd(hours) ? "every odd hour" : null)
  const range = asRange(hour)
  const phrase = hourly ?? (range === null ? null : `every hour from ${fullHour(range.from)} to ${fullHour(range.to)}`)
  if (minute === "0") return phrase ?? `at ${list(hours.map(fullHour))}`
  const unit = minutes.length === 1 && minutes[0] === 1 ? "minute" : "minutes"
  const past = phrase?.replace(/^every (\d+) hours$/, (_, step) => `every ${ordinal(Number(step))} hour`)
  return `at ${runs(minutes, String)} ${unit} past ${past ?? list(hours.map(fullHour))}`
}

/** What is repeated, in the hours that it is repeated in. */
const within = (every: string, hour: string, hours: ReadonlyArray<number>): string => {
  const step = interval(hour, hours, "hour", 24)
  if (step === "every hour") return every
  if (step !== null) return `${every} of every ${ordinal(24 / hours.length)} hour`
  if (isOdd(hours)) return `${every} of every odd hour`
  const range = asRange(hour)
  if (range !== null) return `${every} from ${fullHour(range.from)} to ${formatTime(range.to * 3_600_000 + 3_540_000)}`
  return `${every} in the ${hours.length === 1 ? "hour" : "hours"} of ${list(hours.map(fullHour))}`
}

/** `every 5 minutes`, if the values come evenly and go on so into the next hour or day. */
const interval = (text: string, values: ReadonlyArray<number>, unit: string, size: number): string | null => {
  if (values.length === size) return `every ${unit}`
  const step = Number(/^\*\/(\d+)$/.exec(text)?.[1] ?? NaN)
  return size % step === 0 && values.length > 1 ? `every ${step} ${unit}s` : null
}

const isOdd = (hours: ReadonlyArray<number>): boolean => hours.length === 12 && hours.every((hour) => hour % 2 === 1)

const asRange = (text: string): { readonly from: number; readonly to: number } | null => {
  const parts = /^(\d+)-(\d+)$/.exec(text)
  return parts === null ? null : { from: Number(parts[1]), to: Number(parts[2]) }
}

const fullHour = (hour: number): string => formatTime(hour * 3_600_000)

const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December"
]

const describeDays = ({ days, weekdays, months }: Cron): string => {
  const named = months.length === 12 ? "" : runs(months, (month) => monthNames[month - 1] ?? "")
  const ofMonth = named === "" ? "of each month" : `of ${named}`
  const inMonth = named === "" ? "" : ` in ${named}`
  const dates = days.isAny ? [] : dateNames(days)
  const nth = weekdays.isAny ? [] : weekdayNames(weekdays)
  const plain = weekdays.isAny ? [] : weekdays.values
  const parts = [
    ...(dates.length + nth.length === 0 ? [] : [`on ${list([...dates, ...nth])} ${ofMonth}`]),
    ...(plain.length === 0 ? [] : [`${onDays(plain, dates.length + nth.length > 0)}${inMonth}`])
  ]
  return parts.length > 0 ? parts.join(" and ") : named === "" ? "" : `every day in ${named}`
}

const dateNames = (days: Cron["days"]): ReadonlyArray<string> => [
  ...(days.values.length === 0 ? [] : [`the ${runs(days.values, ordinal)}`]),
  ...days.nearest.map((day) => `the weekday nearest the ${ordinal(day)}`),
  ...days.last.map((before) => (before === 0 ? "the last day" : `the ${ordinal(before)} day before the last`)),
  ...(days.lastWorkday ? ["the last weekday"] : [])
]

const weekdayNames = (weekdays: Cron["weekdays"]): ReadonlyArray<string> => [
  ...weekdays.nth.map(({ weekday, n }) => `the ${ordinal(n)} ${dayName(weekday)}`),
  ...weekdays.last.map((weekday) => `the last ${dayName(weekday)}`)
]

/** `on Monday`, `, Monday to Friday`; `on every Monday` beside dates. */
const onDays = (weekdays: ReadonlyArray<number>, besideDates: boolean): string => {
  if (weekdays.length === 7) return "on every day"
  const text = runs(weekdays, dayName)
  if (besideDates) return `on every ${text}`
  return / to /.test(text) && !/,| and /.test(text) ? `, ${text}` : `on ${text}`
}

/** Weekdays in words: `Monday to Friday`, `Sunday and Saturday`. */
export const listDays = (weekdays: ReadonlyArray<number>): string => runs(weekdays, dayName)

const dayName = (weekday: number): string => {
  const name = dayNames[weekday] ?? ""
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}

const ordinal = (value: number): string => {
  const tens = value % 100
  const suffix = tens > 10 && tens < 14 ? "th" : (["th", "st", "nd", "rd"][value % 10] ?? "th")
  return `${value}${suffix}`
}

/** Ascending values, three and more that follow each other as `1 to 3`. */
const runs = (values: ReadonlyArray<number>, name: (value: number) => string): string => {
  const parts: Array<string> = []
  let index = 0
  while (index < values.length) {
    const begin = values[index] ?? 0
    let end = index
    while (values[end + 1] === begin + end + 1 - index) end++
    if (end - index < 2) end = index
    parts.push(end === index ? name(begin) : `${name(begin)} to ${name(values[end] ?? begin)}`)
    index = end + 1
  }
  return list(parts)
}

/** `a`, `a and b`, `a, b and c`. */
const list = (items: ReadonlyArray<string>): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1) ?? ""}`
