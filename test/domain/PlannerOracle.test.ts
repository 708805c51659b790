import { dayNames } from "@fibercast/domain/Constraint"
import * as Frequency from "@fibercast/domain/Frequency"
import * as Planner from "@fibercast/domain/Planner"
import { type Trigger } from "@fibercast/domain/Trigger"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as WallWalk from "./WallWalk.ts"

/** Days on which something happens to the clock, and some on which nothing does. */
const days = [
  ["Europe/Berlin", "2026-03-29"],
  ["Europe/Berlin", "2026-10-25"],
  ["Europe/Berlin", "1990-09-30"],
  ["America/New_York", "2026-03-08"],
  ["America/New_York", "2026-11-01"],
  ["America/New_York", "2040-11-04"],
  ["Australia/Lord_Howe", "2026-04-05"],
  ["Australia/Lord_Howe", "2026-10-04"],
  ["Pacific/Apia", "2011-12-30"],
  ["Asia/Jakarta", "2026-03-29"],
  ["Africa/Casablanca", "2023-03-19"],
  ["Africa/Casablanca", "2023-04-23"],
  ["America/Sao_Paulo", "2018-11-04"],
  ["America/Sao_Paulo", "2018-02-18"],
  ["Asia/Kathmandu", "2026-02-28"],
  ["Antarctica/Troll", "2026-03-29"],
  ["Antarctica/Troll", "2026-10-25"],
  ["Africa/Cairo", "2023-04-28"],
  ["Africa/Cairo", "2023-10-27"],
  ["Europe/Lisbon", "1992-09-27"],
  ["Europe/Lisbon", "1993-03-28"],
  ["Europe/Lisbon", "1996-10-27"],
  ["Asia/Gaza", "2040-10-20"],
  ["Asia/Gaza", "2040-10-27"],
  ["Asia/Pyongyang", "2018-05-04"],
  ["America/Caracas", "2007-12-09"],
  ["Pacific/Kwajalein", "1993-08-21"],
  ["UTC", "2028-02-29"]
] as const

const day = 86_400_000
const walks = new Map<number, WallWalk.Walk>()
const walkOf = (index: number): WallWalk.Walk => {
  const [zone, date] = days[index] ?? days[0]
  const noon = Date.parse(`${date}T12:00:00Z`)
  const walk = walks.get(index) ?? WallWalk.walk(zone, noon - 3 * day, noon + 3 * day)
  walks.set(index, walk)
  return walk
}

const time = FastCheck.tuple(FastCheck.integer({ min: 0, max: 23 }), FastCheck.constantFrom("00", "30", "59:59")).map(
  ([hour, rest]) => `${hour}:${rest}`
)
const constraints = FastCheck.array(
  FastCheck.oneof(
    FastCheck.subarray([...dayNames], { minLength: 1 }).map((days) => {
      const [first = "sunday", ...rest] = days
      return { _tag: "Days", days: [first, ...rest] } as const
    }),
    FastCheck.record({ _tag: FastCheck.constantFrom("Between", "UnlessBetween"), start: time, end: time })
  ),
  { minLength: 1, maxLength: 2 }
)

const cases = FastCheck.record({
  index: FastCheck.integer({ min: 0, max: days.length - 1 }),
  expression: WallWalk.expressions.filter(WallWalk.fires),
  gap: FastCheck.constantFrom("skip", "shift", "at-end"),
  fold: FastCheck.constantFrom("auto", "first", "second", "both"),
  /** Hours from the change of the clock. */
  from: FastCheck.integer({ min: -8, max: 2 }),
  hours: FastCheck.integer({ min: 1, max: 24 }),
  offset: FastCheck.integer({ min: 0, max: 3_600_000 })
})

const millis = (text: string): number => {
  const [hour = 0, minute = 0, second = 0] = text.split(":").map(Number)
  return ((hour * 60 + minute) * 60 + second) * 1000
}

const allows = (constraint: Trigger["constraints"][number], walk: WallWalk.Walk, instant: number): boolean => {
  const { weekday, time } = WallWalk.shown(walk, instant)
  if (constraint._tag === "Days") return constraint.days.some((day) => dayNames.indexOf(day) === weekday)
  const [start, end] = [millis(constraint.start), millis(constraint.end)]
  const isWithin = start <= end ? time >= start && time <= end : time >= start || time <= end
  return isWithin === (constraint._tag === "Between")
}

/** More for a longer look: a multiple of the runs below. */
const patience = Number(process.env["FIBERCAST_PLANNER_RUNS"] ?? 1)

type Case = typeof cases extends FastCheck.Arbitrary<infer C> ? C : never
const triggerOf = ({ expression, gap, fold, index }: Case): Trigger => ({
  ...Frequency.cron(WallWalk.text(expression)),
  zone: (days[index] ?? days[0])[0],
  gap,
  fold
})
/** Shorter for what may fire each second. */
const rangeOf = ({ index, from, hours, offset, expression }: Case) => {
  const isDense = expression.second !== null
  const begin = walkOf(index).change + (isDense ? from / 4 : from) * 3_600_000 + offset
  return { from: begin, to: begin + (isDense ? Math.min(hours, 3) : hours) * 3_600_000 }
}

describe("Planner beside a walk through the minutes", { timeout: 120_000 * patience }, () => {
  it("a plan is what the rules say of every minute that the clock shows, skips or repeats", () => {
    let fired = 0
    FastCheck.assert(
      FastCheck.property(cases, (given) => {
        const walk = walkOf(given.index)
        const range = rangeOf(given)
        const planned = Planner.plan(triggerOf(given), range.from, range.to).map(({ nominal }) => nominal)
        assert.deepStrictEqual(planned, [...WallWalk.plan(given.expression, walk, range, given)])
        fired += planned.length
      }),
      { numRuns: 300 * patience }
    )
    assert.isAbove(fired, 1000)
  })

  it("with constraints it is what they allow by the clock on the wall", () => {
    FastCheck.assert(
      FastCheck.property(cases, constraints, (given, constraints) => {
        const walk = walkOf(given.index)
        const { from, to } = rangeOf(given)
        const trigger = { ...triggerOf(given), constraints }
        const planned = Planner.plan(trigger, from, to).map(({ nominal }) => nominal)
        const all = WallWalk.plan(given.expression, walk, { from, to }, given)
        if (all.length > 2000) return
        const allowed = all.filter((instant) => constraints.every((one) => allows(one, walk, instant)))
        assert.deepStrictEqual(planned, allowed)
      }),
      { numRuns: 200 * patience }
    )
  })

  it("however a range is cut, the pieces make up the whole, and nextMany names the same instants", () => {
    FastCheck.assert(
      FastCheck.property(
        cases,
        FastCheck.array(FastCheck.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        (given, cuts) => {
          const { from, to } = rangeOf(given)
          const trigger = triggerOf(given)
          const whole = Planner.plan(trigger, from, to)
          const edges = [
            from,
            ...cuts.map((cut) => Math.round(from + cut * (to - from))),
            ...whole.slice(1, 3).map(({ nominal }) => nominal),
            to
          ]
          const sorted = edges.toSorted((a, b) => a - b)
          const pieces = sorted.flatMap((edge, index) => Planner.plan(trigger, edge, sorted[index + 1] ?? edge))
          assert.deepStrictEqual(pieces, whole)
          assert.deepStrictEqual(Planner.nextMany(trigger, from - 1, whole.length), whole)
          assert.isTrue(whole.every(({ nominal }, index) => nominal > (whole[index - 1]?.nominal ?? -Infinity)))
        }
      ),
      { numRuns: 200 * patience }
    )
  })
})
