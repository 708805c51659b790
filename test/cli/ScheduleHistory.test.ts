import * as Ink from "@fibercast/cli/Ink"
import * as ScheduleHistory from "@fibercast/cli/ScheduleHistory"
import { assert, describe, it } from "@effect/vitest"
import { occurrence } from "./TriggerSamples.ts"

const failed = {
  ...occurrence,
  nominal: occurrence.nominal - 10_000,
  state: "failed" as const,
  failure: "no route to the CRM, which has been moved to another address",
  output: null
}
const skipped = {
  ...occurrence,
  nominal: occurrence.nominal - 20_000,
  outcome: "skipped" as const,
  reason: "when" as const,
  detail: "the condition failed: no such table",
  state: null,
  endedAt: null,
  output: null
}
const runs = {
  ...occurrence,
  state: null,
  endedAt: null,
  output: null,
  outcome: "late" as const,
  reason: "down" as const
}

/** It completed after so many milliseconds. */
const took = (millis: number) => ({ ...occurrence, endedAt: occurrence.recordedAt + millis })

describe("the history of a trigger", () => {
  it("says of each when it was due, what became of it, how late, how long, and the first line of what it said", () => {
    assert.deepStrictEqual(ScheduleHistory.lines([occurrence, failed, skipped], "Asia/Jakarta", null, Ink.plain), [
      "due                         outcome            late   took  says",
      "2026-12-01 16:00:00 +07:00  ✓ completed       12 ms  1.2 s  2 rows",
      "2026-12-01 15:59:50 +07:00  ✗ failed          12 ms  1.2 s  no route to the CRM, which has been moved to another address",
      "2026-12-01 15:59:40 +07:00  – skipped (when)                the condition failed: no such table"
    ])
  })

  it("fits the terminal", () => {
    const lines = ScheduleHistory.lines([failed, skipped, runs], "UTC", 80, Ink.plain)
    for (const line of lines) assert.isAtMost(line.length, 80)
    assert.match(lines[3] ?? "", /▸ runs, late \(down\) +12 ms$/u)
  })

  it("takes the median of what completed runs took as typical", () => {
    assert.strictEqual(ScheduleHistory.typical([took(100), took(9000), took(200), failed, skipped, runs]), 200)
    assert.isNull(ScheduleHistory.typical([failed, skipped, runs]))
  })
})
