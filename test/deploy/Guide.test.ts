import { lanes } from "@fibercast/domain/Lane"
import * as ClusterConfig from "@fibercast/engine/ClusterConfig"
import * as Topology from "@fibercast/nats/Topology"
import * as HealthServer from "@fibercast/node/HealthServer"
import * as NodeConfig from "@fibercast/node/NodeConfig"
import * as NodeSettings from "@fibercast/node/NodeSettings"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Program from "../cli/Program.ts"
import * as DeployFolder from "./DeployFolder.ts"

const guide = DeployFolder.read("README.md")
const shell = [...guide.matchAll(/```sh\n([^]*?)```/gu)].flatMap(([, block = ""]) => block.trim().split("\n"))
const commands = shell
  .filter((line) => line.startsWith("fibercast "))
  .map((line) =>
    line
      .replace(/ +#.*$/u, "")
      .split(" ")
      .slice(1)
  )

describe("the guide to running it", () => {
  it("names settings and health that there are, and files that are there", () => {
    DeployFolder.assertSettings(guide.match(/\b(?:FIBERCAST|DATABASE|NATS)_[A-Z_]+\b/gu) ?? [], "README.md")
    for (const path of Object.values(HealthServer.paths)) assert.include(guide, `\`${path}\``)
    const files = guide.match(/\bdeploy\/[\w./@-]+[\w]/gu) ?? []
    assert.isAtLeast(files.length, 5)
    for (const file of files) assert.isTrue(DeployFolder.isFile(file.replace(/\/\*.*$/u, "")), file)
  })

  it("tells the defaults as they are", () => {
    const told = [...guide.matchAll(/`([A-Z_]+)`\s\((\d+)\)/gu)]
    assert.isAtLeast(told.length, 5)
    for (const [, variable = "", value] of told) {
      const name = NodeSettings.names.find((one) => NodeSettings.settings[one].variable === variable)
      assert.strictEqual(String(name === undefined ? "" : NodeSettings.defaults[name]), value, variable)
    }
    const stop = NodeConfig.stopSeconds(NodeSettings.defaults.drainSeconds)
    assert.include(guide, `\`1.2 × drain + 20\` seconds: ${stop},`)
  })

  it("counts connections, and what NATS needs, as they are", () => {
    const [, engines, senders, all] = /(\d+) × \d+ \+ (\d+) × \d+ = (\d+)/u.exec(guide) ?? assert.fail("no count")
    const held = Number(/with (\d+) each/u.exec(guide)?.[1])
    assert.strictEqual(Number(engines) * (held + 2) + Number(senders) * held, Number(all))
    assert.strictEqual(lanes.length * Topology.defaults.maxBytes, 1024 ** 3)
    assert.include(guide, "1 GiB of storage")
    assert.include(guide, `\`${Topology.streamName(Topology.defaultPrefix, "bulk").replace("bulk", "*")}\``)
  })

  it("tells when the work of an engine that was lost goes on as it is set", () => {
    const words = ["no", "one", "two", "three", "four", "five", "six"]
    const { lease, lockExpiration } = ClusterConfig.defaults
    assert.include(
      guide,
      `its leases end after ${words[lease / 1000]}, its locks after ${words[lockExpiration / 1000]}.`
    )
  })

  it.live.each(commands.map((words) => words.join(" ")))("shows a command that there is: %s", (words) =>
    Effect.gen(function* () {
      const ran = yield* Program.run({ folder: DeployFolder.root }, [...words.split(" "), "--help"])
      assert.deepStrictEqual([ran.code, ran.stderr], [0, ""])
      for (const flag of words.match(/--[a-z-]+/gu) ?? []) assert.include(ran.stdout, flag)
      assert.match(ran.stdout, new RegExp(`fibercast ${words.split(" ").slice(0, 2).join(" ")}`, "u"))
    })
  )
})
