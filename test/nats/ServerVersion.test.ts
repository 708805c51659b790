import { assert, describe, it } from "@effect/vitest"
import { format, has, isAtLeast, parse, unknown } from "@fibercast/nats/ServerVersion"

describe("ServerVersion", () => {
  it.each([
    ["2.9.10", "2.9.10"],
    ["v2.10.4", "2.10.4"],
    [" 2.11.0-RC.1 ", "2.11.0"],
    ["2.12.0+build7", "2.12.0"]
  ])("%s is read as %s", (text, version) => {
    assert.strictEqual(format(parse(text)), version)
  })

  it.each(["", "2", "2.9", "two.nine.ten", "2.9.x", "2.9.10.1"])(
    "%j is no version that anything depends on",
    (text) => {
      assert.deepStrictEqual(parse(text), unknown)
      assert.isFalse(has(parse(text), "metadata"))
    }
  )

  it("versions compare by numbers, not by letters", () => {
    const ascending = ["1.99.99", "2.0.0", "2.9.9", "2.9.10", "2.10.0", "2.10.1", "10.0.0"].map(parse)
    for (const [at, version] of ascending.entries()) {
      for (const [other, least] of ascending.entries()) assert.strictEqual(isAtLeast(version, least), at >= other)
    }
  })

  it("nothing newer than 2.9 is asked of 2.9", () => {
    assert.isFalse(has(parse("2.9.25"), "metadata"))
    assert.isTrue(has(parse("2.10.0"), "metadata"))
    assert.isTrue(has(parse("2.12.1"), "compression"))
  })
})
