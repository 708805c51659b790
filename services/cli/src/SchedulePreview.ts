/**
 * Every time of a trigger in a range, by the planner that fires it: on the wall clock and in UTC, marked where that clock
 * is put forward or back, where a run is likely not over before the next, and where another trigger of the same overlap
 * key is due meanwhile.
 */
import { type Occurrence } from "@fibercast/domain/Occurrence"
import * as Planner from "@fibercast/domain/Planner"
import { type Trigger } from "@fibercast/domain/Trigger"
import * as TriggerText from "@fibercast/domain/TriggerText"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { Result } from "effect"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as Table from "./Table.ts"

/** No more are told. */
export const most = 1000

export interface Question {
  /** In the zone it goes by. */
  readonly trigger: Trigger
  readonly zone: string
  readonly from: number
  readonly to: number
  /** Milliseconds that a run of it usually takes; null: nobody knows. */
  readonly typical: number | null
  /** Other triggers of its overlap key, each in the zone it goes by. */
  readonly others: ReadonlyArray<Trigger>
}

export interface Planned {
  readonly occurrence: Occurrence
  /** What a change of the clock has to do with it; empty if nothing. */
  readonly clock: string
  /** Milliseconds to the next time, if a run usually takes longer; null: it does not. */
  readonly overruns: number | null
  /** Other triggers of the key that are due with it, or before it is usually over; and how many milliseconds after. */
  readonly meets: ReadonlyArray<{ readonly name: string; readonly after: number }>
}

export interface Plan {
  readonly planned: ReadonlyArray<Planned>
  /** There are more than `most`. */
  readonly isCut: boolean
}

/** Other triggers that are due from `nominal` on, no later than `span` after. */
const meeting = (others: ReadonlyArray<Trigger>, nominal: number, span: number): Planned["meets"] =>
  others.flatMap((other) => {
    const next = Planner.next(other, nominal - 1)
    return next !== null && next.nominal - nominal <= span ? [{ name: other.name, after: next.nominal - nominal }] : []
  })

export const plan = ({ from, others, to, trigger, typical, zone }: Question): Plan => {
  const rules = Result.getOrThrow(ZoneRules.make(zone))
  const planned: Array<Planned> = []
  for (const occurrence of Planner.occurrences(trigger, from, to)) {
    if (planned.length === most) return { planned, isCut: true }
    const { nominal } = occurrence
    const next = Planner.next(trigger, nominal)
    const gap = next === null ? Infinity : next.nominal - nominal
    planned.push({
      occurrence,
      clock: ClockText.change(trigger, occurrence, rules),
      overruns: typical !== null && typical > gap ? gap : null,
      meets: meeting(others, nominal, typical ?? 0)
    })
  }
  return { planned, isCut: false }
}

const marks = ({ clock, meets, overruns }: Planned): string =>
  [
    ...(clock === "" ? [] : [clock]),
    ...(overruns === null ? [] : [`! overlaps the next, ${Figures.brief(overruns)} after`]),
    ...meets.map(({ after, name }) =>
      after === 0 ? `! with ${name}` : `! ${name} is due ${Figures.brief(after)} after`
    )
  ].join("  ")

export const lines = (question: Question, { isCut, planned }: Plan, ink: Ink): ReadonlyArray<string> => {
  const { from, to, trigger, typical, zone } = question
  const rules = Result.getOrThrow(ZoneRules.make(zone))
  const span = `from ${ClockText.full(from, zone)} to ${ClockText.full(to, zone)}`
  const takes = typical === null ? "" : `; a run takes ${Figures.brief(typical)}`
  const heading = ink.bold(`${trigger.name} fires ${TriggerText.describe(trigger)}${takes}`)
  if (planned.length === 0) return [heading, "", `Not once ${span}.`]
  const rows = planned.map((one) => [
    ClockText.withDay(one.occurrence, rules),
    ClockText.offset(one.occurrence.nominal, rules),
    ClockText.utc(one.occurrence.nominal)
  ])
  const [title = "", ...body] = Table.format(
    ["local time", "offset", "UTC"].map((title) => ({ title, align: "left" }) as const),
    rows
  )
  const wide = Math.max(...body.map(Table.width))
  return [
    heading,
    "",
    ink.dim(title),
    ...planned.map((one, at) => {
      const told = marks(one)
      return told === "" ? (body[at] ?? "") : ink.yellow(`${(body[at] ?? "").padEnd(wide)}  ${told}`)
    }),
    "",
    isCut
      ? `These are the first ${Figures.amount(most)}; there are more ${span}.`
      : `${Figures.counted(planned.length, "time")} ${span}.`
  ]
}

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = ({ from, to, trigger, typical, zone }: Question, { isCut, planned }: Plan) => {
  const rules = Result.getOrThrow(ZoneRules.make(zone))
  return {
    name: trigger.name,
    zone,
    from: Instant.format(from),
    to: Instant.format(to),
    isCut,
    typicalMillis: typical,
    times: planned.map(({ clock, meets, occurrence, overruns }) => ({
      nominal: Instant.format(occurrence.nominal),
      wallTime: occurrence.wallTime,
      offset: ClockText.offset(occurrence.nominal, rules),
      clock: clock === "" ? null : clock.replace("! ", ""),
      overlapsNextMillis: overruns,
      meets: meets.map(({ after, name }) => ({ name, afterMillis: after }))
    }))
  }
}
