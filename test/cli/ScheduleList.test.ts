import * as Ink from "@fibercast/cli/Ink"
import * as ScheduleList from "@fibercast/cli/ScheduleList"
import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import { assert, describe, it } from "@effect/vitest"
import { pipe } from "effect"
import { now, occurrence, stored } from "./TriggerSamples.ts"

const view: ScheduleList.View = {
  now,
  environment: "production",
  isAttended: () => true,
  zone: null,
  byNext: false,
  counts: false,
  columns: null
}

const listed = (trigger: ScheduleList.Listed["trigger"], more: Partial<ScheduleList.Listed> = {}) => ({
  workspace: "global",
  trigger,
  last: null,
  tallies: [],
  ...more
})

const sync = listed(stored("crm.sync"), {
  last: occurrence,
  tallies: [
    { triggerId: occurrence.triggerId, outcome: "fired", reason: null, count: 1412 },
    { triggerId: occurrence.triggerId, outcome: "late", reason: "down", count: 2 },
    { triggerId: occurrence.triggerId, outcome: "late", reason: "overlap", count: 1 },
    { triggerId: occurrence.triggerId, outcome: "waiting", reason: "overlap", count: 0 }
  ]
})
const sweep = listed(
  stored(
    "nightly.sweep",
    { zone: "Europe/Berlin", paused: { since: now - 180_000, note: "lunch" } },
    { group: "nightly" },
    pipe(Frequency.dailyAt("02:30"), Frequency.timezone("Europe/Berlin"))
  )
)

const state = (trigger: ScheduleList.Listed["trigger"], more: Partial<ScheduleList.View> = {}) =>
  ScheduleList.stateOf(listed(trigger), { ...view, ...more })

describe("the list of triggers", () => {
  it("has a line for each, with what it says, sets off, its next time, how the last ended, and its state", () => {
    assert.deepStrictEqual(ScheduleList.lines([sync, sweep], view, Ink.plain), [
      "name           fires                                 sets off  next                                     last                 state                    group",
      "crm.sync       every 10 seconds                      crm.sync  2026-12-01 09:00:10 +00:00, in 5 s       ✓ completed 4 s ago",
      "nightly.sweep  at 02:30 every day, in Europe/Berlin  crm.sync  2026-12-02 02:30 +01:00, in 16 h 29 min                       paused 3 min ago: lunch  nightly"
    ])
  })

  it("stands in two lines or more where 80 columns are all there is, and cuts what is longer", () => {
    const lines = ScheduleList.lines([sync, sweep], { ...view, columns: 80, counts: true }, Ink.plain)
    assert.deepStrictEqual(lines, [
      "name           next                                     last",
      "crm.sync       2026-12-01 09:00:10 +00:00, in 5 s       ✓ completed 4 s ago",
      "  every 10 seconds → crm.sync",
      "  1,412 fired, 3 late (2 down, 1 overlap)",
      "nightly.sweep  2026-12-02 02:30 +01:00, in 16 h 29 min",
      "  at 02:30 every day, in Europe/Berlin → crm.sync · nightly",
      "  paused 3 min ago: lunch"
    ])
  })

  it("sorts by the next time when asked, and tells it to the second, in the zone that was given", () => {
    const far = listed(stored("far", {}, {}, Frequency.hourly))
    const lines = ScheduleList.lines([far, sync], { ...view, byNext: true, zone: "Asia/Jakarta" }, Ink.plain)
    assert.match(lines[1] ?? "", /^crm\.sync .*2026-12-01 16:00:10 \+07:00, in 5 s/u)
    assert.match(lines[2] ?? "", /^far .*2026-12-01 17:00:00 \+07:00, in 59 min 55 s$/u)
  })

  it("says why a trigger does not fire: ended, elsewhere, unattended, overdue", () => {
    assert.strictEqual(state(stored("a")), "")
    assert.strictEqual(state(stored("a", { nextDue: null }, {}, Trigger.once(now - 1000))), "ended")
    assert.strictEqual(state(stored("a", {}, { environments: ["staging"] })), "only in staging")
    assert.strictEqual(state(stored("a", { app: "site" }), { isAttended: () => false }), "nobody schedules site")
    assert.strictEqual(state(stored("a", { nextDue: now - 90_000 })), "overdue by 1 min 30 s")
    assert.strictEqual(state(stored("a", { nextDue: now - 5000 })), "", "within its grace")
  })

  it("names the workspace only where there are several, and the app whose code it is", () => {
    const code = stored(
      "expire",
      { app: "site" },
      { target: { _tag: "Deliver", pipeline: "trigger.expire.0a1b2c3d", payload: null, lane: "normal" } }
    )
    const lines = ScheduleList.lines([sync, listed(code, { workspace: "school" })], view, Ink.plain)
    assert.match(lines[0] ?? "", /^workspace {2}name/u)
    assert.match(lines[2] ?? "", /^school {5}expire {4}.* code of site /u)
  })
})
