import * as Ink from "@fibercast/cli/Ink"
import * as SchedulePreview from "@fibercast/cli/SchedulePreview"
import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import { assert, describe, it } from "@effect/vitest"
import { pipe } from "effect"

const berlin = (name: string, trigger: Trigger.Trigger) =>
  pipe(trigger, Trigger.named(name), Frequency.timezone("Europe/Berlin"))

const question: SchedulePreview.Question = {
  trigger: berlin("sweep", Frequency.dailyAt("02:30")),
  zone: "Europe/Berlin",
  from: Date.UTC(2026, 2, 27, 23),
  to: Date.UTC(2026, 2, 29, 22),
  typical: null,
  others: []
}

const linesOf = (asked: SchedulePreview.Question) =>
  SchedulePreview.lines(asked, SchedulePreview.plan(asked), Ink.plain)

describe("the preview of a trigger", () => {
  it("tells each time on the wall clock and in UTC, and marks what a change of the clock moves", () => {
    assert.deepStrictEqual(linesOf(question), [
      "sweep fires at 02:30 every day, in Europe/Berlin",
      "",
      "local time            offset  UTC",
      "Sat 2026-03-28 02:30  +01:00  2026-03-28T01:30:00Z",
      "Sun 2026-03-29 03:30  +02:00  2026-03-29T01:30:00Z  ! moved: 02:30 does not exist",
      "",
      "2 times from 2026-03-28 00:00 +01:00 to 2026-03-30 00:00 +02:00."
    ])
  })

  it("marks a run that is likely not over at the next time, and triggers of the same key that are due meanwhile", () => {
    const trigger = berlin("sync", Frequency.everyTenSeconds)
    const others = [berlin("sweep", Frequency.everyMinute), berlin("later", Frequency.cron("5 * * * * *"))]
    const range = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 1, 0, 0, 20) }
    const lines = linesOf({ ...question, trigger, ...range, typical: 12_000, others })
    assert.strictEqual(lines[0], "sync fires every 10 seconds, in Europe/Berlin; a run takes 12 s")
    assert.match(lines[3] ?? "", /! overlaps the next, 10 s after {2}! with sweep {2}! later is due 5\.0 s after$/u)
    assert.match(lines[4] ?? "", /! overlaps the next, 10 s after$/u)
    const quick = linesOf({ ...question, trigger, ...range, typical: 9000, others: [] })
    assert.match(quick[3] ?? "", /Z$/u)
  })

  it("stops at a thousand and says so; a range without any says that", () => {
    const trigger = berlin("sync", Frequency.everySecond)
    const many = linesOf({ ...question, trigger })
    assert.strictEqual(many.length, SchedulePreview.most + 5)
    assert.match(many.at(-1) ?? "", /^These are the first 1,000; there are more from /u)
    assert.match(linesOf({ ...question, to: question.from + 1 })[2] ?? "", /^Not once from /u)
  })
})
