import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { Schema } from "effect"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Ended = between(1, 200)
const Millis = between(1, 86_400_000)
/** In [0, 1). */
const Chance = Schema.Struct({ parts: between(0, 999_999) })

const base = 1_700_000_000_000
const at = (ended: number, chance = 0) => ({ ended, chance })

describe("RetryPolicy.next", () => {
  it.prop("no policy allows more tries than it says", [between(1, 50), between(0, 60)], ([tries, ended]) => {
    const policies = [
      RetryPolicy.after("1 second", { tries }),
      RetryPolicy.backoff(["1 second", "10 seconds"], { tries }),
      RetryPolicy.exponential("1 second", { tries })
    ]
    for (const policy of policies) assert.strictEqual(RetryPolicy.next(policy, at(ended)) === null, ended >= tries)
  })

  it("never tries again when told never to", () => {
    assert.strictEqual(RetryPolicy.never.tries, 1)
    assert.isNull(RetryPolicy.next(RetryPolicy.never, at(1)))
  })
})

describe("RetryPolicy.deadline", () => {
  it.prop("is the earlier of the bound and the one asked for", [Millis, Millis], ([bound, asked]) => {
    const policy = RetryPolicy.after("1 second", { tries: 9, until: bound })
    assert.strictEqual(RetryPolicy.deadline(policy, base, base + asked), base + Math.min(bound, asked))
    assert.strictEqual(RetryPolicy.deadline(policy, base, null), base + bound)
  })

  it("is none where neither bounds", () => {
    assert.isNull(RetryPolicy.deadline(RetryPolicy.never, base, null))
    assert.strictEqual(RetryPolicy.deadline(RetryPolicy.never, base, base + 1), base + 1)
  })
})

describe("RetryPolicy.after", () => {
  it.prop("waits the same before each retry", [Ended, Millis], ([ended, millis]) => {
    assert.strictEqual(RetryPolicy.next(RetryPolicy.after(millis, { tries: 1000 }), at(ended)), millis)
  })
})

describe("RetryPolicy.backoff", () => {
  it("waits as given, in turn, and the last wait repeats", () => {
    const policy = RetryPolicy.backoff(["10 seconds", "30 seconds", "60 seconds"], { tries: 6 })
    const waits = [1, 2, 3, 4, 5, 6].map((ended) => RetryPolicy.next(policy, at(ended)))
    assert.deepStrictEqual(waits, [10_000, 30_000, 60_000, 60_000, 60_000, null])
  })

  it.prop("beyond its waits it repeats the last", [Millis, Schema.Array(Millis), Ended], ([first, more, ended]) => {
    const delays = [first, ...more]
    const policy = RetryPolicy.backoff([first, ...more], { tries: 1000 })
    assert.strictEqual(RetryPolicy.next(policy, at(ended)), delays[ended - 1] ?? delays.at(-1))
  })
})

describe("RetryPolicy.exponential", () => {
  it.prop(
    "spreads over the upper half of a wait that doubles up to its cap",
    [Millis, Millis, Ended, Chance],
    (values) => {
      const [first, cap, ended, { parts }] = values
      const policy = RetryPolicy.exponential(first, { tries: 1000, cap })
      const full = Math.min(cap, first * 2 ** (ended - 1))
      const wait = RetryPolicy.next(policy, at(ended, parts / 1_000_000)) ?? NaN
      assert.isAtLeast(wait, Math.floor(full / 2))
      assert.isAtMost(wait, full)
    }
  )

  it.prop("waits longer the higher the chance", [Millis, Ended, Chance, Chance], ([first, ended, one, other]) => {
    const policy = RetryPolicy.exponential(first, { tries: 1000 })
    const wait = (parts: number) => policy.wait(ended, parts / 1_000_000)
    assert.isAtMost(wait(Math.min(one.parts, other.parts)), wait(Math.max(one.parts, other.parts)))
  })

  it("doubles from its base to an hour, unless told another cap", () => {
    const policy = RetryPolicy.exponential("10 minutes", { tries: 9 })
    const least = [1, 2, 3, 4, 100].map((ended) => policy.wait(ended, 0))
    assert.deepStrictEqual(least, [300_000, 600_000, 1_200_000, 1_800_000, 1_800_000])
  })
})

describe("RetryPolicy.until", () => {
  it.prop("tries without a count; its period is the deadline", [Ended, Millis], ([ended, period]) => {
    const policy = RetryPolicy.until(period, ["1 milli"])
    assert.strictEqual(RetryPolicy.next(policy, at(ended)), 1)
    assert.strictEqual(RetryPolicy.deadline(policy, base, null), base + period)
  })
})

describe("a policy", () => {
  it("is refused without a single try", () => {
    for (const tries of [0, -1, NaN]) {
      assert.throws(() => RetryPolicy.after("1 second", { tries }), RangeError)
      assert.throws(() => RetryPolicy.backoff(["1 second"], { tries }), RangeError)
      assert.throws(() => RetryPolicy.exponential("1 second", { tries }), RangeError)
    }
  })
})
