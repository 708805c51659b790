/**
 * Limits say how fast and how many at once. `none` limits nothing.
 */
import { Duration, Result, Schema } from "effect"

/** At most `permits` starts in every sliding window of `per`. */
export const Rate = Schema.Struct({
  permits: Schema.Int.check(Schema.isGreaterThan(0)),
  /** Milliseconds. */
  per: Schema.Int.check(Schema.isGreaterThan(0))
})
export type Rate = typeof Rate.Type

export const Limits = Schema.Struct({
  rate: Schema.optionalKey(Rate),
  /** At most this many at once. */
  inFlight: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** At most this many background jobs open; more are refused. */
  backlog: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))
})
export type Limits = typeof Limits.Type

export const none: Limits = {}

/** The text is not a rate. */
export class BadRate extends Schema.TaggedError<BadRate>()("BadRate", { input: Schema.String }) {
  override get message(): string {
    return `"${this.input}" is not a rate. Write a count and a period, like 20/s, 1/2s, 600/min or 10000/day.`
  }
}

const unitMillis: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000
}

/** Reads `20/s`, `1/2s`, `600/min`, `1000/hour`, `10000/day`. */
export const parseRate = (input: string): Result.Result<Rate, BadRate> => {
  const parts = /^\s*(\d{1,9})\s*\/\s*(\d{1,6})?\s*([a-z]+)\s*$/i.exec(input)
  const permits = Number(parts?.[1])
  const millis = unitMillis[parts?.[3]?.toLowerCase() ?? ""]
  const per = Number(parts?.[2] ?? 1) * (millis ?? 0)
  return permits > 0 && per > 0 ? Result.succeed({ permits, per }) : Result.fail(new BadRate({ input }))
}

/** A rate as people write it: `20/s`, `1/2s`. */
export const formatRate = (rate: Rate): string => {
  const unit = rate.per % 3_600_000 === 0 ? "h" : rate.per % 60_000 === 0 ? "min" : rate.per % 1000 === 0 ? "s" : "ms"
  const count = rate.per / (unitMillis[unit] ?? 1)
  return `${rate.permits}/${count === 1 ? "" : count}${unit}`
}

/** The longest a caller waits between two starts when the rate is fully used. */
export const interval = (rate: Rate): Duration.Duration => Duration.millis(rate.per / rate.permits)
