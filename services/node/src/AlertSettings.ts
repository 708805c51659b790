/**
 * The settings that say where alerts go besides the log: to a webhook, by e-mail, both or neither. Half of one is a mistake.
 */
import * as EmailAlerts from "@fibercast/messengers/EmailAlerts"
import * as WebhookAlerts from "@fibercast/messengers/WebhookAlerts"
import { Redacted, Result } from "effect"
import type * as Setting from "./Setting.ts"

export interface AlertSettings {
  /** Its path and query may be secret as well. */
  readonly alertWebhookUrl: Redacted.Redacted | null
  readonly alertWebhookSecret: Redacted.Redacted<WebhookAlerts.Secret> | null
  readonly alertEmailTo: ReadonlyArray<string> | null
  readonly alertEmailFrom: string | null
  readonly smtpUrl: Redacted.Redacted | null
}

type Table = { readonly [K in keyof AlertSettings]: Setting.Setting<AlertSettings[K]> }

/** A secret that is read in a way of its own. */
const hidden = <A>(
  told: { readonly variable: string; readonly about: string; readonly expected: string },
  read: (text: string) => Result.Result<A, unknown>,
  show: (value: A) => string
): Setting.Setting<A | null> => ({
  ...told,
  flag: null,
  secret: true,
  fallback: null,
  read: (text) => Result.mapError(read(text), () => ""),
  show: (value) => (value === null ? "not set" : show(value))
})

const webhookUrl = (text: string): Result.Result<Redacted.Redacted, string> =>
  URL.canParse(text) && /^https?:$/u.test(new URL(text).protocol)
    ? Result.succeed(Redacted.make(text))
    : Result.fail("is no address of a webhook")

const hostOf = (url: Redacted.Redacted): string => new URL(Redacted.value(url)).host

const address = "an address like Fibercast <alerts@example.com>"

const isAddressList = (all: ReadonlyArray<string>): boolean => all.length > 0 && all.every(EmailAlerts.isAddress)

export const settings: Table = {
  alertWebhookUrl: hidden(
    {
      variable: "FIBERCAST_ALERT_WEBHOOK_URL",
      about: "Where alerts are posted to",
      expected: "an address like https://example.com/alerts"
    },
    webhookUrl,
    (url) => `set, at ${hostOf(url)}`
  ),
  alertWebhookSecret: hidden(
    {
      variable: "FIBERCAST_ALERT_WEBHOOK_SECRET",
      about: "What they are signed with",
      expected: "whsec_ and the base64 of 24 to 64 bytes"
    },
    (text) => Result.map(WebhookAlerts.readSecret(text), (secret) => Redacted.make(secret)),
    () => "set"
  ),
  alertEmailTo: {
    variable: "FIBERCAST_ALERT_EMAIL_TO",
    flag: null,
    about: "Who gets alerts by e-mail",
    expected: "addresses like ops@example.com, parted by commas",
    secret: false,
    fallback: null,
    read: (text) => {
      const all = text.split(",").map((one) => one.trim())
      return isAddressList(all) ? Result.succeed(all) : Result.fail("")
    },
    show: (value) => (value === null ? "not set" : value.join(", "))
  },
  alertEmailFrom: {
    variable: "FIBERCAST_ALERT_EMAIL_FROM",
    flag: null,
    about: "Who they are from",
    expected: address,
    secret: false,
    fallback: null,
    read: (text) => (EmailAlerts.isAddress(text) ? Result.succeed(text) : Result.fail("")),
    show: (value) => value ?? "not set"
  },
  smtpUrl: hidden(
    {
      variable: "FIBERCAST_SMTP_URL",
      about: "The mail server that takes them",
      expected: "an address like smtps://user:password@mail.example.com"
    },
    EmailAlerts.readServer,
    (url) => `set, at ${hostOf(url)}`
  )
}

/** What belongs together. */
const webhook = ["alertWebhookUrl", "alertWebhookSecret"] as const
const email = ["alertEmailTo", "alertEmailFrom", "smtpUrl"] as const

const halves = (all: AlertSettings, keys: ReadonlyArray<keyof AlertSettings>) => {
  const given = keys.filter((key) => all[key] !== null)
  const [first] = given
  if (first === undefined) return []
  return keys
    .filter((key) => all[key] === null)
    .map((key) => ({ key, wrong: `is not set, but ${settings[first].variable} is` }))
}

/** What is missing where some of it is set. */
export const unfit = (
  all: AlertSettings
): ReadonlyArray<{ readonly key: keyof AlertSettings; readonly wrong: string }> => [
  ...halves(all, webhook),
  ...halves(all, email)
]

/** Where alerts go, in a sentence, without secrets. */
export const told = ({ alertEmailFrom, alertEmailTo, alertWebhookSecret, alertWebhookUrl, smtpUrl }: AlertSettings) => {
  const places = [
    ...(alertWebhookUrl === null || alertWebhookSecret === null
      ? []
      : [`to the webhook at ${hostOf(alertWebhookUrl)}`]),
    ...(alertEmailTo === null || alertEmailFrom === null || smtpUrl === null
      ? []
      : [`by e-mail to ${alertEmailTo.join(", ")}`])
  ]
  return places.length === 0 ? "Alerts go to the log only." : `Alerts go to the log, and ${places.join(" and ")}.`
}
