import * as Frequency from "@fibercast/domain/Frequency"
import * as Occurrence from "@fibercast/domain/Occurrence"
import * as Planner from "@fibercast/domain/Planner"
import * as Trigger from "@fibercast/domain/Trigger"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { pipe, Result } from "effect"

type Rules = { readonly gap?: Trigger.Gap; readonly fold?: Trigger.Fold }

/** `29T01:30=03:30`: the day and time in UTC, and what the wall clock shows. */
const planned = (expression: string, zone: string, from: string, hours: number, rules: Rules = {}) => {
  const trigger = { ...pipe(Frequency.cron(expression), Frequency.timezone(zone)), ...rules }
  const begin = Date.parse(`${from}Z`)
  return Planner.plan(trigger, begin, begin + hours * 3_600_000).map(
    ({ nominal, wallTime }) => `${new Date(nominal).toISOString().slice(8, 16)}=${wallTime.slice(11)}`
  )
}

const every = (minutes: number, count: number, from: number) =>
  Array.from({ length: count }, (_, index) => from + index * minutes * 60_000)

describe("Planner, where clocks are put forward,", () => {
  it.each<readonly [string, string, string, Rules, ReadonlyArray<string>]>([
    ["30 2 * * *", "Europe/Berlin", "2026-03-29T00:00", {}, ["29T01:30=03:30"]],
    ["30 2 * * *", "Europe/Berlin", "2026-03-29T00:00", { gap: "at-end" }, ["29T01:00=03:00"]],
    ["30 2 * * *", "Europe/Berlin", "2026-03-29T00:00", { gap: "skip" }, []],
    ["0 3 * * *", "Europe/Berlin", "2026-03-29T00:00", {}, ["29T01:00=03:00"]],
    ["0 4 * * *", "Europe/Berlin", "2026-03-29T00:00", {}, ["29T02:00=04:00"]],
    ["30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00", {}, ["29T01:30=03:30"]],
    ["0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00", { gap: "at-end" }, ["29T01:00=03:00", "29T01:30=03:30"]],
    ["45 2 * * *", "America/New_York", "2026-03-08T00:00", {}, ["08T07:45=03:45"]],
    ["15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", {}, ["03T15:45=02:45"]],
    ["15,45 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", {}, ["03T15:45=02:45"]],
    ["0 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", { gap: "at-end" }, ["03T15:30=02:30"]],
    ["0 0 * * *", "America/Sao_Paulo", "2018-11-04T00:00", {}, ["04T03:00=01:00"]],
    ["30 0 * * *", "Africa/Cairo", "2023-04-27T12:00", {}, ["27T22:30=01:30"]],
    ["30 0 * * *", "Africa/Cairo", "2023-04-27T12:00", { gap: "at-end" }, ["27T22:00=01:00"]],
    ["30 1,2 * * *", "Antarctica/Troll", "2026-03-29T00:00", {}, ["29T01:30=03:30", "29T02:30=04:30"]],
    ["30 2 * * *", "Africa/Casablanca", "2023-04-23T00:00", {}, ["23T02:30=03:30"]],
    ["0 9 * * *", "Asia/Jakarta", "2026-03-29T00:00", {}, ["29T02:00=09:00"]],
    ["30 2 * * *", "Asia/Kathmandu", "2026-03-28T12:00", {}, ["28T20:45=02:30"]]
  ])("%s in %s from %s with %o fires at %j", (expression, zone, from, rules, expected) => {
    assert.deepStrictEqual(planned(expression, zone, from, 12, rules), expected)
  })

  it("a day that was left out is made up for on the next, and fires once with it", () => {
    const from = "2011-12-29T10:00"
    assert.deepStrictEqual(planned("0 9 * * *", "Pacific/Apia", from, 48), ["29T19:00=09:00", "30T19:00=09:00"])
    assert.deepStrictEqual(planned("0 9 30 12 *", "Pacific/Apia", from, 48), ["30T19:00=09:00"])
    assert.deepStrictEqual(planned("0 9 30 12 *", "Pacific/Apia", from, 48, { gap: "at-end" }), ["30T10:00=00:00"])
    assert.deepStrictEqual(planned("0 9 30 12 *", "Pacific/Apia", from, 48, { gap: "skip" }), [])
  })

  it("what was put off over the turn of the year fires, whatever was asked before", () => {
    const trigger = pipe(Frequency.yearlyOn(12, 31, "20:00"), Frequency.timezone("Pacific/Kiritimati"))
    assert.strictEqual(Planner.next(trigger, Date.UTC(1995, 5, 1))?.wallTime, "1995-12-31 20:00")
    assert.strictEqual(Planner.next(trigger, Date.UTC(1995, 0, 1))?.wallTime, "1995-01-01 20:00")
  })

  it("what fires each minute goes on evenly", () => {
    const begin = Date.UTC(2026, 2, 29)
    const plan = Planner.plan(
      pipe(Frequency.everyMinute, Frequency.timezone("Europe/Berlin")),
      begin,
      begin + 10_800_000
    )
    assert.deepStrictEqual(
      plan.map(({ nominal }) => nominal),
      every(1, 180, begin)
    )
  })

  it("a day that constraints wait for begins when the clock says so", () => {
    const mondays = pipe(Frequency.everyMinute, Frequency.mondays, Frequency.timezone("Europe/Berlin"))
    const sunday = Date.UTC(2026, 2, 29)
    const first = Planner.next(mondays, sunday)
    assert.deepStrictEqual([first?.wallTime, first?.nominal], ["2026-03-30 00:00", sunday + 22 * 3_600_000])
  })

  it("a zone that changed its name but not its clock changes nothing", () => {
    const expected = ["26T01:30=02:30", "27T01:30=02:30", "28T01:30=02:30"]
    assert.deepStrictEqual(planned("30 2 * * *", "Europe/Lisbon", "1992-09-26T00:00", 72), expected)
  })
})

describe("Planner, where clocks are put back,", () => {
  it.each<readonly [string, string, string, Rules, ReadonlyArray<string>]>([
    ["30 2 * * *", "Europe/Berlin", "2026-10-24T22:00", {}, ["25T00:30=02:30"]],
    ["30 2 * * *", "Europe/Berlin", "2026-10-24T22:00", { fold: "second" }, ["25T01:30=02:30"]],
    ["30 2 * * *", "Europe/Berlin", "2026-10-24T22:00", { fold: "both" }, ["25T00:30=02:30", "25T01:30=02:30"]],
    ["0,30 2 * * *", "Europe/Berlin", "2026-10-24T22:00", {}, ["25T00:00=02:00", "25T00:30=02:30"]],
    [
      "*/30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T22:00",
      {},
      ["25T00:00=02:00", "25T00:30=02:30", "25T01:00=02:00", "25T01:30=02:30"]
    ],
    ["*/30 2 * * *", "Europe/Berlin", "2026-10-24T22:00", { fold: "second" }, ["25T01:00=02:00", "25T01:30=02:30"]],
    [
      "0 1-4 * * *",
      "Europe/Berlin",
      "2026-10-24T22:00",
      {},
      ["24T23:00=01:00", "25T00:00=02:00", "25T02:00=03:00", "25T03:00=04:00"]
    ],
    ["30 1 * * *", "America/New_York", "2026-11-01T04:00", {}, ["01T05:30=01:30"]],
    [
      "0 1-23/2 * * *",
      "America/New_York",
      "2026-11-01T04:00",
      {},
      ["01T05:00=01:00", "01T06:00=01:00", "01T08:00=03:00"]
    ],
    ["45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00", { fold: "both" }, ["04T14:45=01:45", "04T15:15=01:45"]],
    ["15 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00", { fold: "both" }, ["04T14:15=01:15"]],
    ["30 23 * * *", "America/Sao_Paulo", "2018-02-18T00:00", {}, ["18T01:30=23:30"]],
    ["30 23 * * *", "Africa/Cairo", "2023-10-26T18:00", { fold: "second" }, ["26T21:30=23:30"]],
    ["30 2 * * *", "Antarctica/Troll", "2026-10-24T23:30", { fold: "both" }, ["25T00:30=02:30", "25T02:30=02:30"]],
    ["30 2 * * *", "Africa/Casablanca", "2023-03-19T00:00", {}, ["19T01:30=02:30"]]
  ])("%s in %s from %s with %o fires at %j", (expression, zone, from, rules, expected) => {
    assert.deepStrictEqual(planned(expression, zone, from, 5.5, rules), expected)
  })

  it("what fires each minute or hour goes on through both passes", () => {
    const begin = Date.UTC(2026, 9, 24, 22)
    const plan = (trigger: Trigger.Trigger) =>
      Planner.plan(pipe(trigger, Frequency.timezone("Europe/Berlin")), begin, begin + 18_000_000).map(
        ({ nominal }) => nominal
      )
    assert.deepStrictEqual(plan(Frequency.everyMinute), every(1, 300, begin))
    assert.deepStrictEqual(plan(Frequency.hourly), every(60, 5, begin))
  })

  it("both ends of an offset kept for less than a week are kept to", () => {
    const trigger = pipe(Frequency.dailyAt("12:00"), Frequency.timezone("Asia/Gaza"))
    const begin = Date.UTC(2040, 9, 18)
    const plan = Planner.plan(trigger, begin, begin + 14 * 86_400_000)
    assert.deepStrictEqual(
      plan.map(({ wallTime }) => wallTime.slice(11)),
      Array.from({ length: 14 }, () => "12:00")
    )
    assert.deepStrictEqual(new Set(plan.map(({ nominal }) => new Date(nominal).getUTCHours())), new Set([9, 10]))
  })
})

const at = (trigger: Trigger.Trigger, from: number, to: number) =>
  Planner.plan(trigger, from, to).map(({ nominal }) => nominal)

/** Once, by the clock on the wall in Berlin. */
const wall = (text: string, rules: Rules = {}) => ({
  ...pipe(Result.getOrThrow(Trigger.onceAt(text)), Frequency.timezone("Europe/Berlin")),
  ...rules
})

const all = (trigger: Trigger.Trigger) =>
  Planner.nextMany(trigger, 0, 5).map(({ nominal }) => new Date(nominal).toISOString().slice(0, 16))

describe("Planner", () => {
  const noon = Date.UTC(2026, 0, 1, 12)

  it("a plan includes its begin and excludes its end", () => {
    assert.deepStrictEqual(at(Frequency.hourly, noon, noon + 7_200_000), [noon, noon + 3_600_000])
    assert.deepStrictEqual(at(Frequency.hourly, noon + 1, noon + 7_200_001), [noon + 3_600_000, noon + 7_200_000])
    assert.deepStrictEqual(at(Frequency.hourly, noon, noon), [])
    assert.deepStrictEqual(at(Frequency.hourly, noon, noon - 1), [])
    assert.deepStrictEqual(at(Frequency.hourly, noon - 0.5, noon + 0.5), [noon])
    assert.deepStrictEqual(at(Frequency.hourly, noon + 0.5, noon + 1), [])
  })

  it("next is strictly after, to the millisecond and its parts", () => {
    assert.strictEqual(Planner.next(Frequency.hourly, noon)?.nominal, noon + 3_600_000)
    assert.strictEqual(Planner.next(Frequency.hourly, noon - 1)?.nominal, noon)
    assert.strictEqual(Planner.next(Frequency.hourly, noon - 0.5)?.nominal, noon)
  })

  it("an interval is counted from its anchor in both directions, without drift", () => {
    const anchor = noon + 250
    const trigger = Trigger.every("1500 millis", { anchor })
    assert.deepStrictEqual(at(trigger, noon, noon + 3000), [anchor, anchor + 1500])
    assert.deepStrictEqual(at(trigger, anchor - 3000, anchor), [anchor - 3000, anchor - 1500])
    const far = anchor + 1500 * 100_000_000
    assert.strictEqual(Planner.next(trigger, far - 1)?.nominal, far)
    assert.strictEqual(Planner.next(trigger, noon)?.wallTime, "2026-01-01 12:00:00.250")
  })

  it("an interval does not care for the clock on the wall", () => {
    const begin = Date.UTC(2026, 2, 29)
    const trigger = pipe(Trigger.every("30 minutes"), Frequency.timezone("Europe/Berlin"))
    assert.deepStrictEqual(at(trigger, begin, begin + 10_800_000), every(30, 6, begin))
  })

  it("once is once, at an instant or by the clock on the wall", () => {
    assert.deepStrictEqual(all(Trigger.once(noon)), ["2026-01-01T12:00"])
    assert.deepStrictEqual(all(wall("2026-06-01 09:00")), ["2026-06-01T07:00"])
    assert.deepStrictEqual(all(wall("2026-03-29 02:30")), ["2026-03-29T01:30"])
    assert.deepStrictEqual(all(wall("2026-03-29 02:30", { gap: "at-end" })), ["2026-03-29T01:00"])
    assert.deepStrictEqual(all(wall("2026-03-29 02:30", { gap: "skip" })), [])
    assert.deepStrictEqual(all(wall("2026-10-25 02:30")), ["2026-10-25T00:30"])
    assert.deepStrictEqual(all(wall("2026-10-25 02:30", { fold: "second" })), ["2026-10-25T01:30"])
    assert.deepStrictEqual(all(wall("2026-10-25 02:30", { fold: "both" })), ["2026-10-25T00:30", "2026-10-25T01:30"])
    assert.isNull(Planner.next(wall("2026-10-25 02:30", { fold: "both" }), Date.UTC(2026, 9, 25, 1, 30)))
  })

  it("a trigger without a zone is planned in that of the options, or UTC", () => {
    const [utc] = Planner.nextMany(Frequency.dailyAt("09:00"), noon, 1)
    const [jakarta] = Planner.nextMany(Frequency.dailyAt("09:00"), noon, 1, { zone: "Asia/Jakarta" })
    const [own] = Planner.nextMany(pipe(Frequency.dailyAt("09:00"), Frequency.timezone("UTC")), noon, 1, {
      zone: "Asia/Jakarta"
    })
    assert.deepStrictEqual([utc?.nominal, utc?.zone], [Date.UTC(2026, 0, 2, 9), "UTC"])
    assert.deepStrictEqual([jakarta?.nominal, jakarta?.zone], [Date.UTC(2026, 0, 2, 2), "Asia/Jakarta"])
    assert.deepStrictEqual(own, utc)
  })

  it("occurrences are computed as they are asked for, and need no end", () => {
    const iterator = Planner.occurrences(Frequency.everySecond, noon, Infinity)
    assert.deepStrictEqual(
      [1, 2, 3].map(() => iterator.next().value?.nominal),
      [noon, noon + 1000, noon + 2000]
    )
  })

  it("a plan that would hold more than a million is a defect", () => {
    assert.throws(() => Planner.plan(Frequency.everySecond, noon, noon + 1_000_001_000), RangeError)
  })

  it("the rarest day is found, and what never comes again is not", () => {
    const rare = pipe(Frequency.yearlyOn(2, 29), Frequency.mondays)
    assert.strictEqual(Planner.next(rare, Date.UTC(2072, 2, 1))?.wallTime, "2112-02-29 00:00")
    assert.isNull(Planner.next(Frequency.hourly, Date.UTC(2199, 11, 31, 23)))
    assert.strictEqual(Planner.next(Frequency.hourly, Date.UTC(1800, 0, 1))?.wallTime, "1900-01-01 00:00")
    const never = {
      ...Frequency.dailyAt("09:00"),
      constraints: [{ _tag: "Between", start: "10:00", end: "11:00" } as const]
    }
    assert.isNull(Planner.next(never, noon))
  })

  it("check refuses what never fires and leaves the rest alone", () => {
    const window = { _tag: "Between", start: "10:00", end: "11:00" } as const
    const never = { ...Frequency.dailyAt("09:00"), constraints: [window] }
    const bad = Result.getOrThrow(Result.flip(Planner.check(never)))
    assert.include(bad.message, "at 09:00 every day, between 10:00 and 11:00 never fires")
    const spring = { ...Frequency.yearlyOn(2, 29), constraints: [{ _tag: "Days", days: ["monday"] } as const] }
    assert.deepStrictEqual(Planner.check(spring), Result.succeed(spring))
    const daily = { ...Trigger.every("1 day", { anchor: Date.UTC(2026, 0, 1, 9) }), constraints: [window] }
    assert.isTrue(Result.isFailure(Planner.check(daily)))
    assert.isTrue(Result.isSuccess(Planner.check(daily, { zone: "Europe/Berlin" })))
    const past = { ...Trigger.once(Date.UTC(1950, 0, 1, 10)), constraints: [window] }
    assert.isTrue(Result.isSuccess(Planner.check(past)))
  })

  it("spread keeps the nominal time and gives each name a share of its own, always the same", () => {
    const trigger = pipe(Frequency.hourly, Trigger.named("invoices"), Trigger.spread("10 minutes"))
    const plan = Planner.plan(trigger, noon, noon + 7_200_000)
    assert.deepStrictEqual(
      plan.map(({ trigger, nominal, spread }) => [trigger, nominal, spread]),
      [
        ["invoices", noon, Occurrence.spread("10 minutes", "invoices")],
        ["invoices", noon + 3_600_000, Occurrence.spread("10 minutes", "invoices")]
      ]
    )
    assert.deepStrictEqual(
      plan.map(Occurrence.dueAt),
      plan.map(({ nominal, spread }) => nominal + spread)
    )
    assert.strictEqual(Occurrence.spread("10 minutes", "invoices"), Occurrence.spread(600_000, "invoices"))
    assert.strictEqual(Occurrence.spread(0, "invoices"), 0)
  })

  it("many names are spread evenly over the window", () => {
    const shares = Array.from({ length: 10_000 }, (_, index) => Occurrence.spread("100 seconds", `trigger-${index}`))
    const tenths = Array.from(
      { length: 10 },
      (_, tenth) => shares.filter((share) => Math.floor(share / 10_000) === tenth).length
    )
    assert.strictEqual(
      tenths.reduce((sum, count) => sum + count),
      10_000
    )
    for (const count of tenths) assert.approximately(count, 1000, 120)
  })
})

describe("Planner.lastMany", () => {
  const triggers = FastCheck.constantFrom(
    Frequency.everySecond,
    Frequency.everyTenMinutes,
    Frequency.lastDayOfMonth("10:00"),
    Trigger.every("37 minutes"),
    Trigger.once(Date.UTC(2026, 2, 29, 1)),
    pipe(Frequency.dailyAt("02:30"), Frequency.timezone("Europe/Berlin")),
    pipe(Frequency.everyFiveMinutes, Frequency.weekdays, Frequency.between("23:00", "01:00"))
  )
  const year = Date.UTC(2026, 0, 1)

  it("is the end of the plan, however much is asked for", () => {
    const from = FastCheck.integer({ min: year, max: year + 365 * 86_400_000 })
    FastCheck.assert(
      FastCheck.property(
        triggers,
        from,
        FastCheck.nat({ max: 7_200_000 }),
        FastCheck.integer({ min: 1, max: 30 }),
        (trigger, from, span, count) => {
          const to = from + span
          assert.deepStrictEqual(
            Planner.lastMany(trigger, from, to, count),
            Planner.plan(trigger, from, to).slice(-count)
          )
        }
      ),
      { numRuns: 200 }
    )
  })

  it("finds the last of a year as well as that of a minute", () => {
    const [last] = Planner.lastMany(Frequency.yearly, year - 5 * 365 * 86_400_000, year + 86_400_000 * 300, 1)
    assert.strictEqual(last?.wallTime, "2026-01-01 00:00")
    assert.deepStrictEqual(Planner.lastMany(Frequency.yearly, year + 1, year + 1000, 3), [])
    assert.deepStrictEqual(Planner.lastMany(Frequency.everySecond, year, year, 3), [])
  })
})
