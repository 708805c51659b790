import * as Period from "@fibercast/node/Period"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Result } from "effect"

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
