import * as Figures from "@fibercast/cli/Figures"
import * as Period from "@fibercast/cli/Period"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Result } from "effect"

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

describe("periods on the command line", () => {
  it.each([
    ["90s", 90_000],
    ["10min", 600_000],
    [" 2 h ", 7_200_000],
    ["1d", 86_400_000]
  ])("%s is read", (text, millis) =>
    assert.strictEqual(Duration.toMillis(Result.getOrThrow(Period.parse(text))), millis)
  )

  it.each(["", "10", "0s", "1.5h", "ten minutes", "5y"])("%j is refused", (text) =>
    assert.isTrue(Result.isFailure(Period.parse(text)))
  )
})
