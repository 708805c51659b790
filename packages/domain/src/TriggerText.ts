/**
 * What a trigger says, in English: `every 10 seconds`, `at 09:00 on Monday, in Asia/Jakarta`.
 */
import { Result } from "effect"
import { type Constraint, dayNames } from "./Constraint.ts"
import * as Cron from "./Cron.ts"
import * as CronText from "./internal/CronText.ts"
import { formatWall } from "./internal/WallClock.ts"
import { type Timing, type Trigger } from "./Trigger.ts"

/**
 * One line without a full stop: the timing, the constraints and the zone. Made to be read in a table, not to be
 * parsed; gap, fold and spread are not told.
 */
export const describe = (trigger: Trigger): string =>
  [
    describeTiming(trigger.timing),
    ...trigger.constraints.map(describeConstraint),
    ...(trigger.zone === null ? [] : [`in ${trigger.zone}`])
  ].join(", ")

const describeTiming = (timing: Timing): string => {
  switch (timing._tag) {
    case "Once":
      return typeof timing.at === "string" ? `once at ${timing.at}` : `once at ${formatWall(timing.at)} UTC`
    case "Every": {
      const from = timing.anchor === 0 ? "" : `, counted from ${formatWall(timing.anchor)} UTC`
      return `every ${describeMillis(timing.interval)}${from}`
    }
    case "Cron":
      return Result.match(Cron.parse(timing.expression), {
        onFailure: () => `by "${timing.expression}"`,
        onSuccess: CronText.describe
      })
  }
}

const units = [
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
  ["millisecond", 1]
] as const

const describeMillis = (millis: number): string => {
  const [unit, size] = units.find(([, size]) => millis % size === 0) ?? ["millisecond", 1]
  return millis === size ? unit : `${millis / size} ${unit}s`
}

const describeConstraint = (constraint: Constraint): string => {
  switch (constraint._tag) {
    case "Days": {
      const days = dayNames.flatMap((day, index) => (constraint.days.includes(day) ? [index] : []))
      const named: Readonly<Record<string, string>> = { "12345": "on weekdays", "06": "at weekends" }
      return `${named[days.join("")] ?? `on ${CronText.listDays(days)}`} only`
    }
    case "Between":
      return `between ${constraint.start} and ${constraint.end}`
    case "UnlessBetween":
      return `except between ${constraint.start} and ${constraint.end}`
  }
}
