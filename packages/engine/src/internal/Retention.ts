/**
 * How long the record of what ended is kept: milliseconds, or a word. Of what completed, `none` keeps no record at all.
 */
import { Duration } from "effect"

export type Retention = "none" | "for ever" | number

/** Throws a `RangeError` that names the pipeline when it is less than a millisecond. */
export const make = (pipeline: string, retention: "none" | "for ever" | Duration.Input): Retention => {
  if (retention === "none" || retention === "for ever") return retention
  const millis = Duration.toMillis(retention)
  if (millis >= 1) return millis === Infinity ? "for ever" : millis
  throw new RangeError(`pipeline ${pipeline}: a retention is a millisecond or more, "none" or "for ever"`)
}
