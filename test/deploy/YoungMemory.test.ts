import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const root = new URL("../../", import.meta.url)

/** Who starts a node, or measures what one can do. */
const starters = [
  "package.json",
  "deploy/Dockerfile",
  "deploy/systemd/fibercast@.service",
  "services/cli/src/NodeProcess.ts",
  "test/bench/yardstick/Catalogue.ts"
]

describe("the young memory of a node", () => {
  it("is the same whoever starts it", () => {
    const told = starters.map((file) => [
      ...new Set(readFileSync(new URL(file, root), "utf8").match(/--max-semi-space-size=\d+/gu))
    ])
    const [first] = told
    assert.lengthOf(first ?? [], 1)
    for (const sizes of told) assert.deepStrictEqual(sizes, first)
  })
})
