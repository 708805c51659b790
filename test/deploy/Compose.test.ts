import * as AlertSettings from "@fibercast/node/AlertSettings"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Program from "../cli/Program.ts"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import * as DeployFolder from "./DeployFolder.ts"

const Texts = Schema.Array(Schema.String)

const Service = Schema.Struct({
  image: Schema.String,
  build: Schema.optionalKey(Schema.Struct({ context: Schema.String, dockerfile: Schema.String })),
  entrypoint: Schema.optionalKey(Texts),
  command: Schema.optionalKey(Texts),
  environment: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  ports: Schema.optionalKey(Texts),
  volumes: Schema.optionalKey(Texts),
  tmpfs: Schema.optionalKey(Texts),
  cap_drop: Schema.optionalKey(Texts),
  security_opt: Schema.optionalKey(Texts),
  init: Schema.optionalKey(Schema.Boolean),
  read_only: Schema.optionalKey(Schema.Boolean),
  restart: Schema.optionalKey(Schema.Literals(["no", "on-failure"])),
  stop_grace_period: Schema.optionalKey(Schema.String),
  healthcheck: Schema.optionalKey(
    Schema.Struct({
      test: Schema.optionalKey(Texts),
      interval: Schema.optionalKey(Schema.String),
      timeout: Schema.optionalKey(Schema.String),
      start_period: Schema.optionalKey(Schema.String),
      retries: Schema.optionalKey(Schema.Int),
      disable: Schema.optionalKey(Schema.Boolean)
    })
  ),
  depends_on: Schema.optionalKey(
    Schema.Record(
      Schema.String,
      Schema.Struct({ condition: Schema.Literals(["service_healthy", "service_completed_successfully"]) })
    )
  )
})

const Compose = Schema.Struct({
  name: Schema.String,
  "x-node": Schema.Unknown,
  "x-environment": Schema.Unknown,
  services: Schema.Record(Schema.String, Service),
  volumes: Schema.Record(Schema.String, Schema.Null)
})

const [document] = DeployFolder.documents("compose.yaml")
const { services, volumes } = DeployFolder.decode(Compose, "compose.yaml", document)
const isNode = ({ command }: typeof Service.Type) => command?.[0] === "--roles"
const nodes = Object.entries(services).filter(([, service]) => isNode(service))

const filled = (env: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{\w+:?([-?])?([^}]*)\}/gu, (_, kind, rest) => (kind === "-" ? rest : "hush"))
    ])
  )

describe("the compose file", () => {
  it("has two engines and two senders, with all that they depend on", () => {
    const roles = nodes.map(([, { command }]) => command?.[1])
    assert.deepStrictEqual(roles.toSorted(), ["engine", "engine", "sender", "sender"])
    for (const [name, { depends_on = {}, volumes: mounted = [] }] of Object.entries(services)) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const there = services[other] ?? assert.fail(`${name} depends on ${other}`)
        if (condition === "service_healthy") assert.isDefined(there.healthcheck?.test, other)
        else assert.strictEqual(there.restart, "no", other)
      }
      for (const volume of mounted) assert.property(volumes, volume.split(":")[0] ?? "")
    }
  })

  it("builds from files that are there", () => {
    for (const { build } of Object.values(services)) {
      if (build === undefined) continue
      assert.strictEqual(build.context, "..")
      assert.isTrue(DeployFolder.isFile(build.dockerfile), build.dockerfile)
    }
  })

  it.live.each(nodes.map(([name]) => name))("starts %s with arguments and settings that it takes", (name) =>
    Effect.gen(function* () {
      const { command = [], environment = {} } = services[name] ?? assert.fail(name)
      DeployFolder.assertSettings(Object.keys(environment), name)
      assert.isTrue(DeployFolder.isFile(environment["FIBERCAST_APP"] ?? ""), name)
      const shown = yield* DeployFolder.checked(command, filled(environment))
      assert.match(shown, new RegExp(`\nFIBERCAST_NODE_NAME +${name}\n`, "u"))
      const host = environment["FIBERCAST_CLUSTER_HOST"]
      if (command[1] === "engine") assert.strictEqual(host, name)
    })
  )

  it("lets engines reach each other, and nobody from outside; senders are not reached", () => {
    for (const [name, { command = [], environment = {}, ports = [] }] of nodes) {
      const port = environment["FIBERCAST_CLUSTER_PORT"]
      if (command[1] !== "engine") assert.isUndefined(port, name)
      else assert.isAbove(Number(port), 0, name)
      for (const published of ports) assert.isFalse(published.endsWith(`:${port}`), `${name} ${published}`)
    }
  })

  it("has a NATS that keeps streams, at the address that nodes have", () => {
    const { command = [], volumes: mounted = [] } = services["nats"] ?? assert.fail("it is not there")
    assert.include(command, "--jetstream")
    const folder = command[command.indexOf("--store_dir") + 1]
    assert.isTrue(mounted.some((volume) => volume.endsWith(`:${folder}`)))
    for (const [name, { environment = {} }] of nodes)
      assert.strictEqual(environment["NATS_URL"], "nats://nats:4222", name)
  })

  it("lets every node tell people of alerts as the environment says, or the log alone", () => {
    for (const [name, { environment = {} }] of nodes) {
      for (const { variable } of Object.values(AlertSettings.settings)) {
        assert.strictEqual(environment[variable], `\${${variable}:-}`, name)
      }
    }
  })

  it("gives nodes the time that they may take to drain, and asks for their health where they tell it", () => {
    for (const [name, { environment = {}, healthcheck, stop_grace_period: grace = "" }] of nodes) {
      const [, seconds] = /^(\d+)s$/u.exec(grace) ?? assert.fail(`${name}: ${grace}`)
      assert.isAtLeast(Number(seconds), DeployFolder.stopSeconds(environment))
      const [, port, path = ""] = /127\.0\.0\.1:(\d+)(\/[\w/]+)/u.exec(healthcheck?.test?.join(" ") ?? "") ?? []
      DeployFolder.assertHealthPath(path, name)
      assert.match(DeployFolder.read("Dockerfile"), new RegExp(`FIBERCAST_HEALTH_PORT=${port} `, "u"))
    }
  })

  it.live("migrates with a command that there is, before any node starts", () =>
    Effect.gen(function* () {
      const { command = [], entrypoint = [], environment = {} } = services["migrate"] ?? assert.fail("it is not there")
      DeployFolder.assertSettings(Object.keys(environment), "migrate")
      assert.strictEqual(entrypoint[0], "node")
      assert.strictEqual(entrypoint[1], "services/cli/bin/fibercast.mjs")
      for (const [name, { depends_on = {} }] of nodes) assert.property(depends_on, "migrate", name)
      const { url: DATABASE_URL } = yield* TestDatabase
      const ran = yield* Program.run({ folder: yield* tempFolder, env: { DATABASE_URL } }, [...command, "--status"])
      assert.deepStrictEqual([ran.code, ran.stderr], [0, ""])
    }).pipe(Effect.scoped, Effect.provide([TestDatabase.layer, NodeServices.layer]))
  )

  it("asks for the password of the database, and holds none", () => {
    for (const [name, { environment = {} }] of Object.entries(services)) {
      for (const [key, value] of Object.entries(environment)) {
        if (!/PASSWORD|DATABASE_URL/u.test(key)) continue
        assert.match(value, /\$\{POSTGRES_PASSWORD:\?/u, `${name} ${key}`)
      }
    }
  })
})
