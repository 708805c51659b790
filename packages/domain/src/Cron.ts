/**
 * A cron expression: five fields, minute hour day-of-month month day-of-week, or six with the seconds first.
 *
 * | piece | means |
 * |---|---|
 * | `*`, `5`, `1-5`, `1,15`, `10-59/10`, `5/10` | all, one, a range, a list, a range in steps, from 5 to the end in steps; `*` takes a step too |
 * | `JAN`, `MON` | names of months and weekdays, in any case |
 * | `0`, `7` | both Sunday, which also ends a week: `FRI-SUN` |
 * | `?` | the same as `*`, for a day only |
 * | `L`, `L-2`, `LW`, `15W` | day-of-month: the last, two before it, the last from Monday to Friday, the one nearest the 15th |
 * | `5L`, `5#2` | day-of-week: the last Friday of the month, the second |
 * | `@hourly @daily @midnight @weekly @monthly @yearly @annually` | at their first minute |
 *
 * Where programs differ, and who decides like this one (from their documentation):
 *
 * | question | here | the same | otherwise |
 * |---|---|---|---|
 * | day-of-month and day-of-week both given | either one matches | POSIX crontab, Vixie cron, robfig/cron, cron-parser, croner's `legacyMode`, Laravel | croner without it, Effect: both must match |
 * | `*` with a step, beside a weekday | given, so either one matches | croner's `legacyMode`, cron-parser, robfig/cron, Laravel | Vixie cron: what begins with `*` is not given |
 * | ranges that wrap, `FRI-MON` | refused | robfig/cron, croner, cron-parser | Quartz takes them |
 * | `5/10` | from 5 on: 5, 15, 25 … | robfig/cron, croner, cron-parser, Quartz | Vixie cron does not know it |
 * | `FRI-SUN` | Friday to Sunday | croner | robfig/cron: Sunday is 0, so refused |
 * | `?` | `*` | robfig/cron, Quartz | older croner: the value at the start |
 * | `31W` in a month of 30 days | does not fire | | |
 * | `L` alone as weekday | refused | | Quartz: Saturday |
 * | weekday numbers | 0 and 7 are Sunday | all but Quartz | Quartz: 1 is Sunday |
 * | a step longer than the field, `0-59/90` | refused | croner | robfig/cron: the first value only |
 * | `0 0 31 2 *` | refused | | robfig/cron: never fires; Effect: `next` throws |
 */
import { Result, Schema } from "effect"
import * as CronField from "./internal/CronField.ts"

export const FieldName = Schema.Literals([
  "expression",
  "second",
  "minute",
  "hour",
  "day-of-month",
  "month",
  "day-of-week"
])
export type FieldName = typeof FieldName.Type

/** The text is not a cron expression, or one that can never fire. */
export class BadCron extends Schema.TaggedError<BadCron>()("BadCron", {
  expression: Schema.String,
  field: FieldName,
  /** The character it is about, counted from 1. */
  position: Schema.Int,
  /** What is wrong, and what to write. */
  reason: Schema.String
}) {
  override get message(): string {
    return `Bad cron expression "${this.expression}", character ${this.position}: ${this.reason}.`
  }
}

export interface Cron {
  /** As it was written. */
  readonly expression: string
  /** Its six fields in upper case, macros resolved, seconds first. */
  readonly fields: readonly [string, string, string, string, string, string]
  /** Ascending, as the following are. */
  readonly seconds: ReadonlyArray<number>
  readonly minutes: ReadonlyArray<number>
  readonly hours: ReadonlyArray<number>
  readonly days: CronField.Field
  readonly months: ReadonlyArray<number>
  readonly weekdays: CronField.Field
  /**
   * It says how often rather than when: `*`, a range or a step in the minutes or seconds, or the whole day's hours,
   * `*` or in steps. Where clocks are put back it goes on through the repeated hour.
   */
  readonly isInterval: boolean
}

const macros: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *"
}

const longest = 1000

/** Expressions remembered once they are read; some kB each. */
const maxKnown = 1024
const known = new Map<string, Cron>()

/** Reads an expression of at most 1000 characters. The same text gives the same value while it is remembered. */
export const parse = (expression: string): Result.Result<Cron, BadCron> => {
  const before = known.get(expression)
  if (before !== undefined) return Result.succeed(before)
  const parsed = read(expression)
  if (Result.isSuccess(parsed)) {
    if (known.size >= maxKnown) known.clear()
    known.set(expression, parsed.success)
  }
  return parsed
}

const read = (expression: string): Result.Result<Cron, BadCron> => {
  const bad = (field: FieldName, position: number, reason: string) =>
    Result.fail(new BadCron({ expression: expression.slice(0, longest), field, position, reason }))

  if (expression.length > longest) return bad("expression", longest, `it is longer than ${longest} characters`)
  const macro = /^\s*(@\S*)(.*)$/.exec(expression)
  const named = macro === null ? expression : macros[expression.trim().toLowerCase()]
  if (named === undefined) return bad("expression", expression.indexOf("@") + 1, macroReason(macro?.[1] ?? ""))
  const tokens = Array.from(named.toUpperCase().matchAll(/\S+/g))
  if (tokens.length !== 5 && tokens.length !== 6) return bad("expression", 1, countReason(tokens.length))

  const at = tokens.length === 5 ? [0, ...tokens.map(({ index }) => index)] : tokens.map(({ index }) => index)
  const texts = tokens.map(([text]) => text)
  const [s = "0", m = "", h = "", d = "", mo = "", w = ""] = texts.length === 5 ? ["0", ...texts] : texts
  const kinds = [
    [CronField.second, s],
    [CronField.minute, m],
    [CronField.hour, h],
    [CronField.dayOfMonth, d],
    [CronField.month, mo],
    [CronField.dayOfWeek, w]
  ] as const
  const fields: Array<CronField.Field> = []
  for (const [kind, text] of kinds) {
    const field = CronField.readField(kind, text)
    if ("reason" in field) return bad(kind.name, (at[fields.length] ?? 0) + field.at + 1, field.reason)
    fields.push(field)
  }
  const [seconds, minutes, hours, days, months, weekdays] = fields
  if (!seconds || !minutes || !hours || !days || !months || !weekdays) return bad("expression", 1, countReason(0))
  if (weekdays.isAny && !days.isAny && !months.values.some((month) => hasDay(days, month))) {
    return bad("day-of-month", (at[3] ?? 0) + 1, neverReason(d, mo))
  }
  return Result.succeed({
    expression,
    fields: [s, m, h, d, mo, w],
    seconds: seconds.values,
    minutes: minutes.values,
    hours: hours.values,
    days,
    months: months.values,
    weekdays,
    isInterval: seconds.repeats || minutes.repeats || stepsThroughDay(h)
  })
}

/** Text that `parse` reads; as a schema, for what is stored or sent. */
export const Expression = Schema.String.check(
  Schema.makeFilter(
    (text: string) => Result.match(parse(text), { onFailure: ({ message }) => message, onSuccess: () => true }),
    { expected: "a cron expression" }
  )
)

const macroReason = (macro: string): string => {
  const lower = macro.toLowerCase()
  if (lower === "@every") return "an interval is no cron expression. Write a trigger that fires every so often"
  if (lower === "@reboot") return "nothing fires at a start. Write when it should fire"
  return `"${macro}" is not known. Write ${Object.keys(macros).join(", ")}, or five fields`
}

const countReason = (count: number): string =>
  `it has ${count} ${count === 1 ? "field" : "fields"}. ` +
  "Write five, minute hour day-of-month month day-of-week, or six with the seconds first"

const neverReason = (days: string, months: string): string =>
  `it would never fire: no month in "${months}" has a day "${days}". ` +
  "Write a day that the month has, or L for its last"

/** Whether the month has, in some year, a day that the field names. */
const hasDay = (field: CronField.Field, month: number): boolean => {
  const length = month === 2 ? 29 : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return (
    field.lastWorkday ||
    field.values.some((day) => day <= length) ||
    field.nearest.some((day) => day <= length) ||
    field.last.some((before) => before < length)
  )
}

/** `*`, or one step that goes from the day's begin to its end: `0-23/2`, `1-23/2`. */
const stepsThroughDay = (hours: string): boolean => {
  const parts = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(hours)
  if (parts === null) return false
  const isList = parts[1] !== undefined && parts[2] === undefined && parts[3] === undefined
  const step = Number(parts[3] ?? 1)
  return !isList && Number(parts[1] ?? 0) < step && Number(parts[2] ?? 23) + step > 23
}
