/**
 * The next times of a schedule as a person reads them: on the wall clock and in UTC, how far away, and marked where the
 * clock is put forward or back.
 */
import * as TriggerText from "@fibercast/domain/TriggerText"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { Result } from "effect"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import { type Answer, type Question } from "./ScheduleNext.ts"
import * as Table from "./Table.ts"

/** `isNow`: times count from the present, not from an instant that was given. */
export const lines = (question: Question, answer: Answer, isNow: boolean, ink: Ink): ReadonlyArray<string> => {
  const { next, trigger } = answer
  const rules = Result.getOrThrow(ZoneRules.make(question.zone))
  const rows = next.map((occurrence) => {
    const { nominal } = occurrence
    const away = Figures.span(nominal - question.from)
    return [
      ClockText.withDay(occurrence, rules),
      ClockText.offset(nominal, rules),
      ClockText.utc(nominal),
      isNow ? `in ${away}` : away,
      ClockText.change(trigger, occurrence, rules)
    ]
  })
  const from = isNow ? "from now" : `after ${ClockText.utc(question.from)}`
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
