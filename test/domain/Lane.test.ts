import { assert, describe, it } from "@effect/vitest"
import { Lane, lanes, parse, rank, weight } from "@fibercast/domain/Lane"
import { Result, Schema } from "effect"

describe("Lane", () => {
  it.prop("a more urgent lane ranks before and weighs more than a less urgent one", [Lane, Lane], ([one, other]) => {
    assert.strictEqual(Math.sign(rank(one) - rank(other)), Math.sign(weight[other] - weight[one]))
  })

  it("ranks count from 0 in the order of lanes", () => {
    assert.deepStrictEqual(lanes.map(rank), [0, 1, 2, 3])
    assert.strictEqual(rank("urgent"), 0)
    assert.strictEqual(rank("bulk"), 3)
  })

  it("no lane starves: each has a share of every round", () => {
    for (const lane of lanes) assert.isAtLeast(weight[lane], 1)
  })

  it("reads a list of lanes, in any order and case, once each", () => {
    assert.deepStrictEqual(parse("bulk, Urgent,bulk"), Result.succeed(["urgent", "bulk"] as const))
    for (const [text, wrong] of [
      ["bluk", 'has no lane "bluk" (bulk?)'],
      ["urgent,sms", 'has no lane "sms"'],
      ["urgent,", 'has no lane ""'],
      ["", 'has no lane ""']
    ] as const) {
      assert.deepStrictEqual(parse(text), Result.fail(wrong))
    }
  })

  it("knows its own names and no other", () => {
    const isLane = Schema.is(Lane)
    for (const lane of lanes) assert.isTrue(isLane(lane))
    for (const other of ["", "Urgent", "low", null, 0]) assert.isFalse(isLane(other))
  })
})
