import { assert, describe, it } from "@effect/vitest"
import * as Statistics from "./yardstick/Statistics.ts"

describe("Statistics", () => {
  it("the median is the middle one, or lies between the two in the middle", () => {
    assert.strictEqual(Statistics.median([3, 1, 2]), 2)
    assert.strictEqual(Statistics.median([4, 1, 3, 2]), 2.5)
    assert.isNaN(Statistics.median([]))
  })

  it("a quantile is a value that was measured, the last of all at most", () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at)
    assert.strictEqual(Statistics.quantile(hundred, 0.5), 51)
    assert.strictEqual(Statistics.quantile(hundred, 0.99), 100)
    assert.strictEqual(Statistics.quantile([7], 1), 7)
  })
})
