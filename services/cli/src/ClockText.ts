/**
 * An instant on the wall clock of a zone as a person reads it, with a note where that clock is put forward or back.
 */
import { type Occurrence, wallTime } from "@fibercast/domain/Occurrence"
import * as Planner from "@fibercast/domain/Planner"
import { type Trigger } from "@fibercast/domain/Trigger"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { Result } from "effect"
import * as Instant from "./Instant.ts"

/** `2026-12-01 09:00 +07:00`: sure to be understood, wherever it is read. */
export const full = (nominal: number, zone: string): string =>
  `${wallTime(nominal, zone)} ${offset(nominal, Result.getOrThrow(ZoneRules.make(zone)))}`

/** The same to the second, also when that is zero; a fraction is cut off. */
export const toTheSecond = (nominal: number, zone: string): string => {
  const whole = Math.floor(nominal / 1000) * 1000
  const wall = wallTime(whole, zone)
  return `${wall.length < 19 ? `${wall}:00` : wall} ${offset(whole, Result.getOrThrow(ZoneRules.make(zone)))}`
}

/** `Sun 2026-03-29 03:30`. */
export const withDay = ({ nominal, wallTime }: Pick<Occurrence, "nominal" | "wallTime">, rules: ZoneRules.ZoneRules) =>
  `${weekdays[new Date(nominal + ZoneRules.offsetAt(rules, nominal)).getUTCDay()] ?? ""} ${wallTime}`

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

/** `+02:00`; with seconds where a zone once had them. */
export const offset = (nominal: number, rules: ZoneRules.ZoneRules): string => {
  const east = ZoneRules.offsetAt(rules, nominal)
  return `${east < 0 ? "-" : "+"}${new Date(Math.abs(east)).toISOString().slice(11, 19).replace(/:00$/u, "")}`
}

/** `2026-03-29T01:30:00Z`; with milliseconds unless they are zero. */
export const utc = (nominal: number): string => Instant.format(nominal).replace(".000Z", "Z")

/** What a change of the clock has to do with this time of the trigger; empty if nothing. */
export const change = (trigger: Trigger, { nominal, wallTime }: Occurrence, rules: ZoneRules.ZoneRules): string => {
  const { after, before, end, offset, start } = rules.segmentAt(nominal)
  const time = wallTime.slice(11)
  if (after < offset && nominal >= end - (offset - after)) return `! first of two: ${time} comes twice`
  if (before > offset && nominal < start + (before - offset)) return `! second of two: ${time} comes twice`
  if (before >= offset || nominal >= start + (offset - before)) return ""
  // A time that exists fires whatever becomes of those that do not.
  if (Planner.next({ ...trigger, gap: "skip" }, nominal - 1)?.nominal === nominal) return ""
  if (trigger.gap === "shift") return `! moved: ${wallText(nominal + before, wallTime)} does not exist`
  return `! moved: the clock skips ${wallText(start + before, wallTime)} to ${wallText(start + offset, wallTime)}`
}

/** The time of day, with its date if that is not the one of `beside`. */
const wallText = (wall: number, beside: string): string => {
  const text = new Date(wall)
    .toISOString()
    .slice(0, 19)
    .replace("T", " ")
    .replace(/(:\d\d):00$/u, "$1")
  return text.slice(0, 10) === beside.slice(0, 10) ? text.slice(11) : text
}
