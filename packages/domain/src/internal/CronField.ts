/**
 * One field of a cron expression, read into the values it names.
 */

export interface FieldKind {
  readonly name: "second" | "minute" | "hour" | "day-of-month" | "month" | "day-of-week"
  readonly min: number
  /** The largest value written; for weekdays 7, which is Sunday like 0. */
  readonly max: number
  /** Names of the values from `min` on. */
  readonly names: ReadonlyArray<string>
  /** What to write instead. */
  readonly hint: string
}

export const second: FieldKind = { name: "second", min: 0, max: 59, names: [], hint: "Write seconds from 0 to 59" }
export const minute: FieldKind = { name: "minute", min: 0, max: 59, names: [], hint: "Write minutes from 0 to 59" }
export const hour: FieldKind = { name: "hour", min: 0, max: 23, names: [], hint: "Write hours from 0 to 23" }
export const dayOfMonth: FieldKind = {
  name: "day-of-month",
  min: 1,
  max: 31,
  names: [],
  hint: "Write days from 1 to 31, L for the last, 15W for the weekday nearest the 15th"
}
export const month: FieldKind = {
  name: "month",
  min: 1,
  max: 12,
  names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
  hint: "Write months from 1 to 12 or JAN to DEC"
}
export const dayOfWeek: FieldKind = {
  name: "day-of-week",
  min: 0,
  max: 7,
  names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
  hint: "Write weekdays from 0 to 7 or SUN to SAT, 5L for the last Friday, 5#2 for the second"
}

/** What is wrong, and at which character of the field, counted from 0. */
export interface Problem {
  readonly at: number
  readonly reason: string
}

/** A field's values; the lists beside `values` say what depends on the month. */
export interface Field {
  /** Exactly `*` or `?`. */
  readonly isAny: boolean
  /** Some item is `*`, a range or a step. */
  readonly repeats: boolean
  /** Ascending, without repeats; Sunday is 0. */
  readonly values: ReadonlyArray<number>
  /** `L` is 0 days before the month's last, `L-3` is 3; of a weekday: `5L`, the last Friday. */
  readonly last: ReadonlyArray<number>
  /** `15W`. */
  readonly nearest: ReadonlyArray<number>
  /** `LW`. */
  readonly lastWorkday: boolean
  /** `5#2`: the second Friday. */
  readonly nth: ReadonlyArray<{ readonly weekday: number; readonly n: number }>
}

const isProblem = (value: number | Problem): value is Problem => typeof value === "object"

/** The number that a piece of a field stands for. */
const readValue = (kind: FieldKind, text: string, at: number): number | Problem => {
  if (!/^\d+$/.test(text)) {
    const named = kind.names.indexOf(text)
    return named >= 0 ? named + kind.min : { at, reason: `"${text}" is no ${kind.name}. ${kind.hint}` }
  }
  const value = Number(text)
  if (value < kind.min) return { at, reason: `${kind.name} ${text} is below ${kind.min}. ${kind.hint}` }
  if (value > kind.max) return { at, reason: `${kind.name} ${text} is above ${kind.max}. ${kind.hint}` }
  return value
}

/** Mutable while a field is read. */
interface Reading {
  repeats: boolean
  readonly values: Set<number>
  readonly last: Array<number>
  readonly nearest: Array<number>
  lastWorkday: boolean
  readonly nth: Array<{ readonly weekday: number; readonly n: number }>
}

/** `text` is in upper case. */
export const readField = (kind: FieldKind, text: string): Field | Problem => {
  const dated = kind.name === "day-of-month" || kind.name === "day-of-week"
  const reading: Reading = {
    repeats: false,
    values: new Set(),
    last: [],
    nearest: [],
    lastWorkday: false,
    nth: []
  }
  if (text === "?" && !dated) return { at: 0, reason: `? stands only for a day. Write * for every ${kind.name}` }
  let at = 0
  for (const item of text === "?" ? ["*"] : text.split(",")) {
    const problem = readItem(kind, item, at, reading)
    if (problem !== null) return problem
    at += item.length + 1
  }
  const values = Array.from(reading.values, (value) => (kind === dayOfWeek ? value % 7 : value))
  return {
    ...reading,
    isAny: text === "*" || text === "?",
    values: Array.from(new Set(values)).toSorted((a, b) => a - b)
  }
}

const readItem = (kind: FieldKind, item: string, at: number, into: Reading): Problem | null => {
  if (item === "") return { at, reason: `the ${kind.name} has an empty place in its list. ${kind.hint}` }
  const special =
    kind === dayOfMonth ? readDayOfMonth(item, at, into) : kind === dayOfWeek ? readDayOfWeek(item, at, into) : false
  return special === false ? readRange(kind, item, at, into) : special
}

/** False if the item is not one of those that only this field knows. */
const readDayOfMonth = (item: string, at: number, into: Reading): Problem | null | false => {
  if (item === "LW" || item === "WL") {
    into.lastWorkday = true
    return null
  }
  const last = /^L(?:-(\d+))?$/.exec(item)
  if (last !== null) {
    const before = Number(last[1] ?? 0)
    if (before > 30) return { at: at + 2, reason: "no month has that many days before its last. Write L-1 to L-30" }
    into.last.push(before)
    return null
  }
  if (!item.endsWith("W")) return false
  const value = readValue(dayOfMonth, item.slice(0, -1) || "W", at)
  if (isProblem(value)) return value
  into.nearest.push(value)
  return null
}

const readDayOfWeek = (item: string, at: number, into: Reading): Problem | null | false => {
  if (item === "L") return { at, reason: "L alone is no weekday. Write 5L or FRIL for the last Friday of the month" }
  const [name = "", count] = item.split("#")
  const ofMonth = count === undefined ? /^(?:\d+|[A-Z]{3})L$/.test(item) : true
  if (!ofMonth) return false
  const weekday = readValue(dayOfWeek, count === undefined ? item.slice(0, -1) : name, at)
  if (isProblem(weekday)) return weekday
  if (count === undefined) into.last.push(weekday % 7)
  else if (/^[1-5]$/.test(count)) into.nth.push({ weekday: weekday % 7, n: Number(count) })
  else return { at: at + name.length + 1, reason: `"${count}" is not 1 to 5. Write FRI#2 for the second Friday` }
  return null
}

/** `*`, `5`, `1-5`, and each with a step. */
const readRange = (kind: FieldKind, item: string, at: number, into: Reading): Problem | null => {
  const parts = /^(\*|[^-/]+)(?:-([^-/]+))?(?:\/(.*))?$/.exec(item)
  if (parts === null || (parts[1] === "*" && parts[2] !== undefined)) {
    return { at, reason: `"${item}" is no ${kind.name}. ${kind.hint}` }
  }
  const [, begin = "", end, every] = parts
  const top = kind === dayOfWeek ? 6 : kind.max
  const from = begin === "*" ? kind.min : readValue(kind, begin, at)
  if (isProblem(from)) return from
  const endAt = at + begin.length + 1
  const to = end !== undefined ? readValue(kind, end, endAt) : begin === "*" || every !== undefined ? top : from
  if (isProblem(to)) return to
  // Sunday ends a week as well as it begins one.
  const until = kind === dayOfWeek && end !== undefined && to === 0 && from > 0 ? 7 : to
  if (from > until && end !== undefined) {
    const apart = `${begin}-${top},${kind.min}-${end}`
    return { at, reason: `the range ${begin}-${end} goes backwards. Write it as two: ${apart}` }
  }
  const step = every === undefined ? 1 : Number(every)
  if (every !== undefined && !(/^\d+$/.test(every) && step >= 1 && step <= kind.max - kind.min + 1)) {
    const stepAt = at + item.indexOf("/") + 1
    const longest = kind.max - kind.min + 1
    return { at: stepAt, reason: `"${every}" is no step for the ${kind.name}. Write a step from 1 to ${longest}` }
  }
  if (begin === "*" || end !== undefined || every !== undefined) into.repeats = true
  for (let value = from; value <= Math.max(from, until); value += step) into.values.add(value)
  return null
}
