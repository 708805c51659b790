import { assert, describe, it } from "@effect/vitest"
import * as AlertSettings from "@fibercast/node/AlertSettings"
import * as NodeConfig from "@fibercast/node/NodeConfig"
import { ConfigProvider, Effect } from "effect"
import { spawnSync } from "node:child_process"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Program from "../cli/Program.ts"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import * as DeployFolder from "./DeployFolder.ts"

/** What a unit says, as `Section.Key`; a key may come more than once. */
const parsed = (text: string): ReadonlyMap<string, ReadonlyArray<string>> => {
  const said = new Map<string, ReadonlyArray<string>>()
  let section = ""
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue
    const [, title] = /^\[([A-Z][a-z]+)\]$/u.exec(line) ?? []
    if (title !== undefined) {
      section = title
      continue
    }
    const [, key, value] = /^([A-Z][A-Za-z]*)=(.*)$/u.exec(line) ?? assert.fail(`not a line of a unit: ${line}`)
    said.set(`${section}.${key}`, [...(said.get(`${section}.${key}`) ?? []), value ?? ""])
  }
  return said
}

const environment = (file: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    DeployFolder.read(file)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const [, name = "", value = ""] = /^([A-Z_]+)=(\S*)$/u.exec(line) ?? assert.fail(`${file}: ${line}`)
        return [name, value]
      })
  )

const home = "/opt/fibercast/"
const node = parsed(DeployFolder.read("systemd/fibercast@.service"))
const migrate = parsed(DeployFolder.read("systemd/fibercast-migrate.service"))
const roles = ["engine", "sender"]

const one = (unit: typeof node, key: string): string => {
  const [value, ...more] = unit.get(key) ?? assert.fail(`there is no ${key}`)
  assert.deepStrictEqual(more, [], key)
  return value ?? ""
}

/** The program and its arguments, for a node of these roles. */
const started = (unit: typeof node, instance: string) => {
  const [runtime, program = "", ...args] = one(unit, "Service.ExecStart").replaceAll("%i", instance).split(" ")
  assert.strictEqual(runtime, "/usr/bin/node")
  assert.isTrue(program.startsWith(home) && DeployFolder.isFile(program.slice(home.length)), program)
  return { program: program.slice(home.length), args }
}

describe("the systemd units", () => {
  it("start programs that are there, and stop them as they want to be stopped", () => {
    for (const role of roles) {
      assert.strictEqual(started(node, role).program, "services/node/bin/fibercast-node.mjs")
      const stop = Number(one(node, "Service.TimeoutStopSec"))
      assert.isAtLeast(stop, DeployFolder.stopSeconds(environment(`systemd/${role}.env.example`)))
    }
    assert.strictEqual(one(node, "Service.KillSignal"), "SIGTERM")
    assert.strictEqual(one(node, "Service.Restart"), "on-failure")
    assert.strictEqual(started(migrate, "").program, "services/cli/bin/fibercast.mjs")
  })

  it.live.each(roles)("give a node of the role %s arguments and settings that it takes", (role) =>
    Effect.gen(function* () {
      const env = environment(`systemd/${role}.env.example`)
      DeployFolder.assertSettings(Object.keys(env), role)
      const app = env["FIBERCAST_APP"]?.replace(home, "") ?? ""
      assert.isTrue(DeployFolder.isFile(app), app)
      const shown = yield* DeployFolder.checked(started(node, role).args, { ...env, FIBERCAST_APP: app })
      assert.match(shown, new RegExp(`^FIBERCAST_ROLES +${role}\n`, "u"))
    })
  )

  it.live.each(roles)("show a node of the role %s where its alerts may go, in settings that it takes", (role) =>
    Effect.gen(function* () {
      const shown = Array.from(
        DeployFolder.read(`systemd/${role}.env.example`).matchAll(/^#([A-Z_]+)=(\S*)$/gmu),
        ([, name = "", value = ""]) => [name, value] as const
      )
      const variables = Object.values(AlertSettings.settings).map(({ variable }) => variable)
      assert.sameMembers(
        shown.map(([name]) => name),
        variables
      )
      const { problems } = yield* NodeConfig.read({}).pipe(
        Effect.provideService(
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromEnvRecord(
            Object.fromEntries([...shown, ...Object.entries(environment(`systemd/${role}.env.example`))])
          )
        )
      )
      assert.deepStrictEqual(
        problems.filter(({ name }) => variables.includes(name)),
        []
      )
    })
  )

  it("let engines on other machines reach an engine; a sender is not reached", () => {
    const engine = environment("systemd/engine.env.example")
    assert.notMatch(engine["FIBERCAST_CLUSTER_HOST"] ?? "127.", /^(?:127\.|0\.0\.0\.0|localhost)/u)
    assert.isAbove(Number(engine["FIBERCAST_CLUSTER_PORT"]), 0)
    assert.isUndefined(environment("systemd/sender.env.example")["FIBERCAST_CLUSTER_PORT"])
  })

  it("let an engine and a sender tell their health on one machine", () => {
    const ports = roles.map((role) => environment(`systemd/${role}.env.example`)["FIBERCAST_HEALTH_PORT"])
    assert.strictEqual(new Set(ports).size, roles.length)
  })

  it.live("migrate with a command that there is", () =>
    Effect.gen(function* () {
      const { url: DATABASE_URL } = yield* TestDatabase
      const place = { folder: yield* tempFolder, env: { DATABASE_URL } }
      const ran = yield* Program.run(place, [...started(migrate, "").args, "--status"])
      assert.deepStrictEqual([ran.code, ran.stderr], [0, ""])
    }).pipe(Effect.scoped, Effect.provide([TestDatabase.layer, NodeServices.layer]))
  )

  it.live.skipIf(spawnSync("systemd-analyze", ["--version"]).status !== 0)("are units as systemd reads them", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const files = ["fibercast@.service", "fibercast-migrate.service"]
      for (const file of files) {
        // Where the program is to be, it is not on this machine.
        const unit = DeployFolder.read(`systemd/${file}`).replaceAll("/usr/bin/node", process.execPath)
        yield* Program.write(`${folder}/${file}`, unit)
      }
      const instances = [`${folder}/fibercast@engine.service`, `${folder}/fibercast-migrate.service`]
      const ran = spawnSync("systemd-analyze", ["verify", "--man=no", ...instances], { encoding: "utf8" })
      const complaints = ran.stderr.split("\n").filter((line) => line.includes("fibercast"))
      assert.deepStrictEqual(complaints, [])
    }).pipe(Effect.scoped)
  )
})
