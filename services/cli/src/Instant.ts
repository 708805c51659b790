/**
 * Instants as people and programs write them: ISO 8601, `2026-03-29T01:00:00Z`, with any offset. Without an offset it
 * is a wall time in a zone, and a date alone is its midnight there; a wall time that a zone skips or repeats is read as
 * `WallTime` reads it.
 */
import { BadWallTime, type BadZone, instant } from "@fibercast/domain/WallTime"
import { earliest, latest } from "@fibercast/domain/ZoneRules"
import { DateTime, Result, Schema } from "effect"

export class BadInstant extends Schema.TaggedError<BadInstant>()("BadInstant", { input: Schema.String }) {
  override get message(): string {
    return `"${this.input}" is not an instant. Write ${expected}.`
  }
}

/** What `parse` takes, in words. */
export const expected = "ISO 8601, like 2026-03-29T01:00:00Z or 2026-03-29T02:00, from 1900 to 2199"

const pattern =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|([+-])(\d{2}):?([0-5]\d)?)?)?$/iu

/** Milliseconds since the epoch, a smaller fraction cut off. The zone is asked only if the text has no offset. */
export const parse = (input: string, zone: string): Result.Result<number, BadInstant | BadZone> => {
  const [, date, time = "00:00", second = "00", fraction = "", offset, sign, hours = "0", minutes = "0"] =
    pattern.exec(input) ?? []
  if (date === undefined || Number(hours) > 23) return Result.fail(new BadInstant({ input }))
  const east = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60_000 : 60_000)
  const read = offset === undefined ? inZone(`${date} ${time}:${second}`, zone) : inUtc(`${date}T${time}:${second}`)
  const millis = Number(fraction.slice(0, 3).padEnd(3, "0"))
  return Result.match(read, {
    onFailure: (error) => Result.fail(error instanceof BadWallTime ? new BadInstant({ input }) : error),
    onSuccess: (whole) => {
      const at = whole + millis - east
      return at >= earliest && at < latest ? Result.succeed(at) : Result.fail(new BadInstant({ input }))
    }
  })
}

const inZone = (wall: string, zone: string) => Result.map(instant(wall, zone), DateTime.toEpochMillis)

/** A date that the calendar lacks would be read as another one. */
const inUtc = (text: string): Result.Result<number, BadWallTime> => {
  const at = Date.parse(`${text}Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
    ? Result.succeed(at)
    : Result.fail(new BadWallTime({ input: text }))
}

/** In UTC, to the millisecond: `2026-03-29T01:00:00.000Z`. */
export const format = (at: number): string => new Date(at).toISOString()
