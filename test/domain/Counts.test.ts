import { assert, describe, it } from "@effect/vitest"
import { Counts, isBalanced, none, planned, settled } from "@fibercast/domain/Counts"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { Schema } from "effect"

const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
const fields = ["planned", "open", ...finalStates] as const

describe("Counts", () => {
  it("is balanced when there is nothing", () => {
    assert.isTrue(isBalanced(none))
  })

  it.prop("planning more keeps the balance and adds open work", [Count, Count], ([first, more]) => {
    const before = planned(none, first)
    const after = planned(before, more)
    assert.isTrue(isBalanced(after))
    assert.deepStrictEqual(after, { ...none, planned: first + more, open: first + more })
  })

  it.prop(
    "settling keeps the balance and moves from open to that state alone",
    [Schema.Literals(finalStates), Count],
    ([state, howMany]) => {
      const before = planned(none, howMany + 5)
      const after = settled(before, state, howMany)
      assert.isTrue(isBalanced(after))
      assert.deepStrictEqual(after, { ...before, open: 5, [state]: howMany })
    }
  )

  it("settles one unless told otherwise", () => {
    assert.deepStrictEqual(settled(planned(none, 2), "failed"), { ...none, planned: 2, open: 1, failed: 1 })
  })

  it.prop(
    "a delivery lost from or added to any one count is noticed",
    [Count, Schema.Literals(fields)],
    ([open, field]) => {
      const counts = planned(none, open)
      assert.isFalse(isBalanced({ ...counts, [field]: counts[field] + 1 }))
      assert.isFalse(isBalanced({ ...counts, [field]: counts[field] - 1 }))
    }
  )

  it("refuses counts below zero", () => {
    const isCounts = Schema.is(Counts)
    assert.isTrue(isCounts(none))
    for (const field of fields) assert.isFalse(isCounts({ ...none, [field]: -1 }))
  })
})
