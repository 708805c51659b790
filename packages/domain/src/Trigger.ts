/**
 * A trigger says when something fires: once, every so often, or by a cron expression; in which time zone, and what
 * becomes of wall times that the zone skips or repeats. It is data, and the same JSON gives the same trigger.
 *
 * Where clocks are put forward, some wall times do not exist (the gap):
 * - `shift`: fires as far after the gap as it was meant after the gap's begin (02:30 becomes 03:30);
 * - `at-end`: fires at the first instant after the gap; `skip`: does not fire.
 *
 * Where clocks are put back, some wall times come twice (the fold):
 * - `first`, `second`, `both`: fires at the first, the second, or at both;
 * - `auto`: a cron expression that says how often rather than when (`Cron.isInterval`) at both, all else at the first.
 *
 * Firings that come to lie on one instant are one. `Every` knows no wall time: neither rule touches it.
 */
import { Duration, Result, Schema } from "effect"
import { Constraint } from "./Constraint.ts"
import * as Cron from "./Cron.ts"
import { parseWall } from "./internal/WallClock.ts"
import { BadWallTime } from "./WallTime.ts"
import * as ZoneRules from "./ZoneRules.ts"

/** Milliseconds since the epoch, from 1900 to 2200. */
const Instant = Schema.Int.check(Schema.isGreaterThanOrEqualTo(ZoneRules.earliest), Schema.isLessThan(ZoneRules.latest))

/** `2026-12-01 09:00`, with seconds or without, from 1900 to 2199. */
const Wall = Schema.String.check(
  Schema.makeFilter((text: string) => (isWall(text) ? true : new BadWallTime({ input: text }).message))
)

const isWall = (text: string): boolean => {
  const wall = parseWall(text)
  return wall !== null && wall >= ZoneRules.earliest && wall < ZoneRules.latest
}

const Zone = Schema.String.check(
  Schema.makeFilter((zone: string) =>
    Result.match(ZoneRules.make(zone), { onFailure: ({ message }) => message, onSuccess: () => true })
  )
)

export const minInterval = 1000

export const Timing = Schema.Union([
  /** At an instant, or at a wall time in the trigger's zone. */
  Schema.TaggedStruct("Once", { at: Schema.Union([Instant, Wall]) }),
  /** At each instant that is a whole number of intervals before or after the anchor. Milliseconds. */
  Schema.TaggedStruct("Every", {
    interval: Schema.Int.check(Schema.isGreaterThanOrEqualTo(minInterval)),
    anchor: Instant
  }),
  Schema.TaggedStruct("Cron", { expression: Cron.Expression })
])
export type Timing = typeof Timing.Type

export const Gap = Schema.Literals(["skip", "shift", "at-end"])
export type Gap = typeof Gap.Type

export const Fold = Schema.Literals(["auto", "first", "second", "both"])
export type Fold = typeof Fold.Type

export const Trigger = Schema.Struct({
  /** What its occurrences are called by; empty until `named`. */
  name: Schema.String,
  timing: Timing,
  /** An IANA zone; null: the zone of whoever plans it, which is its workspace's. */
  zone: Schema.NullOr(Zone),
  gap: Gap,
  fold: Fold,
  constraints: Schema.Array(Constraint),
  /** Its runs start up to this many milliseconds after their nominal time, each trigger by an amount of its own. */
  spread: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
})
export type Trigger = typeof Trigger.Type

const make = (timing: Timing): Trigger => ({
  name: "",
  timing,
  zone: null,
  gap: "shift",
  fold: "auto",
  constraints: [],
  spread: 0
})

/** Fires by a cron expression of five or six fields. */
export const cron = (expression: string): Result.Result<Trigger, Cron.BadCron> =>
  Result.map(Cron.parse(expression), () => make({ _tag: "Cron", expression }))

/** The cron expression that a trigger of that kind holds. One that `Cron.parse` refuses is a defect. */
export const cronOf = (timing: Extract<Timing, { readonly _tag: "Cron" }>): Cron.Cron =>
  Result.getOrThrow(Cron.parse(timing.expression))

/** Fires once, at a wall time in the trigger's zone. */
export const onceAt = (wallTime: string): Result.Result<Trigger, BadWallTime> =>
  isWall(wallTime)
    ? Result.succeed(make({ _tag: "Once", at: wallTime }))
    : Result.fail(new BadWallTime({ input: wallTime }))

/** Fires once, at an instant in milliseconds since the epoch. An instant outside of 1900 to 2200 is a defect. */
export const once = (instant: number): Trigger => make({ _tag: "Once", at: inRange(instant) })

/**
 * Fires every so often, at whole intervals from the anchor (milliseconds since the epoch; 0 unless told), so it never
 * drifts. Anything but whole milliseconds, or less than a second, is a defect.
 */
export const every = (interval: Duration.Input, options?: { readonly anchor?: number }): Trigger => {
  const millis = Duration.toMillis(interval)
  if (!Number.isSafeInteger(millis) || millis < minInterval) {
    throw new RangeError(`a trigger fires at most once a second, at whole milliseconds; not every ${millis} ms`)
  }
  return make({ _tag: "Every", interval: millis, anchor: inRange(options?.anchor ?? 0) })
}

const inRange = (instant: number): number => {
  if (Number.isInteger(instant) && instant >= ZoneRules.earliest && instant < ZoneRules.latest) return instant
  throw new RangeError(`${instant} is not a whole millisecond from 1900 to 2200`)
}

export const named =
  (name: string) =>
  (trigger: Trigger): Trigger => ({ ...trigger, name })

/** What becomes of wall times that do not exist. */
export const gap =
  (rule: Gap) =>
  (trigger: Trigger): Trigger => ({ ...trigger, gap: rule })

/** What becomes of wall times that come twice. */
export const fold =
  (rule: Fold) =>
  (trigger: Trigger): Trigger => ({ ...trigger, fold: rule })

/** Runs start within this window after their nominal time; where in it depends on the trigger's name alone. */
export const spread =
  (window: Duration.Input) =>
  (trigger: Trigger): Trigger => ({ ...trigger, spread: Math.max(0, Math.floor(Duration.toMillis(window))) })
