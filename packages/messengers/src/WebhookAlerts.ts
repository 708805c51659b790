/**
 * Alerts to a webhook: one POST of JSON for each message, signed as Standard Webhooks has it (standardwebhooks.com).
 *
 * Receivers may rely on this: `webhook-id` is the same however often a message is tried, `webhook-timestamp` is of the try,
 * and what is signed is what is sent. Any answer with a status from 200 to 299 takes the message. A lost connection, no answer
 * within ten seconds, and the statuses 408, 425, 429 and from 500 on are tried again; others, redirects among them, are not.
 * What waits, and for how long: `AlertOutbox`. Neither the secret nor the path of the address appears in an error or a log.
 */
import { type AlertMessage, AlertNotTaken, type AlertSink } from "@fibercast/ports/AlertSink"
import { Clock, Context, DateTime, Effect, Layer, Redacted, Result } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { createHmac } from "node:crypto"
import { exchange } from "./HttpExchange.ts"
import * as AlertOutbox from "./internal/AlertOutbox.ts"

export interface Options {
  /** http or https. It may hold a secret: only its host is ever told. */
  readonly url: Redacted.Redacted
  readonly secret: Redacted.Redacted<Secret>
}

/** The bytes that messages are signed with. */
export type Secret = Uint8Array

/** Reads `whsec_` and base64 of 24 to 64 bytes; the prefix may be left out. Fails with what is wrong, and not the text. */
export const readSecret = (text: string): Result.Result<Secret, string> => {
  const encoded = text.replace(/^whsec_/u, "")
  if (!/^[A-Za-z0-9+/]+={0,2}$/u.test(encoded)) return Result.fail("is not base64")
  const bytes = Uint8Array.from(Buffer.from(encoded, "base64"))
  return bytes.length >= 24 && bytes.length <= 64 ? Result.succeed(bytes) : Result.fail(`is ${bytes.length} bytes long`)
}

const timeout = "10 seconds"
const name = "webhook"

const numbersAsText = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value)

const bodyOf = (message: AlertMessage, missed: number): string =>
  JSON.stringify(
    {
      type: "fibercast.alert",
      timestamp: DateTime.formatIso(DateTime.makeUnsafe(message.at)),
      data: {
        severity: message.severity,
        title: message.title,
        text: message.sentence,
        remedy: message.remedy,
        count: message.count,
        subject: message.subject,
        alert: message.alert,
        parts: message.parts,
        missed
      }
    },
    numbersAsText
  )

const isPassing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500

const make = Effect.fnUntraced(function* ({ secret, url }: Options) {
  const client = yield* HttpClient.HttpClient
  const clock = yield* Clock.Clock
  const address = new URL(Redacted.value(url))

  const post = Effect.fnUntraced(function* (id: string, body: string) {
    const timestamp = String(Math.floor(clock.currentTimeMillisUnsafe() / 1000))
    const signature = createHmac("sha256", Redacted.value(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")
    const request = HttpClientRequest.post(address).pipe(
      HttpClientRequest.setHeaders({
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${signature}`
      }),
      HttpClientRequest.bodyText(body, "application/json")
    )
    const { status } = yield* Effect.mapError(exchange(client, request, timeout), ({ errorClass, reason }) => {
      const worthAgain = errorClass === "transient" || errorClass === "unknown"
      const words = errorClass === "transient" ? "it could not be reached" : reason
      return new AlertNotTaken({ sink: name, reason: words, worthAgain })
    })
    if (status >= 200 && status < 300) return
    return yield* new AlertNotTaken({ sink: name, reason: `it answered ${status}`, worthAgain: isPassing(status) })
  })

  return yield* AlertOutbox.make({ name, place: address.host }, (message, missed) =>
    // A span would carry the whole address.
    Effect.withTracerEnabled(post(message.id, bodyOf(message, missed)), false)
  )
})

export class WebhookAlerts extends Context.Service<WebhookAlerts, AlertSink>()("fibercast/messengers/WebhookAlerts") {
  /** Throws a `TypeError` when the address is no URL. */
  static readonly layer = (options: Options): Layer.Layer<WebhookAlerts, never, HttpClient.HttpClient> =>
    Layer.effect(WebhookAlerts, make(options))
}
