/**
 * Days of the business: from midnight to midnight on its own wall clock, so one may have 23 or 25 hours.
 */
import * as Occurrence from "@fibercast/domain/Occurrence"
import * as WallTime from "@fibercast/domain/WallTime"
import { type TriggerRun } from "@fibercast/engine/TriggerRun"
import { DateTime, Result } from "effect"

export interface Day {
  /** Like `2026-01-31`. */
  readonly name: string
  /** Its first instant, and the first that is not of it any more; epoch milliseconds. */
  readonly from: number
  readonly until: number
}

const shifted = (name: string, days: number): string =>
  DateTime.formatIsoDateUtc(DateTime.add(DateTime.makeUnsafe(name), { days }))

/** Where the clock skips midnight, the day begins after the gap. */
const midnight = (name: string, zone: string): number =>
  DateTime.toEpochMillis(Result.getOrThrow(WallTime.instant(`${name} 00:00`, zone)))

export const day = (name: string, zone: string): Day => ({
  name,
  from: midnight(name, zone),
  until: midnight(shifted(name, 1), zone)
})

/**
 * The days that a run is for: the one before that of its nominal time, however late it runs; and those of the runs that it
 * stands for, the oldest first.
 */
export const before = ({ covers, wallTime, zone }: TriggerRun): ReadonlyArray<Day> => {
  const last = shifted(wallTime.slice(0, 10), -1)
  const first = covers === null ? last : shifted(Occurrence.wallTime(covers.from, zone).slice(0, 10), -1)
  const days: Array<Day> = []
  for (let name = first; name <= last; name = shifted(name, 1)) days.push(day(name, zone))
  return days
}
