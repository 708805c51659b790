import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as MailServer from "../support/MailServer.ts"
import { tempFolder } from "../support/TempFolder.ts"
import * as WebhookReceiver from "../support/WebhookReceiver.ts"
import * as Program from "./Program.ts"

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const login = { user: "alerts", password: "hush" }

const given = Effect.gen(function* () {
  const receiver = yield* WebhookReceiver.make(secret)
  const mail = yield* MailServer.make({ login, offersTls: false })
  const env = {
    FIBERCAST_ALERT_WEBHOOK_URL: `http://127.0.0.1:${receiver.port}/hush`,
    FIBERCAST_ALERT_WEBHOOK_SECRET: secret,
    FIBERCAST_ALERT_EMAIL_TO: "ops@example.com",
    FIBERCAST_ALERT_EMAIL_FROM: "alerts@example.com",
    FIBERCAST_SMTP_URL: `smtp://${login.user}:${login.password}@127.0.0.1:${mail.port}`
  }
  return { receiver, mail, place: { folder: yield* tempFolder, env } }
})

const assertSilent = ({ stderr, stdout }: Program.Ran) => {
  for (const hidden of ["hush", secret.slice(6)]) assert.notInclude(stdout + stderr, hidden)
}

describe("fibercast alerts test", () => {
  it.live("sends a test by everything that is set up, and says of each that it was accepted", () =>
    Effect.gen(function* () {
      const { mail, place, receiver } = yield* given
      const ran = yield* Program.run(place, ["alerts", "test"])
      assert.deepStrictEqual([ran.code, ran.stderr], [0, ""])
      assert.deepStrictEqual(ran.stdout.trim().split("\n"), [
        `webhook (127.0.0.1:${receiver.port}): accepted`,
        "e-mail (ops@example.com by 127.0.0.1): accepted"
      ])
      assert.deepStrictEqual(
        receiver.received.map(({ body, isGenuine }) => [isGenuine, JSON.parse(body).data.count]),
        [[true, 0]]
      )
      assert.strictEqual(mail.received[0]?.email.subject, "[Fibercast] warning: A test")
      assertSilent(ran)
    }).pipe(Effect.scoped)
  )

  it.live("tries each once, and ends with 1 when one of them did not accept it, as JSON too", () =>
    Effect.gen(function* () {
      const { mail, place, receiver } = yield* given
      receiver.answers.push(500, 500)
      const ran = yield* Program.run(place, ["alerts", "test"])
      assert.strictEqual(ran.code, 1)
      assert.include(ran.stdout, `webhook (127.0.0.1:${receiver.port}): not accepted, it answered 500`)
      assert.strictEqual(ran.stderr.trim(), "Not everybody would be told: webhook did not take the test alert.")
      assert.strictEqual(mail.received.length, 1)
      const json = yield* Program.run(place, ["alerts", "test", "--json"])
      assert.strictEqual(json.code, 1)
      assert.deepStrictEqual(JSON.parse(json.stdout), [
        {
          sink: "webhook",
          place: `127.0.0.1:${receiver.port}`,
          accepted: false,
          reason: "it answered 500"
        },
        { sink: "e-mail", place: "ops@example.com by 127.0.0.1", accepted: true, reason: null }
      ])
      for (const one of [ran, json]) assertSilent(one)
    }).pipe(Effect.scoped)
  )

  it.live("ends with 1 where nobody is set up, and where half of it is, and says what is missing", () =>
    Effect.gen(function* () {
      const { place } = yield* given
      const none = yield* Program.run({ folder: place.folder }, ["alerts", "test"])
      assert.strictEqual(none.code, 1)
      assert.match(none.stderr, /^Alerts go to the log only\. Set FIBERCAST_ALERT_WEBHOOK_URL or /u)
      const env = { ...place.env, FIBERCAST_ALERT_WEBHOOK_SECRET: "" }
      const half = yield* Program.run({ ...place, env }, ["alerts", "test"])
      assert.strictEqual(half.code, 1)
      assert.include(half.stderr, "FIBERCAST_ALERT_WEBHOOK_SECRET is not set, but FIBERCAST_ALERT_WEBHOOK_URL is")
      assertSilent(half)
    }).pipe(Effect.scoped)
  )

  it.live("a node's check says where its alerts go, and refuses half a setting", () =>
    Effect.gen(function* () {
      const { place } = yield* given
      const env = { ...place.env, DATABASE_URL: "postgres://u:p@db/fibercast", FIBERCAST_APP: "none.ts" }
      const ran = yield* Program.run({ ...place, env }, ["--check"], Program.nodeLauncher)
      assert.match(
        ran.stdout,
        /^Alerts go to the log, and to the webhook at 127\.0\.0\.1:\d+ and by e-mail to ops@example\.com\.$/mu
      )
      const half = yield* Program.run(
        { ...place, env: { ...env, FIBERCAST_SMTP_URL: "" } },
        ["--check"],
        Program.nodeLauncher
      )
      assert.strictEqual(half.code, 1)
      assert.include(half.stderr, "FIBERCAST_SMTP_URL is not set, but FIBERCAST_ALERT_EMAIL_TO is")
      for (const one of [ran, half]) assertSilent(one)
    }).pipe(Effect.scoped)
  )

  it.live("fibercast send does not begin with half a setting", () =>
    Effect.gen(function* () {
      const { place } = yield* given
      yield* Program.write(`${place.folder}/contacts.csv`, Program.contacts(3))
      const env = { ...place.env, FIBERCAST_SMTP_URL: "" }
      const words = ["send", "--audience", "contacts.csv", "--to", "phone", "--region", "ID", "--template", "Halo"]
      const ran = yield* Program.run({ ...place, env }, [...words, "--provider", "log"])
      assert.strictEqual(ran.code, 1)
      assert.include(ran.stderr, "FIBERCAST_SMTP_URL is not set, but FIBERCAST_ALERT_EMAIL_TO is")
      assert.notInclude(ran.stdout, "Halo")
    }).pipe(Effect.scoped)
  )
})
