/**
 * Periods on the command line: `90s`, `10min`, `2h`, `1d`.
 */
import { Duration, Result, Schema } from "effect"

export class BadPeriod extends Schema.TaggedError<BadPeriod>()("BadPeriod", { input: Schema.String }) {
  override get message(): string {
    return `"${this.input}" is not a period. Write it like 90s, 10min, 2h or 1d.`
  }
}

const units: Readonly<Record<string, number>> = { s: 1, min: 60, m: 60, h: 3600, d: 86_400 }

/** Whole numbers of one unit; longer than none. */
export const parse = (input: string): Result.Result<Duration.Duration, BadPeriod> => {
  const [, count, unit] = /^\s*(\d{1,9})\s*([a-z]+)\s*$/iu.exec(input) ?? []
  const seconds = Number(count) * (units[unit?.toLowerCase() ?? ""] ?? 0)
  return seconds > 0 ? Result.succeed(Duration.seconds(seconds)) : Result.fail(new BadPeriod({ input }))
}
