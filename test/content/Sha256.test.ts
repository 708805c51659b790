import * as Sha256 from "@fibercast/content/Sha256"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { createHash } from "node:crypto"

const known = (text: string) => createHash("sha256").update(text).digest("hex")

describe("Sha256", () => {
  it("is the one that everybody knows, at every length around a block", () => {
    for (let length = 0; length < 200; length++) {
      const text = "é".repeat(length % 7) + "a".repeat(length)
      assert.strictEqual(Sha256.hex(text), known(text))
    }
  })

  it("of any text", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ unit: "binary", maxLength: 300 }), (text) => {
        assert.strictEqual(Sha256.hex(text), known(text))
      })
    )
  })
})
