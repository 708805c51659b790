import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Alerting from "@fibercast/node/Alerting"
import { type Alert } from "@fibercast/ports/Alert"
import { Alerts } from "@fibercast/ports/Alerts"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import * as MailServer from "../support/MailServer.ts"
import * as WebhookReceiver from "../support/WebhookReceiver.ts"

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

const held: Alert = { _tag: "CampaignHeld", workspaceId: 1, campaignId: 7, reason: "no template" }

const layer = (env: Record<string, string>) =>
  Alerting.layer.pipe(
    Layer.provideMerge(MemoryAlerts.layer),
    Layer.provide(NodeHttpClient.layerUndici),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
  )

/** Raises the alert so often, and ends. */
const raise = (times: number) =>
  Effect.gen(function* () {
    const alerts = yield* Alerts
    for (let time = 0; time < times; time++) yield* alerts.raise(held)
    return yield* (yield* MemoryAlerts).raised
  })

describe("a node's alerts", () => {
  it.live("reach the webhook and the mailbox that are set up, once for many, and the log every time", () =>
    Effect.gen(function* () {
      const receiver = yield* WebhookReceiver.make(secret)
      const mail = yield* MailServer.make({ offersTls: false })
      const env = {
        FIBERCAST_ALERT_WEBHOOK_URL: `http://127.0.0.1:${receiver.port}/alerts`,
        FIBERCAST_ALERT_WEBHOOK_SECRET: secret,
        FIBERCAST_ALERT_EMAIL_TO: "ops@example.com",
        FIBERCAST_ALERT_EMAIL_FROM: "alerts@example.com",
        FIBERCAST_SMTP_URL: `smtp://127.0.0.1:${mail.port}`
      }
      // What is held back is told as it ends.
      const raised = yield* Effect.provide(raise(5), layer(env))
      assert.strictEqual(raised.length, 5)
      assert.deepStrictEqual(
        receiver.received.map(({ body, isGenuine }) => [isGenuine, JSON.parse(body).data.count]),
        [
          [true, 1],
          [true, 4]
        ]
      )
      assert.deepStrictEqual(
        mail.received.map(({ email, to }) => [to, email.subject]),
        Array.from({ length: 2 }, () => [["ops@example.com"], "[Fibercast] critical: Campaign 7 is held"])
      )
    }).pipe(Effect.scoped)
  )

  it.effect("need nothing where nobody is set up", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.provide(raise(2), layer({}))).length, 2)
    })
  )

  it.effect("are refused with half a setting", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.provide(raise(1), layer({ FIBERCAST_SMTP_URL: "smtp://me:hush@mail.example.com" }))
      )
      assert.strictEqual(error._tag, "BadSettings")
      assert.include(error.message, "FIBERCAST_ALERT_EMAIL_TO is not set, but FIBERCAST_SMTP_URL is")
      assert.notInclude(error.message, "hush")
    })
  )
})
