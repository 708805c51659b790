import { scheduledIn } from "@fibercast/examples/cars/App"
import * as Days from "@fibercast/examples/cars/Days"
import * as Occurrence from "@fibercast/domain/Occurrence"
import * as Planner from "@fibercast/domain/Planner"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Cars from "./Cars.ts"

const perYear = [
  ["sponsored.expire", 365, "00:01"],
  ["featured.expire", 365, "00:02"],
  ["analytics.aggregate", 365, "02:00"],
  ["analytics.archive", 12, "03:00"],
  ["listings.purge", 365, "04:00"],
  ["sitemap.write", 365, "05:00"],
  ["balances.remind", 52, "09:00"]
] as const

/** Midnight in Berlin, as 2026 begins. */
const startAt = "2025-12-31T23:00:00Z"

const wallTimes = (name: string) =>
  Effect.map(Expect.occurrences(name), (all) => all.map(({ nominal }) => Occurrence.wallTime(nominal, Cars.zone)))

describe("A year of the site in Berlin", () => {
  const world = Cars.outside()

  it.effect("fires each trigger as often as it should, once each, at its local time, also where clocks change", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("365 days")
      for (const [name, times, time] of perYear) {
        yield* Expect.occurred(name, "fired", times)
        const seen = yield* wallTimes(name)
        assert.strictEqual(seen.length, times, `${name} has nothing but what fired`)
        assert.strictEqual(new Set(seen.map((text) => text.slice(0, 10))).size, times, `${name} fires once a day`)
        // On 29 March there is no 02:00 in Berlin: the clock goes from 01:59 to 03:00.
        const elsewhen = seen.filter((text) => text.slice(11, 16) !== time)
        assert.deepStrictEqual(elsewhen, name === "analytics.aggregate" ? ["2026-03-29 03:00"] : [], name)
        yield* Expect.ended(name, "completed", times)
      }
      assert.lengthOf(world.sitemaps, 365)
      const [firstArchive] = yield* wallTimes("analytics.archive")
      assert.strictEqual(firstArchive, "2026-01-01 03:00")
      const [firstMonday] = yield* wallTimes("balances.remind")
      assert.strictEqual(firstMonday, "2026-01-05 09:00")
    }).pipe(Effect.provide(Cars.site(world, startAt, TestEngine.sparse)))
  )

  it("has 53 Mondays where it begins with one", () => {
    const [monday] = scheduledIn("Asia/Riyadh").slice(-1)
    assert(monday !== undefined)
    const [from, to] = [Date.parse("2028-12-31T21:00:00Z"), Date.parse("2029-12-31T21:00:00Z")]
    assert.lengthOf(Planner.plan(monday.definition.trigger, from, to), 53)
  })
})

const hours = (name: string, zone: string) => {
  const { from, until } = Days.day(name, zone)
  return (until - from) / 3_600_000
}

describe("A day of the business", () => {
  it("has 23, 24 or 25 hours, by its own wall clock", () => {
    assert.deepStrictEqual(
      ["2026-03-29", "2026-07-01", "2026-10-25"].map((name) => hours(name, "Europe/Berlin")),
      [23, 24, 25]
    )
    assert.strictEqual(hours("2026-03-29", "Asia/Riyadh"), 24)
    // In Beirut the clock skips midnight itself: the day begins at 01:00.
    assert.strictEqual(hours("2026-03-29", "Asia/Beirut"), 23)
    assert.strictEqual(Days.day("2026-03-29", "Asia/Beirut").from, Date.parse("2026-03-28T22:00:00Z"))
  })

  it("is the one before that of the run, and there are as many as the run stands for", () => {
    const run = {
      triggerId: 1,
      name: "analytics.aggregate",
      workspaceId: WorkspaceId.make(1),
      nominal: Date.parse("2026-10-26T01:00:00Z"),
      wallTime: "2026-10-26 02:00:00",
      zone: "Europe/Berlin",
      late: null,
      covers: null
    }
    assert.deepStrictEqual(Days.before(run), [Days.day("2026-10-25", "Europe/Berlin")])
    const covers = { from: Date.parse("2026-10-24T00:00:00Z"), count: 2 }
    assert.deepStrictEqual(
      Days.before({ ...run, covers }).map(({ name }) => name),
      ["2026-10-23", "2026-10-24", "2026-10-25"]
    )
  })
})
