/**
 * A wall time is a date and a time of day as people say them, without a zone: `2026-12-01 09:00`.
 *
 * With an IANA zone it means one instant. Where clocks are put forward a time that does not exist
 * means the instant as far after the gap as it was meant after the gap's begin; where they are put
 * back, the earlier of the two.
 */
import { DateTime, Option, Result, Schema } from "effect"

export class BadZone extends Schema.TaggedError<BadZone>()("BadZone", { zone: Schema.String }) {
  override get message(): string {
    return `"${this.zone}" is not a time zone. Use an IANA name like Asia/Jakarta or Europe/Berlin.`
  }
}

export class BadWallTime extends Schema.TaggedError<BadWallTime>()("BadWallTime", { input: Schema.String }) {
  override get message(): string {
    return `"${this.input}" is not a date and time. Write it like "2026-12-01 09:00".`
  }
}

export const parseZone = (zone: string): Result.Result<DateTime.TimeZone.Named, BadZone> =>
  Option.match(DateTime.zoneMakeNamed(zone), {
    onNone: () => Result.fail(new BadZone({ zone })),
    onSome: (named) => Result.succeed(named)
  })

/** The instant a wall time means in a zone. */
export const instant = (input: string, zone: string): Result.Result<DateTime.Zoned, BadZone | BadWallTime> => {
  const named = parseZone(zone)
  if (Result.isFailure(named)) return Result.fail(named.failure)
  const parts = /^\s*(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?\s*$/.exec(input)
  if (parts === null) return Result.fail(new BadWallTime({ input }))
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0))
  const inDay = hour < 24 && minute < 60 && second < 60
  const daysOfMonth = month >= 1 && month <= 12 ? new Date(Date.UTC(year, month, 0)).getUTCDate() : 0
  if (!inDay || day < 1 || day > daysOfMonth) return Result.fail(new BadWallTime({ input }))
  return Option.match(
    DateTime.makeZoned(
      { year, month, day, hour, minute, second, millisecond: 0 },
      { timeZone: named.success, adjustForTimeZone: true, disambiguation: "compatible" }
    ),
    {
      onNone: () => Result.fail(new BadWallTime({ input })),
      onSome: (zoned) => Result.succeed(zoned)
    }
  )
}
