/**
 * Arithmetic on what a clock on the wall shows, without a zone. A wall instant is the milliseconds since
 * 1970-01-01 00:00 on that clock; a day is the days since then. Proleptic Gregorian calendar.
 */

export const dayMillis = 86_400_000

export interface CivilDay {
  readonly year: number
  /** From 1 to 12. */
  readonly month: number
  /** From 1 to 31. */
  readonly day: number
}

/** Months outside 1 to 12 and days outside the month count on. */
export const dayOf = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / dayMillis

/** The date of a day. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
export const civilOf = (days: number): CivilDay => {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/** 0 is Sunday. */
export const weekdayOf = (days: number): number => (((days + 4) % 7) + 7) % 7

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

export const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)

/** `09:00`; seconds and milliseconds only where they are not zero. `millis` is less than a day. */
export const formatTime = (millis: number): string => {
  const seconds = Math.floor(millis / 1000)
  const rest = millis - seconds * 1000
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`
  if (rest > 0) return `${text}:${two(seconds % 60)}.${String(rest).padStart(3, "0")}`
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`
}

/** `2026-12-01 09:00`; seconds and milliseconds only where they are not zero. */
export const formatWall = (wall: number): string => {
  const days = Math.floor(wall / dayMillis)
  const { year, month, day } = civilOf(days)
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)} ${formatTime(wall - days * dayMillis)}`
}

/** Seconds since midnight of `9:00`, `09:00` or `09:00:30`; null if it is no time of day. */
export const parseTime = (text: string): number | null => {
  const parts = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text)
  if (parts === null) return null
  const [hour = 0, minute = 0, second = 0] = parts.slice(1).map((part) => Number(part ?? 0))
  return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : null
}

/** The wall instant of `2026-12-01 09:00`, with seconds or without; null if it is no date and time. */
export const parseWall = (text: string): number | null => {
  const parts = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)$/.exec(text)
  const time = parseTime(parts?.[4] ?? "")
  const [year, month, day] = [Number(parts?.[1]), Number(parts?.[2]), Number(parts?.[3])]
  if (parts === null || time === null || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    return null
  }
  return dayOf(year, month, day) * dayMillis + time * 1000
}
