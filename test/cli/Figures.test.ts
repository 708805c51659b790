import * as Figures from "@fibercast/cli/Figures"
import { assert, describe, it } from "@effect/vitest"

describe("figures for people", () => {
  it.each([
    [0, "0 s"],
    [59_400, "59 s"],
    [60_000, "1 min"],
    [125_000, "2 min 5 s"],
    [3_600_000, "1 h"],
    [90_061_000, "1 d 1 h"]
  ])("%d milliseconds are %s", (millis, text) => assert.strictEqual(Figures.span(millis), text))

  it("a share is never rounded up to all of it", () => {
    assert.deepStrictEqual([Figures.percent(0.9999), Figures.percent(1)], ["99.9 %", "100.0 %"])
  })
})
