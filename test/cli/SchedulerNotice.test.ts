import * as SchedulerNotice from "@fibercast/cli/SchedulerNotice"
import { assert, describe, it } from "@effect/vitest"
import { now } from "./TriggerSamples.ts"

const pass = (app: string | null, ago: number) => ({ scheduler: "s", app, startedAt: 0, passedAt: now - ago })
const whose = (app: string | null, ago: number | null) => ({
  app,
  triggers: 2,
  since: now - 60_000,
  passedAt: ago === null ? null : now - ago
})
const calm: SchedulerNotice.Standing = { schedulers: [], attendance: [], maintenance: null, now }
const lines = (standing: Partial<SchedulerNotice.Standing>) =>
  SchedulerNotice.lines({ ...calm, ...standing }, (words) => `fibercast ${words}`)

describe("the notice about schedulers", () => {
  it("is silent while every trigger is looked after, and where there is none", () => {
    assert.deepStrictEqual(lines({}), [])
    assert.deepStrictEqual(lines({ schedulers: [pass("site", 14_000)], attendance: [whose("site", 14_000)] }), [])
  })

  it("says since when none is running, and how to start one", () => {
    assert.deepStrictEqual(lines({ attendance: [whose(null, 180_000)] }), [
      "No scheduler is running since 2026-12-01T08:57:05Z (3 min): nothing fires.",
      "Start one: `fibercast schedule work`"
    ])
    assert.deepStrictEqual(lines({ attendance: [whose("site", null)], schedulers: [pass("site", 16_000)] }), [
      "No scheduler has run since the triggers were defined, 1 min ago: nothing fires.",
      "Start one: `fibercast schedule work --app FILE`"
    ])
  })

  it("names the app whose triggers nobody looks after, while another scheduler runs", () => {
    const attendance = [whose(null, 0), whose("site", 20_000)]
    assert.deepStrictEqual(lines({ attendance, schedulers: [pass("shop", 0)] }), [
      "No scheduler of site is running since 2026-12-01T08:59:45Z (20 s).",
      "Start one: `fibercast schedule work --app FILE`"
    ])
  })

  it("says that maintenance mode is on, why, and how it ends", () => {
    assert.deepStrictEqual(lines({ maintenance: { since: now - 60_000, note: "upgrade" } }), [
      "Maintenance mode is on for 1 min (upgrade): what is due is skipped.",
      "End it: `fibercast schedule maintenance off`"
    ])
  })
})
