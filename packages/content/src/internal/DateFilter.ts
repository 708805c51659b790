/**
 * Dates in templates, the same on every machine: ISO 8601 in, strftime out.
 *
 * A date or time without offset is a wall time and is shown as written. One with an offset is an
 * instant and is shown in the zone. There is no "now": a message does not depend on when it is rendered.
 */
import { DateTime, Option } from "effect"

export interface DateSettings {
  /** IANA name. */
  readonly zone: string
  /** BCP 47 tag for the names of days and months. */
  readonly locale: string
}

const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$/u

/** The moment in its display zone; none when the text is not a date that exists. */
const moment = (text: string, zone: string): Option.Option<DateTime.DateTime> => {
  const [, day, time = "00:00", seconds = ":00", offset] = iso.exec(text.trim()) ?? []
  if (day === undefined) return Option.none()
  const wall = DateTime.make(`${day}T${time}${seconds}Z`).pipe(
    Option.filter((date) => DateTime.formatIsoDateUtc(date) === day)
  )
  if (offset === undefined || Option.isNone(wall)) return wall
  return DateTime.make(`${day}T${time}${seconds}${offset}`).pipe(
    Option.flatMap((instant) => DateTime.setZoneNamed(instant, zone))
  )
}

const two = (value: number, flag: string, pad = "0"): string =>
  flag === "-" ? `${value}` : `${value}`.padStart(2, pad)

const directive = (date: DateTime.DateTime, locale: string, flag: string, code: string): string | undefined => {
  const parts = DateTime.toParts(date)
  const hour = parts.hour % 12 === 0 ? 12 : parts.hour % 12
  const name = (options: Intl.DateTimeFormatOptions): string => DateTime.format(date, { locale, ...options })
  switch (code) {
    case "Y":
      return `${parts.year}`
    case "y":
      return two(parts.year % 100, flag)
    case "m":
      return two(parts.month, flag)
    case "d":
      return two(parts.day, flag)
    case "e":
      return two(parts.day, flag, " ")
    case "H":
      return two(parts.hour, flag)
    case "I":
      return two(hour, flag)
    case "l":
      return two(hour, flag, " ")
    case "M":
      return two(parts.minute, flag)
    case "S":
      return two(parts.second, flag)
    case "p":
      return parts.hour < 12 ? "AM" : "PM"
    case "P":
      return parts.hour < 12 ? "am" : "pm"
    case "A":
      return name({ weekday: "long" })
    case "a":
      return name({ weekday: "short" })
    case "B":
      return name({ month: "long" })
    case "b":
      return name({ month: "short" })
    case "%":
      return "%"
    default:
      return undefined
  }
}

/** The formatted date, or what is wrong with the text or the format. */
export const formatDate = (
  text: string,
  format: string,
  settings: DateSettings
): { readonly text: string } | { readonly flaw: string } => {
  if (Option.isNone(DateTime.zoneMakeNamed(settings.zone))) return { flaw: `there is no time zone "${settings.zone}"` }
  const date = moment(text, settings.zone)
  if (Option.isNone(date)) return { flaw: `"${text}" is not a date: write it like 2026-01-31 or 2026-01-31T09:30:00Z` }
  let unknown: string | undefined
  const shown = format.replaceAll(/%([-^]?)(.)/gsu, (written: string, flag: string, code: string) => {
    const value = directive(date.value, settings.locale, flag, code)
    if (value === undefined) unknown ??= written
    return flag === "^" ? (value ?? "").toUpperCase() : (value ?? "")
  })
  return unknown === undefined ? { text: shown } : { flaw: `a date format has no "${unknown}"` }
}
