import * as Pace from "@fibercast/cli/Pace"
import { assert, describe, it } from "@effect/vitest"

describe("the pace of a count", () => {
  it("is that of the last five seconds, once there is a second to look at", () => {
    const pace = Pace.make()
    pace.add(0, 0)
    pace.add(500, 50)
    assert.isNull(pace.perSecond())
    pace.add(1000, 100)
    assert.strictEqual(pace.perSecond(), 100)
    for (let now = 2000; now <= 9000; now += 1000) pace.add(now, 100 + (now - 1000) / 100)
    assert.strictEqual(pace.perSecond(), 10)
  })

  it("is none while the count stands still, and begins anew after that", () => {
    const pace = Pace.make()
    for (let now = 0; now <= 2000; now += 500) pace.add(now, now)
    pace.add(2500, 2000)
    assert.deepStrictEqual([pace.still(2500), pace.perSecond()], [0, 800])
    pace.add(4000, 2000)
    assert.deepStrictEqual([pace.still(4000), pace.perSecond()], [2000, null])
    pace.add(5000, 2300)
    pace.add(6000, 2600)
    assert.deepStrictEqual([pace.still(6000), pace.perSecond()], [0, 300])
  })

  it("forgets when it is told to", () => {
    const pace = Pace.make()
    pace.add(0, 0)
    pace.add(1000, 10)
    pace.reset()
    assert.deepStrictEqual([pace.perSecond(), pace.still(9000)], [null, 0])
  })
})
