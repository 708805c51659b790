import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const root = new URL("../../", import.meta.url)

/** Who starts a node, or measures what one can do. */
const starters = [
  "package.json",
  "deploy/Dockerfile",
  "deploy/systemd/fibercast@.service",
  "services/cli/src/NodeProcess.ts",
  "test/bench/CampaignMemory.ts",
  "test/bench/yardstick/Catalogue.ts",
  "README.md",
  "deploy/README.md"
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

  it.each(["cli/bin/fibercast", "node/bin/fibercast-node"])("grows once %s has loaded the program", (launcher) => {
    const lines = readFileSync(new URL(`services/${launcher}.mjs`, root), "utf8").split("\n")
    const at = (part: string) => lines.findIndex((line) => line.includes(part))
    const [least, loads, grows] = ["growth-factor=1", 'import("../src/main.ts")', "growth-factor=2"].map(at)
    assert.isAbove(least ?? -1, 0)
    assert.isAbove(loads ?? -1, least ?? 0)
    assert.isAbove(grows ?? -1, loads ?? 0)
  })
})
