/**
 * A timeline is a trigger in a zone, as a function: the first firing from an instant on. What it answers depends on
 * the instant alone, so however a range is cut, the pieces make up the whole.
 */
import * as Constraint from "../Constraint.ts"
import { cronOf, type Fold, type Gap, type Trigger } from "../Trigger.ts"
import { earliest, latest, type Segment, type ZoneRules } from "../ZoneRules.ts"
import { compile } from "./CronSearch.ts"
import { parseWall } from "./WallClock.ts"

/** Milliseconds since the epoch; `Infinity` if there is none. */
export type Timeline = (from: number) => number

/** A trigger that does not fire for so long never fires. */
const maxSilence = 50 * 366 * 86_400_000

export const make = (trigger: Trigger, rules: ZoneRules): Timeline => {
  const all = unconstrained(trigger, rules)
  const timeline = trigger.constraints.length === 0 ? all : constrained(all, trigger.constraints, rules)
  return (from) => {
    const first = Math.max(Math.ceil(from), earliest)
    return first < latest ? beforeEnd(timeline(first)) : Infinity
  }
}

const beforeEnd = (instant: number): number => (instant < latest ? instant : Infinity)

const unconstrained = (trigger: Trigger, rules: ZoneRules): Timeline => {
  const { timing } = trigger
  switch (timing._tag) {
    case "Every":
      return (from) => timing.anchor + Math.ceil((from - timing.anchor) / timing.interval) * timing.interval
    case "Once": {
      const { at } = timing
      if (typeof at === "number") return (from) => (from <= at ? at : Infinity)
      const meant = parseWall(at) ?? NaN
      const near = 3 * 86_400_000
      const walk = zoned(
        (wall) => (wall <= meant ? meant : Infinity),
        rules,
        trigger.gap,
        first(trigger.fold),
        near * 2
      )
      return (from) => (from <= meant + near ? walk(Math.max(from, meant - near)) : Infinity)
    }
    case "Cron": {
      const cron = cronOf(timing)
      const fold = trigger.fold === "auto" && cron.isInterval ? "both" : first(trigger.fold)
      return zoned(compile(cron), rules, trigger.gap, fold, maxSilence)
    }
  }
}

type Repeated = Exclude<Fold, "auto">

const first = (fold: Fold): Repeated => (fold === "auto" ? "first" : fold)

/** The instants at which wall times come, by the rules for those that do not come, or come twice. */
const zoned = (
  wallFrom: (wall: number) => number,
  rules: ZoneRules,
  gap: Gap,
  fold: Repeated,
  silence: number
): Timeline => {
  const within = (segment: Segment, from: number): number =>
    Math.min(afterGap(segment, from, wallFrom, gap), ordinary(segment, from, wallFrom, fold))
  return (from) => {
    const limit = Math.min(from + silence, latest)
    let at = from
    while (at < limit) {
      const segment = rules.segmentAt(at)
      const found = within(segment, at)
      if (found < segment.end) return found
      at = segment.end
    }
    return Infinity
  }
}

/** Firings that the gap before the segment has put into it. */
const afterGap = (segment: Segment, from: number, wallFrom: (wall: number) => number, gap: Gap): number => {
  const length = segment.offset - segment.before
  const isReached = gap === "shift" ? from < segment.start + length : gap === "at-end" && from <= segment.start
  if (length <= 0 || !isReached) return Infinity
  const wall = wallFrom((gap === "shift" ? from : segment.start) + segment.before)
  if (wall >= segment.start + segment.offset) return Infinity
  return gap === "shift" ? wall - segment.before : segment.start
}

/** Firings at wall times that exist. */
const ordinary = (segment: Segment, from: number, wallFrom: (wall: number) => number, fold: Repeated): number => {
  const repeatedUntil = segment.start + segment.before - segment.offset
  const begin = fold === "first" ? Math.max(from, repeatedUntil) : from
  const instant = wallFrom(begin + segment.offset) - segment.offset
  const repeatsFrom = segment.end - Math.max(0, segment.offset - segment.after)
  return fold === "second" && instant >= repeatsFrom ? Infinity : instant
}

const constrained = (all: Timeline, constraints: ReadonlyArray<Constraint.Constraint>, rules: ZoneRules): Timeline => {
  const allowedFrom = Constraint.compile(constraints)
  return (from) => {
    const limit = Math.min(from + maxSilence, latest)
    let at = all(from)
    while (at < limit) {
      const { offset, end } = rules.segmentAt(at)
      const allowed = allowedFrom(at + offset) - offset
      if (allowed === at) return at
      if (allowed === Infinity) return Infinity
      at = all(Math.min(allowed, end))
    }
    return Infinity
  }
}
