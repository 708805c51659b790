import * as AlertSettings from "@fibercast/node/AlertSettings"
import * as NodeConfig from "@fibercast/node/NodeConfig"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { inspect } from "node:util"

const enough = { FIBERCAST_APP: "app.ts", DATABASE_URL: "postgres://me:hush@db/fibercast" }

const webhook = {
  FIBERCAST_ALERT_WEBHOOK_URL: "https://hooks.example.com/services/hush?key=hush",
  FIBERCAST_ALERT_WEBHOOK_SECRET: "whsec_aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo"
}

const email = {
  FIBERCAST_ALERT_EMAIL_TO: "ops@example.com, head@example.com",
  FIBERCAST_ALERT_EMAIL_FROM: "Fibercast <alerts@example.com>",
  FIBERCAST_SMTP_URL: "smtps://me:hush@mail.example.com"
}

const read = (env: Record<string, string>) =>
  NodeConfig.read({}).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord({ ...enough, ...env }))
  )

const wrong = (env: Record<string, string>) =>
  Effect.map(read(env), ({ problems }) => problems.map(({ name, wrong }) => `${name} ${wrong}`))

describe("where alerts go", () => {
  it.effect("is the log, a webhook, e-mail, or all of them, and is told without secrets", () =>
    Effect.gen(function* () {
      const told = [
        [{}, "Alerts go to the log only."],
        [webhook, "Alerts go to the log, and to the webhook at hooks.example.com."],
        [email, "Alerts go to the log, and by e-mail to ops@example.com, head@example.com."],
        [
          { ...webhook, ...email },
          "Alerts go to the log, and to the webhook at hooks.example.com and by e-mail to ops@example.com, head@example.com."
        ]
      ] as const
      for (const [env, sentence] of told) {
        const { problems, settings } = yield* read(env)
        assert.deepStrictEqual(problems, [])
        assert.strictEqual(AlertSettings.told(settings), sentence)
        assert.strictEqual(NodeConfig.lines(settings).at(-1), sentence)
      }
      const { settings } = yield* read({ ...webhook, ...email })
      const shown = `${NodeConfig.lines(settings).join("\n")}\n${inspect(settings, { depth: 5 })}`
      for (const secret of ["hush", "aHVza", "104, 117, 115, 104"]) assert.notInclude(shown, secret)
      assert.match(shown, /^FIBERCAST_ALERT_WEBHOOK_URL +set, at hooks\.example\.com$/mu)
      assert.match(shown, /^FIBERCAST_ALERT_WEBHOOK_SECRET +set$/mu)
      assert.match(shown, /^FIBERCAST_SMTP_URL +set, at mail\.example\.com$/mu)
    })
  )

  it.effect("is a mistake when only half of it is said, and what is missing is told", () =>
    Effect.gen(function* () {
      const { FIBERCAST_ALERT_WEBHOOK_SECRET: secret, FIBERCAST_ALERT_WEBHOOK_URL: url } = webhook
      assert.deepStrictEqual(yield* wrong({ FIBERCAST_ALERT_WEBHOOK_URL: url }), [
        "FIBERCAST_ALERT_WEBHOOK_SECRET is not set, but FIBERCAST_ALERT_WEBHOOK_URL is"
      ])
      assert.deepStrictEqual(yield* wrong({ FIBERCAST_ALERT_WEBHOOK_SECRET: secret }), [
        "FIBERCAST_ALERT_WEBHOOK_URL is not set, but FIBERCAST_ALERT_WEBHOOK_SECRET is"
      ])
      assert.deepStrictEqual(yield* wrong({ ...webhook, FIBERCAST_ALERT_EMAIL_TO: "ops@example.com" }), [
        "FIBERCAST_ALERT_EMAIL_FROM is not set, but FIBERCAST_ALERT_EMAIL_TO is",
        "FIBERCAST_SMTP_URL is not set, but FIBERCAST_ALERT_EMAIL_TO is"
      ])
      assert.deepStrictEqual(yield* wrong({ ...email, FIBERCAST_SMTP_URL: "" }), [
        "FIBERCAST_SMTP_URL is not set, but FIBERCAST_ALERT_EMAIL_TO is"
      ])
    })
  )

  it.effect("is a mistake when it cannot be read, and no word of a secret is repeated", () =>
    Effect.gen(function* () {
      const { problems } = yield* read({
        FIBERCAST_ALERT_WEBHOOK_URL: "ftp://hush",
        FIBERCAST_ALERT_WEBHOOK_SECRET: "hush",
        FIBERCAST_ALERT_EMAIL_TO: "ops@example.com,,",
        FIBERCAST_ALERT_EMAIL_FROM: "nobody",
        FIBERCAST_SMTP_URL: "mail.example.com:hush"
      })
      assert.deepStrictEqual(new NodeConfig.BadSettings({ problems }).message.split("\n"), [
        "The settings of this node are not right:",
        "  FIBERCAST_ALERT_WEBHOOK_URL cannot be read; expected an address like https://example.com/alerts",
        "  FIBERCAST_ALERT_WEBHOOK_SECRET cannot be read; expected whsec_ and the base64 of 24 to 64 bytes",
        '  FIBERCAST_ALERT_EMAIL_TO is "ops@example.com,,"; expected addresses like ops@example.com, parted by commas',
        '  FIBERCAST_ALERT_EMAIL_FROM is "nobody"; expected an address like Fibercast <alerts@example.com>',
        "  FIBERCAST_SMTP_URL cannot be read; expected an address like smtps://user:password@mail.example.com"
      ])
    })
  )
})
