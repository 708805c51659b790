import { assert, describe, it } from "@effect/vitest"
import { BadRate, formatRate, interval, parseRate, Rate } from "@fibercast/domain/Limits"
import { Duration, Result, Schema } from "effect"

/** Rates people could write down: up to nine digits of permits, and a period of up to six digits of a unit. */
const Writable = Schema.Struct({
  permits: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 999_999_999 })),
  count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 999_999 })),
  unit: Schema.Literals([1, 1000, 60_000, 3_600_000])
})

describe("parseRate", () => {
  it("reads the rates that people write", () => {
    const rates = {
      "20/s": { permits: 20, per: 1000 },
      "1/2s": { permits: 1, per: 2000 },
      "600/min": { permits: 600, per: 60_000 },
      "1000/hour": { permits: 1000, per: 3_600_000 },
      "10000/day": { permits: 10_000, per: 86_400_000 },
      "5/250ms": { permits: 5, per: 250 },
      " 3 / 10 MIN ": { permits: 3, per: 600_000 }
    }
    for (const [text, rate] of Object.entries(rates)) assert.deepStrictEqual(parseRate(text), Result.succeed(rate))
  })

  it("reads every spelling of a unit as the same period", () => {
    const spellings = [
      ["s", "sec", "second"],
      ["m", "min", "minute"],
      ["h", "hour"],
      ["d", "day"]
    ]
    for (const [short = "", ...longer] of spellings) {
      for (const long of longer) assert.deepStrictEqual(parseRate(`7/3${long}`), parseRate(`7/3${short}`))
    }
  })

  it("refuses what is no rate, and says how one is written", () => {
    const inputs = [
      "",
      "20",
      "/s",
      "20/",
      "0/s",
      "20/0s",
      "-1/s",
      "1.5/s",
      "20/fortnight",
      "20/s/s",
      "20 per second",
      "1e3/s",
      "20/s x",
      "1234567890/s",
      "1/1234567s",
      "٣/s",
      "20/constructor",
      "20/tostring",
      "20/__proto__"
    ]
    for (const input of inputs) {
      const error = Result.getOrThrow(Result.flip(parseRate(input)))
      assert.deepStrictEqual(error, new BadRate({ input }), input)
      assert.include(error.message, `"${input}"`)
      assert.include(error.message, "20/s")
    }
  })

  it.prop("never throws, and what it reads is a rate", [Schema.String], ([input]) => {
    const rate = parseRate(input)
    assert.isTrue(Result.isFailure(rate) || Schema.is(Rate)(rate.success))
  })
})

describe("formatRate", () => {
  it.prop("writes what parseRate reads back", [Writable], ([{ count, permits, unit }]) => {
    const rate = { permits, per: count * unit }
    assert.deepStrictEqual(parseRate(formatRate(rate)), Result.succeed(rate))
  })

  it("writes the largest unit that fits", () => {
    const texts = [
      formatRate({ permits: 20, per: 1000 }),
      formatRate({ permits: 1, per: 2000 }),
      formatRate({ permits: 600, per: 60_000 }),
      formatRate({ permits: 9, per: 5_400_000 }),
      formatRate({ permits: 10, per: 86_400_000 }),
      formatRate({ permits: 5, per: 1500 })
    ]
    assert.deepStrictEqual(texts, ["20/s", "1/2s", "600/min", "9/90min", "10/24h", "5/1500ms"])
  })
})

describe("interval", () => {
  it.prop("is the share of the period that each permit has, to the nanosecond", [Writable], (values) => {
    const [{ count, permits, unit }] = values
    const rate = { permits, per: count * unit }
    assert.approximately(Duration.toMillis(interval(rate)), rate.per / permits, 1e-6)
  })
})
