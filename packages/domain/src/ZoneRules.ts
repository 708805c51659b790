/**
 * The rules of a time zone: between which instants it keeps which offset. Read from the runtime's own copy of the
 * IANA time zone database through `Intl`, so it runs in a browser as well.
 *
 * Known from 1900 to 2200; another instant is a defect. Two changes that undo each other within three days
 * are not seen; the database (2026c) has none closer than that since 1900.
 *
 * Memory: the last `maxZones` zones asked for are kept, each with at most the changes of these three centuries
 * (about 30 kB for a zone, a few if only some years are asked for). All the zones there are find room. A year is read, once, when an instant in it is asked for: 0.6 ms.
 */
import { Result } from "effect"
import { BadZone } from "./WallTime.ts"

/** 1900-01-01 and 2200-01-01, UTC; milliseconds since the epoch. */
export const earliest = -2_208_988_800_000
export const latest = 7_258_118_400_000

/** A stretch of time in which the clock goes evenly. Instants in milliseconds since the epoch, offsets in milliseconds. */
export interface Segment {
  /** Its first instant. */
  readonly start: number
  /** The first instant after it. */
  readonly end: number
  /** What the wall clock shows less UTC. */
  readonly offset: number
  /**
   * The offsets just before `start` and from `end` on. Equal to `offset` where the segment was cut for want of
   * knowledge; such a cut is at least `margin` away from the next change outside.
   */
  readonly before: number
  readonly after: number
}

/** Longer than any clock was ever set forward or back at once. */
const margin = 3 * 86_400_000

export interface ZoneRules {
  readonly zone: string
  /** The segment that holds an instant. */
  readonly segmentAt: (instant: number) => Segment
}

export interface Transition {
  readonly at: number
  readonly before: number
  readonly after: number
}

export const maxZones = 640
const known = new Map<string, ZoneRules>()

/** The rules of an IANA zone, in any case of letters, or of a fixed offset like `+05:30`. */
export const make = (zone: string): Result.Result<ZoneRules, BadZone> => {
  const kept = known.get(zone)
  if (kept !== undefined) {
    known.delete(zone)
    known.set(zone, kept)
    return Result.succeed(kept)
  }
  const made = Result.try({ try: () => read(zone), catch: () => new BadZone({ zone }) })
  if (Result.isSuccess(made)) {
    known.set(zone, made.success)
    for (const oldest of known.keys()) {
      if (known.size <= maxZones) break
      known.delete(oldest)
    }
  }
  return made
}

/** The offset at an instant, in milliseconds: positive east of Greenwich. */
export const offsetAt = (rules: ZoneRules, instant: number): number => rules.segmentAt(instant).offset

/** Every change of the offset in [from, to), oldest first. */
export const transitions = (rules: ZoneRules, from: number, to: number): Array<Transition> => {
  const found: Array<Transition> = []
  let reached = from
  while (reached < to && reached < latest) {
    const { start, end, before, offset } = rules.segmentAt(reached)
    // A segment that was cut goes on where the piece before it was left: it begins before what was reached.
    if (start === reached && before !== offset) found.push({ at: start, before, after: offset })
    reached = end
  }
  return found
}

const fingerprintFrom = Date.UTC(2000, 0, 1)
const fingerprintTo = Date.UTC(2040, 0, 1)

/**
 * Eight hexadecimal digits that change when the zone's rules do: the hash of its offset on 2000-01-01 and of every
 * change up to 2040. Recorded with what was planned, it tells when the time zone database changed underneath. Equal
 * rules give equal digits on every runtime; a change outside these years, or a new name for the zone, does not show.
 * The first call for a zone reads forty years: about 20 ms.
 */
export const fingerprint = (rules: ZoneRules): string => {
  const changes = transitions(rules, fingerprintFrom, fingerprintTo)
  const text = [
    offsetAt(rules, fingerprintFrom),
    ...changes.map(({ at, after }) => `${at / 1000}:${after / 1000}`)
  ].join(" ")
  return hash(text).toString(16).padStart(8, "0")
}

/** 32 bits that never change for a text: FNV-1a over its UTF-16 units, mixed as MurmurHash3 ends. */
export const hash = (text: string): number => {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

const read = (zone: string): ZoneRules => {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" })
  const offset = (instant: number): number => parseOffset(format.format(instant))
  if (/^(?:utc|etc\/utc|gmt|etc\/gmt.*|[+-]\d\d:?\d\d)$/i.test(zone)) return constant(zone, offset(0))

  /** The changes in (from, to], with the offset each leads to; `base` is the offset at `from`. */
  let at: Array<number> = []
  let offsets: Array<number> = []
  let base = 0
  let from = 0
  let to = 0

  const cover = (instant: number): void => {
    if (!(instant >= earliest && instant < latest)) throw new RangeError(`${instant} is outside of 1900 to 2200`)
    if (from === to) {
      from = yearStart(instant)
      to = from
      base = offset(from)
    }
    while (to <= instant + margin) {
      const next = yearStart(to, 1)
      const scanned = scan(offset, to, next)
      at.push(...scanned.at)
      offsets.push(...scanned.offsets)
      to = next
    }
    while (from > instant - margin) {
      const previous = yearStart(from, -1)
      const scanned = scan(offset, previous, from)
      at = [...scanned.at, ...at]
      offsets = [...scanned.offsets, ...offsets]
      base = offset(previous)
      from = previous
    }
  }

  let recent: Segment = { start: 0, end: 0, offset: 0, before: 0, after: 0 }
  const segmentAt = (instant: number): Segment => {
    if (instant >= recent.start && instant < recent.end) return recent
    cover(instant)
    const index = countUpTo(at, instant)
    const here = offsets[index - 1] ?? base
    recent = {
      start: at[index - 1] ?? from + margin,
      end: at[index] ?? to - margin,
      offset: here,
      before: index > 1 ? (offsets[index - 2] ?? base) : index === 1 ? base : here,
      after: offsets[index] ?? here
    }
    return recent
  }
  return { zone, segmentAt }
}

const constant = (zone: string, offset: number): ZoneRules => {
  const always: Segment = { start: -Infinity, end: Infinity, offset, before: offset, after: offset }
  return { zone, segmentAt: () => always }
}

/** `…, GMT+05:45` or `…, GMT-00:44:30` in milliseconds. */
const parseOffset = (text: string): number => {
  const parts = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text)
  if (parts === null) throw new RangeError(`"${text}" says no offset`)
  const seconds = Number(parts[2] ?? 0) * 3600 + Number(parts[3] ?? 0) * 60 + Number(parts[4] ?? 0)
  return parts[1] === "-" ? -seconds * 1000 : seconds * 1000
}

const yearStart = (instant: number, years = 0): number => Date.UTC(new Date(instant).getUTCFullYear() + years, 0, 1)

/** Gaza and Hebron will keep an offset for less than a week. */
const stride = 3 * 86_400_000

/** The changes in (from, to]. */
const scan = (offset: (instant: number) => number, from: number, to: number) => {
  const at: Array<number> = []
  const offsets: Array<number> = []
  let current = offset(from)
  for (let begin = from; begin < to; begin += stride) {
    const end = Math.min(begin + stride, to)
    const reached = offset(end)
    let low = begin
    while (current !== reached) {
      let high = end
      while (high - low > 1000) {
        const middle = low + Math.floor((high - low) / 2000) * 1000
        if (offset(middle) === current) low = middle
        else high = middle
      }
      current = offset(high)
      at.push(high)
      offsets.push(current)
      low = high
    }
  }
  return { at, offsets }
}

/** How many of the ascending instants are not after `instant`. */
const countUpTo = (at: ReadonlyArray<number>, instant: number): number => {
  let low = 0
  let high = at.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((at[middle] ?? Infinity) <= instant) low = middle + 1
    else high = middle
  }
  return low
}
