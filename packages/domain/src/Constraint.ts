/**
 * A constraint allows a trigger to fire only at some times of the week. It is judged by what the wall clock in the
 * trigger's zone shows when it would fire; all of a trigger's constraints must allow it.
 */
import { Schema } from "effect"
import { dayMillis, parseTime, weekdayOf } from "./internal/WallClock.ts"

/** In the order of their numbers in cron: Sunday is 0. */
export const dayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const
export const Weekday = Schema.Literals(dayNames)
export type Weekday = typeof Weekday.Type

/** `09:00`, `9:00` or `09:00:30`. */
export const TimeOfDay = Schema.String.check(
  Schema.makeFilter((text: string) =>
    parseTime(text) === null ? `"${text}" is no time of day. Write it like "09:00"` : true
  )
)

export const Constraint = Schema.Union([
  Schema.TaggedStruct("Days", { days: Schema.NonEmptyArray(Weekday) }),
  /**
   * From `start` to `end`, both included to the second; over midnight if `start` is later. As Laravel's `between`.
   */
  Schema.TaggedStruct("Between", { start: TimeOfDay, end: TimeOfDay }),
  /** At all other times than `Between` allows. */
  Schema.TaggedStruct("UnlessBetween", { start: TimeOfDay, end: TimeOfDay })
])
export type Constraint = typeof Constraint.Type

/**
 * The earliest wall instant from `wall` on that all allow, in milliseconds on a clock that nobody sets; `Infinity` if
 * they never do.
 */
export const compile = (constraints: ReadonlyArray<Constraint>): ((wall: number) => number) => {
  const steps = constraints.map(step)
  return (wall) => {
    let allowed = wall
    // They repeat each week.
    while (allowed <= wall + 8 * dayMillis) {
      const before = allowed
      for (const from of steps) allowed = from(allowed)
      if (allowed === before) return allowed
    }
    return Infinity
  }
}

const midnight = (wall: number): number => Math.floor(wall / dayMillis) * dayMillis

const step = (constraint: Constraint): ((wall: number) => number) => {
  if (constraint._tag === "Days") {
    const allowed = dayNames.map((day) => constraint.days.includes(day))
    return (wall) => {
      const day = Math.floor(wall / dayMillis)
      let ahead = 0
      while (ahead < 7 && allowed[weekdayOf(day + ahead)] !== true) ahead++
      return ahead === 0 ? wall : (day + ahead) * dayMillis
    }
  }
  const start = (parseTime(constraint.start) ?? 0) * 1000
  const end = (parseTime(constraint.end) ?? 0) * 1000
  const overMidnight = start > end
  const isWithin = (time: number) => (overMidnight ? time >= start || time <= end : time >= start && time <= end)
  if (constraint._tag === "Between") {
    return (wall) => {
      const time = wall - midnight(wall)
      if (isWithin(time)) return wall
      return midnight(wall) + (time < start ? start : start + dayMillis)
    }
  }
  return (wall) => {
    const time = wall - midnight(wall)
    if (!isWithin(time)) return wall
    return midnight(wall) + end + 1 + (overMidnight && time >= start ? dayMillis : 0)
  }
}
