import * as Slots from "@fibercast/engine/Slots"
import { assert, describe, it } from "@effect/vitest"

describe("Slots", () => {
  it("all of the concurrency is for any lane, and a tenth more for urgent and high", () => {
    const slots = Slots.of(100, undefined)
    assert.deepStrictEqual(
      (["urgent", "high", "normal", "bulk"] as const).map((lane) => Slots.ofLane(slots, lane)),
      [110, 110, 100, 100]
    )
  })

  it("a workspace that may have fewer in flight has no more, and a tenth of them is kept", () => {
    assert.deepStrictEqual(Slots.of(100, 50), { ordinary: 45, most: 50 })
    assert.deepStrictEqual(Slots.of(100, 105), { ordinary: 95, most: 105 })
    assert.deepStrictEqual(Slots.of(100, 1), { ordinary: 1, most: 1 })
  })

  it("a workspace that may have more in flight has what the engine lets it", () => {
    assert.deepStrictEqual(Slots.of(100, 1000), { ordinary: 100, most: 110 })
    assert.deepStrictEqual(Slots.of(1, undefined), { ordinary: 1, most: 1 })
  })
})
