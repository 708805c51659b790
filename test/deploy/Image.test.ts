import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import * as DeployFolder from "./DeployFolder.ts"

const text = DeployFolder.read("Dockerfile").replaceAll("\\\n", " ")
const instructions = text
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [word = "", ...rest] = line.trim().split(/\s+/u)
    return { word, rest: rest.join(" ") }
  })
const said = (word: string) => instructions.filter((one) => one.word === word).map(({ rest }) => rest)

const nameIn = (folder: string): string => {
  const manifest: unknown = JSON.parse(readFileSync(`${DeployFolder.root}${folder}/package.json`, "utf8"))
  return typeof manifest === "object" && manifest !== null && "name" in manifest ? String(manifest.name) : ""
}
const packages = ["packages", "services"].flatMap((top) =>
  readdirSync(`${DeployFolder.root}${top}`).map((name) => nameIn(`${top}/${name}`))
)

describe("the image", () => {
  it("is of two stages on the Node that the repository is made for", () => {
    const wanted = /nodeVersion: (\d+)\./u.exec(readFileSync(`${DeployFolder.root}pnpm-workspace.yaml`, "utf8"))?.[1]
    assert.deepStrictEqual(said("FROM"), [`node:${wanted}-bookworm-slim AS installed`, `node:${wanted}-bookworm-slim`])
  })

  it("installs packages that there are, and starts a program that is there", () => {
    const filters = [...text.matchAll(/--filter "(@fibercast\/[a-z]+)\.\.\."/gu)].map(([, name = ""]) => name)
    assert.isAtLeast(filters.length, 2)
    for (const name of filters) assert.include(packages, name)
    const [entry = ""] = said("ENTRYPOINT")
    const [runtime, program = ""] = JSON.parse(entry)
    assert.strictEqual(runtime, "node")
    assert.isTrue(DeployFolder.isFile(program), program)
  })

  it("has settings that there are, and asks for its health where it tells it", () => {
    const variables = said("ENV").flatMap((line) => line.split(" ").map((pair) => pair.split("=")[0] ?? ""))
    DeployFolder.assertSettings(
      variables.filter((name) => !name.startsWith("NODE_")),
      "Dockerfile"
    )
    const [check = ""] = said("HEALTHCHECK")
    DeployFolder.assertHealthPath(/'(\/health\/[a-z]+)'/u.exec(check)?.[1] ?? "", "Dockerfile")
    assert.include(said("ENV").join(" "), `FIBERCAST_HEALTH_PORT=${said("EXPOSE")[0]}`)
  })

  it("runs as nobody special, and is ended as a node wants to be", () => {
    assert.deepStrictEqual([said("USER"), said("STOPSIGNAL")], [["node"], ["SIGTERM"]])
  })
})
