import * as LanePause from "@fibercast/domain/LanePause"
import { assert, describe, it } from "@effect/vitest"

const bulk = LanePause.paused(null, { lanes: ["bulk"], note: "the provider is down", now: 1000 })

describe("LanePause", () => {
  it("a pause begins with its first lanes, and keeps its beginning while others are added", () => {
    assert.deepStrictEqual(bulk, { lanes: ["bulk"], note: "the provider is down", since: 1000 })
    assert.deepStrictEqual(LanePause.paused(bulk, { lanes: ["high", "bulk"], note: "maintenance", now: 2000 }), {
      lanes: ["high", "bulk"],
      note: "maintenance",
      since: 1000
    })
  })

  it("to pause no lanes changes nothing", () => {
    assert.isNull(LanePause.paused(null, { lanes: [], note: null, now: 1000 }))
    assert.strictEqual(LanePause.paused(bulk, { lanes: [], note: null, now: 2000 }), bulk)
  })

  it("a pause is over once its last lane is resumed", () => {
    const both = LanePause.paused(bulk, { lanes: ["high"], note: null, now: 2000 })
    assert.deepStrictEqual(LanePause.resumed(both, ["high", "urgent"]), { lanes: ["bulk"], note: null, since: 1000 })
    assert.isNull(LanePause.resumed(both, ["high", "bulk"]))
    assert.isNull(LanePause.resumed(null, ["bulk"]))
  })
})
