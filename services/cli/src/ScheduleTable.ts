/**
 * The next times of a schedule as a person reads them: on the wall clock and in UTC, how far away, and marked where the
 * clock is put forward or back.
 */
import { type Occurrence } from "@fibercast/domain/Occurrence"
import * as Planner from "@fibercast/domain/Planner"
import { type Trigger } from "@fibercast/domain/Trigger"
import * as TriggerText from "@fibercast/domain/TriggerText"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { Result } from "effect"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import { type Answer, type Question } from "./ScheduleNext.ts"
import * as Table from "./Table.ts"

/** `isNow`: times count from the present, not from an instant that was given. */
export const lines = (question: Question, answer: Answer, isNow: boolean, ink: Ink): ReadonlyArray<string> => {
  const { next, trigger } = answer
  const rules = Result.getOrThrow(ZoneRules.make(question.zone))
  const rows = next.map((occurrence) => {
    const { nominal, wallTime } = occurrence
    const away = Figures.span(nominal - question.from)
    const offset = ZoneRules.offsetAt(rules, nominal)
    return [
      `${weekday(nominal + offset)} ${wallTime}`,
      offsetText(offset),
      Instant.format(nominal).replace(".000Z", "Z"),
      isNow ? `in ${away}` : away,
      note(trigger, occurrence, rules)
    ]
  })
  const from = isNow ? "from now" : `after ${Instant.format(question.from).replace(".000Z", "Z")}`
  const [title = "", ...body] = Table.format(
    [
      { title: "local time", align: "left" },
      { title: "offset", align: "left" },
      { title: "UTC", align: "left" },
      { title: from, align: "left" },
      { title: "", align: "left" }
    ],
    rows
  )
  return [
    ink.bold(`${Table.visible(question.expr)} fires ${TriggerText.describe(trigger)}`),
    "",
    ink.dim(title),
    ...body.map((line, at) => (rows[at]?.at(-1) === "" ? line : ink.yellow(line))),
    ...(next.length < question.count ? ["", `No more are known: the calendar ends with 2199.`] : [])
  ]
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

const weekday = (wall: number): string => weekdays[new Date(wall).getUTCDay()] ?? ""

/** `+02:00`; with seconds where a zone once had them. */
const offsetText = (offset: number): string =>
  `${offset < 0 ? "-" : "+"}${new Date(Math.abs(offset)).toISOString().slice(11, 19).replace(/:00$/u, "")}`

/** What a change of the clock has to do with this time; empty if nothing. */
const note = (trigger: Trigger, { nominal, wallTime }: Occurrence, rules: ZoneRules.ZoneRules): string => {
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
