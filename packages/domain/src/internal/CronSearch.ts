/**
 * Finds when a cron expression matches, on a wall clock without a zone.
 */
import { type Cron } from "../Cron.ts"
import { type Field } from "./CronField.ts"
import { civilOf, dayMillis, dayOf, daysInMonth, weekdayOf } from "./WallClock.ts"

/** The rarest match, a 29 February on a given weekday, comes again within forty years. */
const maxMonths = 41 * 12

const dayUnit = dayMillis / 1000

/** At each place the smallest of the values that is not below it, or `size`. */
const followers = (values: ReadonlyArray<number>, size: number): Uint8Array => {
  const table = new Uint8Array(size + 1).fill(size)
  let index = values.length - 1
  for (let place = size - 1; place >= 0; place--) {
    while (index > 0 && (values[index - 1] ?? -1) >= place) index--
    const value = values[index] ?? size
    if (value >= place) table[place] = value
  }
  return table
}

type Search = (wall: number) => number

/** Of values that are still in use. */
const compiled = new WeakMap<Cron, Search>()

/**
 * The earliest wall instant from `wall` on that the expression matches; `Infinity` if there is none within forty-one
 * years. Each call of the result stands alone: it remembers nothing that changes an answer.
 */
export const compile = (cron: Cron): Search => {
  const known = compiled.get(cron)
  if (known !== undefined) return known
  const search = build(cron)
  compiled.set(cron, search)
  return search
}

const build = (cron: Cron): Search => {
  const hours = followers(cron.hours, 24)
  const minutes = followers(cron.minutes, 60)
  const seconds = followers(cron.seconds, 60)
  const first = (hours[0] ?? 24) * 3600 + (minutes[0] ?? 60) * 60 + (seconds[0] ?? 60)

  /** The earliest second of the day from `from` on, or none. */
  const timeFrom = (from: number): number => {
    const hour = Math.floor(from / 3600)
    const minute = Math.floor(from / 60) % 60
    const nextHour = hours[hour] ?? 24
    if (nextHour === 24) return Infinity
    if (nextHour > hour) return nextHour * 3600 + (first % 3600)
    const nextMinute = minutes[minute] ?? 60
    if (nextMinute === minute) {
      const nextSecond = seconds[from % 60] ?? 60
      if (nextSecond < 60) return hour * 3600 + minute * 60 + nextSecond
    }
    const laterMinute = nextMinute === minute ? (minutes[minute + 1] ?? 60) : nextMinute
    if (laterMinute < 60) return hour * 3600 + laterMinute * 60 + (first % 60)
    const laterHour = hours[hour + 1] ?? 24
    return laterHour === 24 ? Infinity : laterHour * 3600 + (first % 3600)
  }

  /** The month looked at last: its first day, its length and a bit for each day that matches. */
  let year = 0
  let month = 0
  let begin = Infinity
  let length = 0
  let mask = 0
  const enter = (nextYear: number, nextMonth: number): void => {
    year = nextYear
    month = nextMonth
    begin = dayOf(year, month, 1)
    length = daysInMonth(year, month)
    mask = cron.months.includes(month) ? daysOfMonth(cron, begin, length) : 0
  }

  const dayFrom = (day: number): number => {
    if (!(day >= begin && day < begin + length)) {
      const civil = civilOf(day)
      enter(civil.year, civil.month)
    }
    let left = mask & (-1 << (day - begin))
    for (let months = 0; left === 0 && months < maxMonths; months++) {
      enter(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1)
      left = mask
    }
    return left === 0 ? Infinity : begin + 31 - Math.clz32(left & -left)
  }

  return (wall) => {
    const second = Math.ceil(wall / 1000)
    const day = Math.floor(second / dayUnit)
    const found = dayFrom(day)
    if (found === day) {
      const time = timeFrom(second - day * dayUnit)
      return time < Infinity ? (day * dayUnit + time) * 1000 : (dayFrom(day + 1) * dayUnit + first) * 1000
    }
    return (found * dayUnit + first) * 1000
  }
}

/** A bit for each day of the month, the 1st lowest. */
const daysOfMonth = (cron: Cron, begin: number, length: number): number => {
  const all = 2 ** length - 1
  const { days, weekdays } = cron
  if (days.isAny && weekdays.isAny) return all
  if (days.isAny) return byWeekday(weekdays, begin, length) & all
  if (weekdays.isAny) return byDate(days, begin, length) & all
  return (byDate(days, begin, length) | byWeekday(weekdays, begin, length)) & all
}

const byDate = (field: Field, begin: number, length: number): number => {
  let mask = 0
  for (const day of field.values) mask |= 1 << (day - 1)
  for (const before of field.last) if (before < length) mask |= 1 << (length - 1 - before)
  for (const day of field.nearest) if (day <= length) mask |= 1 << (nearestWorkday(begin, length, day) - 1)
  if (field.lastWorkday) mask |= 1 << (nearestWorkday(begin, length, length) - 1)
  return mask
}

/** The day from Monday to Friday nearest to `day`, in the same month. */
const nearestWorkday = (begin: number, length: number, day: number): number => {
  const weekday = weekdayOf(begin + day - 1)
  if (weekday === 6) return day === 1 ? 3 : day - 1
  if (weekday === 0) return day === length ? day - 2 : day + 1
  return day
}

const byWeekday = (field: Field, begin: number, length: number): number => {
  const firstWeekday = weekdayOf(begin)
  let mask = 0
  for (const weekday of field.values) {
    for (let day = (weekday - firstWeekday + 7) % 7; day < length; day += 7) mask |= 1 << day
  }
  for (const { weekday, n } of field.nth) {
    const day = ((weekday - firstWeekday + 7) % 7) + 7 * (n - 1)
    if (day < length) mask |= 1 << day
  }
  for (const weekday of field.last) {
    const fromEnd = (firstWeekday + length - 1 - weekday + 7) % 7
    mask |= 1 << (length - 1 - fromEnd)
  }
  return mask
}
