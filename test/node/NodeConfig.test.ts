import * as NodeConfig from "@fibercast/node/NodeConfig"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"

const read = (env: Record<string, string>, given: NodeConfig.Given = {}) =>
  NodeConfig.read(given).pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env)))

const enough = { FIBERCAST_APP: "app.ts", DATABASE_URL: "postgres://me:hush@db/fibercast" }

describe("the settings of a node", () => {
  it.effect("have defaults, so that an app and a database are enough", () =>
    Effect.gen(function* () {
      const { problems, settings } = yield* read(enough)
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(settings.roles, ["engine", "sender"])
      assert.deepStrictEqual(settings.lanes, ["urgent", "high", "normal", "bulk"])
      assert.deepStrictEqual((yield* read(enough, { lanes: "Bulk, urgent" })).settings.lanes, ["urgent", "bulk"])
      assert.deepStrictEqual(
        [settings.app, settings.healthHost, settings.healthPort, settings.concurrency, settings.drainSeconds],
        ["app.ts", "127.0.0.1", 8787, 100, 25]
      )
    })
  )

  it.effect("tell everything that is wrong at once: which, what with it, and what is expected", () =>
    Effect.gen(function* () {
      const { problems } = yield* read({
        FIBERCAST_ROLES: "engine,gateway",
        FIBERCAST_LANES: "urgent,bluk",
        FIBERCAST_HEALTH_PORT: "-1",
        FIBERCAST_CONCURRENCY: "many",
        FIBERCAST_SCHEDULER_POLL: "soon",
        FIBERCAST_LOG: "xml",
        FIBERCAST_LOG_LEVEL: "loud",
        DATABASE_URL: "mysql://me:hush@db/fibercast"
      })
      assert.deepStrictEqual(new NodeConfig.BadSettings({ problems }).message.split("\n"), [
        "The settings of this node are not right:",
        "  FIBERCAST_ROLES has the role gateway, which this release does not have yet; expected engine, sender or both, parted by commas",
        '  FIBERCAST_LANES has no lane "bluk" (bulk?); expected some of urgent, high, normal, bulk, parted by commas',
        '  FIBERCAST_HEALTH_PORT is "-1"; expected a whole number from 0 to 65535',
        '  FIBERCAST_CONCURRENCY is "many"; expected a whole number from 1 to 10000',
        '  FIBERCAST_SCHEDULER_POLL is "soon"; expected a period like 2s, 1min or 1h',
        "  DATABASE_URL cannot be read; expected an address like postgres://user:password@host:5432/fibercast",
        '  FIBERCAST_LOG is "xml"; expected one of pretty, logfmt, json',
        '  FIBERCAST_LOG_LEVEL is "loud"; expected one of trace, debug, info, warn, error',
        "  FIBERCAST_APP is not set; expected a module whose default export is made by App.make, like ./app.ts"
      ])
    })
  )

  it.effect("take a flag before its variable, say which of them is wrong, and take what is empty for not set", () =>
    Effect.gen(function* () {
      const env = { ...enough, FIBERCAST_WINDOW: "500", FIBERCAST_CONCURRENCY: "", FIBERCAST_NODE_NAME: "from env" }
      const { settings } = yield* read(env, { window: "700", name: "from flag" })
      assert.deepStrictEqual([settings.window, settings.name, settings.concurrency], [700, "from flag", 100])
      const { problems } = yield* read(env, { window: "none" })
      assert.deepStrictEqual(
        problems.map(({ name }) => name),
        ["--window"]
      )
    })
  )

  it.effect("know what does not fit together", () =>
    Effect.gen(function* () {
      const { problems } = yield* read({ ...enough, FIBERCAST_ROLES: "sender", FIBERCAST_WINDOW: "10" })
      assert.deepStrictEqual(
        problems.map(({ expected, name, wrong }) => [name, wrong, expected]),
        [
          ["NATS_URL", "is not set, but sender alone needs others to work with", "an address like nats://host:4222"],
          ["FIBERCAST_WINDOW", "is 10", "no less than the concurrency, 100"]
        ]
      )
    })
  )

  it.effect("are where FIBERCAST_ENV says, as for the commands, unless they say so themselves", () =>
    Effect.gen(function* () {
      const older = yield* read({ ...enough, FIBERCAST_ENV: "staging" })
      const own = yield* read({ ...enough, FIBERCAST_ENV: "staging", FIBERCAST_ENVIRONMENT: "testing" })
      assert.deepStrictEqual([older.settings.environment, own.settings.environment], ["staging", "testing"])
    })
  )

  it.effect("never show the value of a secret", () =>
    Effect.gen(function* () {
      const env = { ...enough, NATS_URL: "hush", FIBERCAST_ROLES: "sender" }
      const { problems, settings } = yield* read(env)
      const shown = [...NodeConfig.lines(settings), new NodeConfig.BadSettings({ problems }).message].join("\n")
      assert.notInclude(shown, "hush")
      assert.match(shown, /^DATABASE_URL +set$/mu)
      assert.match(shown, /^NATS_URL +not set$/mu)
      assert.match(shown, /^ {2}NATS_URL cannot be read; expected/mu)
      const url = settings.databaseUrl
      assert.strictEqual(url === null ? null : Redacted.value(url), enough.DATABASE_URL)
    })
  )

  it("leave room to stop in beyond the time to drain", () => {
    for (const drain of [0, 25, 300]) assert.isAtLeast(NodeConfig.stopSeconds(drain), drain + 15)
  })
})
