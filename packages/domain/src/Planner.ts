/**
 * The planner says when triggers fire. It is pure: the same trigger, range and time zone rules give the same plan, for
 * the live scheduler, a list, a preview and a test alike.
 *
 * - Nominal times strictly increase. A range is cut anywhere without a gap or a repeat: a plan of [a, c) is the plan of
 *   [a, b) followed by that of [b, c), and `next` and `nextMany` name the same instants.
 * - It knows 1900 to 2200, and a trigger silent for fifty years has ended. A search that finds nothing reads the
 *   zone's rules of that time: about 20 ms once per zone, then 7 ms.
 * - Instants are milliseconds since the epoch. A fraction of one counts: from 0.5 on begins with 1.
 *
 * A trigger that was not made by `Trigger`, `Frequency` or its schema, or a zone that is not one, is a defect.
 */
import { Result, Schema } from "effect"
import { formatWall } from "./internal/WallClock.ts"
import * as Timeline from "./internal/Timeline.ts"
import * as Occurrence from "./Occurrence.ts"
import { type Trigger } from "./Trigger.ts"
import * as TriggerText from "./TriggerText.ts"
import * as ZoneRules from "./ZoneRules.ts"

export interface Options {
  /** The zone of triggers that name none: an IANA name, UTC unless told. */
  readonly zone?: string | undefined
}

/** `plan` holds no more than this. */
export const maxPlanned = 1_000_000

/**
 * Every occurrence in [from, to): `from` included, `to` not. More than `maxPlanned` are a defect; iterate over
 * `occurrences` instead.
 */
export const plan = (trigger: Trigger, from: number, to: number, options?: Options): Array<Occurrence.Occurrence> => {
  const planned: Array<Occurrence.Occurrence> = []
  for (const occurrence of occurrences(trigger, from, to, options)) {
    if (planned.length === maxPlanned) throw new RangeError(`a plan of more than ${maxPlanned} occurrences`)
    planned.push(occurrence)
  }
  return planned
}

/** Every occurrence in [from, to), each computed when it is asked for. `to` may be `Infinity`. */
export const occurrences = function* (
  trigger: Trigger,
  from: number,
  to: number,
  options?: Options
): Generator<Occurrence.Occurrence, void> {
  const { timeline, occurrence } = open(trigger, options)
  for (let at = timeline(from); at < to; at = timeline(at + 1)) yield occurrence(at)
}

/** The first occurrence strictly after an instant, or null. */
export const next = (trigger: Trigger, after: number, options?: Options): Occurrence.Occurrence | null =>
  nextMany(trigger, after, 1, options)[0] ?? null

/** The first `count` occurrences strictly after an instant; fewer if the trigger ends before. */
export const nextMany = (
  trigger: Trigger,
  after: number,
  count: number,
  options?: Options
): Array<Occurrence.Occurrence> => {
  const { timeline, occurrence } = open(trigger, options)
  const found: Array<Occurrence.Occurrence> = []
  for (let at = Math.floor(after) + 1; found.length < count; at++) {
    at = timeline(at)
    if (at === Infinity) break
    found.push(occurrence(at))
  }
  return found
}

/**
 * The last `count` occurrences in [from, to), oldest first. It looks back from `to` in steps that grow, so it costs
 * what it finds, however long the range is.
 */
export const lastMany = (
  trigger: Trigger,
  from: number,
  to: number,
  count: number,
  options?: Options
): Array<Occurrence.Occurrence> => {
  const { timeline, occurrence } = open(trigger, options)
  for (let reach = 60_000; ; reach *= 4) {
    const begin = Math.max(from, to - reach)
    const found: Array<number> = []
    for (let at = timeline(begin); at < to; at = timeline(at + 1)) found.push(at)
    if (found.length >= count || begin <= from) return found.slice(-count).map(occurrence)
  }
}

/** The trigger and its constraints allow no time in common. */
export class NeverFires extends Schema.TaggedError<NeverFires>()("NeverFires", { trigger: Schema.String }) {
  override get message(): string {
    return `A trigger ${this.trigger} never fires. Change its time, or the days and hours that it is limited to.`
  }
}

/**
 * Refuses a trigger that can never fire, to be asked when it is defined. An `Every` with constraints is judged in its
 * zone or that of the options, from 2000 on.
 */
export const check = (trigger: Trigger, options?: Options): Result.Result<Trigger, NeverFires> => {
  if (trigger.constraints.length === 0) return Result.succeed(trigger)
  // A cron expression meets its constraints on the wall clock, in any zone.
  const judged = trigger.timing._tag === "Cron" ? { ...trigger, zone: "UTC" } : trigger
  const from = trigger.timing._tag === "Once" ? ZoneRules.earliest : Date.UTC(2000, 0, 1)
  const fires = open(judged, options).timeline(from) < Infinity
  return fires ? Result.succeed(trigger) : Result.fail(new NeverFires({ trigger: TriggerText.describe(trigger) }))
}

const open = (trigger: Trigger, options: Options | undefined) => {
  const zone = trigger.zone ?? options?.zone ?? "UTC"
  const rules = Result.getOrThrow(ZoneRules.make(zone))
  const spread = trigger.spread === 0 ? 0 : Occurrence.spread(trigger.spread, trigger.name)
  const occurrence = (nominal: number): Occurrence.Occurrence => ({
    trigger: trigger.name,
    nominal,
    wallTime: formatWall(nominal + ZoneRules.offsetAt(rules, nominal)),
    zone,
    spread
  })
  return { timeline: Timeline.make(trigger, rules), occurrence }
}
