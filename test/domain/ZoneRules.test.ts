import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as FastCheck from "fast-check"

const rulesOf = (zone: string) => Result.getOrThrow(ZoneRules.make(zone))

const changes = (zone: string, from: string, to: string) =>
  ZoneRules.transitions(rulesOf(zone), Date.parse(from), Date.parse(to)).map(
    ({ at, before, after }) => `${new Date(at).toISOString()} ${before / 60_000} ${after / 60_000}`
  )

describe("ZoneRules", () => {
  it.each<readonly [string, string, ReadonlyArray<string>]>([
    ["Europe/Berlin", "2026", ["2026-03-29T01:00:00.000Z 60 120", "2026-10-25T01:00:00.000Z 120 60"]],
    ["Australia/Lord_Howe", "2026", ["2026-04-04T15:00:00.000Z 660 630", "2026-10-03T15:30:00.000Z 630 660"]],
    ["America/Sao_Paulo", "2018", ["2018-02-18T02:00:00.000Z -120 -180", "2018-11-04T03:00:00.000Z -180 -120"]],
    ["Antarctica/Troll", "2026", ["2026-03-29T01:00:00.000Z 0 120", "2026-10-25T01:00:00.000Z 120 0"]],
    ["Africa/Cairo", "2023", ["2023-04-27T22:00:00.000Z 120 180", "2023-10-26T21:00:00.000Z 180 120"]],
    ["Asia/Jakarta", "2026", []],
    ["Asia/Kathmandu", "1986", []],
    ["UTC", "2026", []],
    ["+05:30", "2026", []]
  ])("%s changed in %s as the database says", (zone, year, expected) => {
    assert.deepStrictEqual(changes(zone, `${year}-01-01`, `${Number(year) + 1}-01-01`), expected)
  })

  it("a day that was left out, and an offset kept for less than a week, are seen", () => {
    assert.deepStrictEqual(changes("Pacific/Apia", "2011-12-01", "2012-01-01"), ["2011-12-30T10:00:00.000Z -600 840"])
    assert.strictEqual(changes("Asia/Gaza", "2040-10-15", "2040-11-01").length, 2)
  })

  it("the offset is the one that Intl names, in whatever order the years are asked for", () => {
    const zones = [
      "Europe/Dublin",
      "America/St_Johns",
      "Africa/Monrovia",
      "Asia/Gaza",
      "Africa/Casablanca",
      "Etc/GMT+7"
    ]
    const instants = FastCheck.integer({ min: Date.UTC(1970, 0, 1) / 1000, max: Date.UTC(2040, 0, 1) / 1000 })
    FastCheck.assert(
      FastCheck.property(FastCheck.constantFrom(...zones), instants, (zone, second) => {
        const shown = new Date(second * 1000)
          .toLocaleString("sv-SE", { timeZone: zone, hourCycle: "h23" })
          .replace(" ", "T")
        const offset = ZoneRules.offsetAt(rulesOf(zone), second * 1000)
        assert.strictEqual(new Date(second * 1000 + offset).toISOString().slice(0, 19), shown)
      }),
      { numRuns: 300 }
    )
  })

  it("no offset is missed, though Gaza will keep some for less than a week", () => {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: "Asia/Gaza", timeZoneName: "longOffset" })
    for (let at = Date.UTC(2038, 0, 1); at < Date.UTC(2056, 0, 1); at += 86_400_000) {
      const hours = ZoneRules.offsetAt(rulesOf("Asia/Gaza"), at) / 3_600_000
      assert.include(format.format(at), `GMT+0${hours}:00`)
    }
  })

  it("segments touch each other and hold the instant asked for", () => {
    const rules = rulesOf("America/New_York")
    for (let at = Date.UTC(2025, 0, 1); at < Date.UTC(2028, 0, 1); at = rules.segmentAt(at).end) {
      const segment = rules.segmentAt(at)
      assert.isTrue(segment.start <= at && at < segment.end)
      const following = rules.segmentAt(segment.end)
      const isCut = following.start < segment.end
      assert.strictEqual(isCut ? following.offset : following.before, segment.offset)
      assert.strictEqual(segment.after, following.offset)
    }
  })

  it("the fingerprint is the same however the rules were come by, and tells zones apart", () => {
    const fresh = ZoneRules.fingerprint(rulesOf("Europe/Paris"))
    const late = rulesOf("europe/paris")
    late.segmentAt(Date.UTC(2055, 5, 1))
    late.segmentAt(Date.UTC(1950, 5, 1))
    assert.match(fresh, /^[0-9a-f]{8}$/)
    assert.strictEqual(ZoneRules.fingerprint(late), fresh)
    const others = ["Asia/Jakarta", "UTC", "Europe/London", "America/Sao_Paulo"].map((zone) =>
      ZoneRules.fingerprint(rulesOf(zone))
    )
    assert.strictEqual(new Set([fresh, ...others]).size, 5)
    assert.strictEqual(ZoneRules.fingerprint(rulesOf("Europe/Berlin")), fresh)
  })

  it("at most maxZones are kept, and one that was dropped is read again", () => {
    const first = rulesOf("Asia/Tokyo")
    for (let minutes = 0; minutes <= ZoneRules.maxZones; minutes++) {
      const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0"))
      rulesOf(`+${hour}:${minute}`)
    }
    assert.notStrictEqual(rulesOf("Asia/Tokyo"), first)
    assert.strictEqual(ZoneRules.offsetAt(rulesOf("Asia/Tokyo"), 0), 9 * 3_600_000)
  })

  it("what is no zone is refused, and an instant out of range is a defect", () => {
    assert.strictEqual(Result.getOrThrow(Result.flip(ZoneRules.make("Mars/Olympus"))).zone, "Mars/Olympus")
    assert.throws(() => rulesOf("Asia/Jakarta").segmentAt(ZoneRules.latest), RangeError)
    assert.throws(() => rulesOf("Asia/Jakarta").segmentAt(NaN), RangeError)
  })
})
