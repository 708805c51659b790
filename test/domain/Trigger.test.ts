import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import { assert, describe, it } from "@effect/vitest"
import { pipe, Result, Schema } from "effect"

const decode = Schema.decodeUnknownResult(Trigger.Trigger)

const full = pipe(
  Frequency.dailyAt("09:00"),
  Frequency.weekdays,
  Frequency.between("08:00", "17:00"),
  Frequency.unlessBetween("23:00", "06:00"),
  Frequency.timezone("Asia/Jakarta"),
  Trigger.named("nightly"),
  Trigger.gap("skip"),
  Trigger.fold("both"),
  Trigger.spread("5 minutes")
)

describe("Trigger", () => {
  it.each([
    ["a frequency with everything", full],
    ["an interval", Trigger.every("90 seconds", { anchor: Date.UTC(2026, 0, 1) })],
    ["an instant", Trigger.once(Date.UTC(2026, 11, 1))],
    ["a wall time", Result.getOrThrow(Trigger.onceAt("2026-12-01 09:00:30"))]
  ])("%s goes through JSON unchanged", (_, trigger) => {
    const json = JSON.parse(JSON.stringify(Schema.encodeSync(Trigger.Trigger)(trigger)))
    assert.deepStrictEqual(decode(json), Result.succeed(trigger))
  })

  it("starts without a name, without a zone, with gaps shifted and folds judged", () => {
    const { name, zone, gap, fold, constraints, spread } = Result.getOrThrow(Trigger.cron("0 9 * * *"))
    assert.deepStrictEqual([name, zone, gap, fold, constraints, spread], ["", null, "shift", "auto", [], 0])
  })

  it.each<readonly [string, object, string]>([
    ["a bad expression", { timing: { _tag: "Cron", expression: "0 25 * * *" } }, "hour 25 is above 23"],
    ["one that never fires", { timing: { _tag: "Cron", expression: "0 0 31 2 *" } }, "never fire"],
    ["a zone that is none", { zone: "Mars/Olympus" }, "is not a time zone"],
    ["less than a second", { timing: { _tag: "Every", interval: 999, anchor: 0 } }, "1000"],
    ["a date that does not exist", { timing: { _tag: "Once", at: "2026-02-30 09:00" } }, "is not a date and time"],
    ["an instant out of range", { timing: { _tag: "Once", at: 9e15 } }, "timing"],
    ["a gap rule that is none", { gap: "later" }, "skip"],
    [
      "a time of day that is none",
      { constraints: [{ _tag: "Between", start: "25:00", end: "26:00" }] },
      "no time of day"
    ],
    ["no days at all", { constraints: [{ _tag: "Days", days: [] }] }, "days"],
    ["a negative spread", { spread: -1 }, "spread"]
  ])("%s is refused by the schema", (_, change, reason) => {
    const error = Result.getOrThrow(Result.flip(decode({ ...full, ...change })))
    assert.include(String(error), reason)
  })

  it("expressions and wall times from outside are refused with what to write", () => {
    assert.strictEqual(Result.getOrThrow(Result.flip(Trigger.cron("61 * * * *"))).field, "minute")
    assert.include(Result.getOrThrow(Result.flip(Trigger.onceAt("tomorrow"))).message, "2026-12-01 09:00")
    assert.isTrue(Result.isFailure(Trigger.onceAt("2026-13-01 09:00")))
    assert.isTrue(Result.isFailure(Trigger.onceAt("1800-01-01 09:00")))
  })

  it.each(["999 millis", "0 seconds", "1500.5 millis", "Infinity"] as const)(
    "an interval of %s is a defect",
    (interval) => {
      assert.throws(() => Trigger.every(interval), RangeError)
    }
  )
})
