/**
 * WhatsApp through Fonnte (docs.fonnte.com, "API send message"): one HTTP request a message.
 *
 * Acceptance means that Fonnte queued the message; whether it was sent or read, only a receipt tells.
 * Fonnte takes no idempotency key, so a lost answer is `unknown` and nothing is ever sent twice here.
 * Messages are refused while the device is offline (`connectOnly`), so that a campaign never piles up
 * at the provider and leaves in one burst later. Addresses are passed as they are, without the plus
 * and with `countryCode` 0: Fonnte must not rewrite a number. What each answer means: `FonnteAnswer`.
 *
 * It holds one request per send in flight and nothing else. The token appears in no error, log or span.
 */
import { type Limits, none, parseRate } from "@fibercast/domain/Limits"
import { type Message } from "@fibercast/domain/Message"
import { type Messenger, SendFailed } from "@fibercast/ports/Messenger"
import { traced } from "@fibercast/ports/Traced"
import { Config, Context, type Duration, Effect, Layer, Redacted, Result, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import * as FonnteAnswer from "./FonnteAnswer.ts"
import * as HttpExchange from "./HttpExchange.ts"

export interface FonnteOptions {
  /** The token of the device, sent as it is in `Authorization`. */
  readonly token: Redacted.Redacted
  /** Default `https://api.fonnte.com`. */
  readonly url?: string | undefined
  /** The account's name after `fonnte:`. Default `default`. */
  readonly account?: string | undefined
  /** Default none: Fonnte publishes no limit. WhatsApp bans numbers that send fast, so set one. */
  readonly limits?: Limits | undefined
  /** How long one request may take, from connecting to the last byte of the answer. Default 20 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/** Fonnte's bound on `message`, in characters. */
const maxText = 60_000

/** Commas, bars and blanks would make Fonnte read several targets or variables out of one address. */
const unaddressable = /[,|\s]/

const form = "application/x-www-form-urlencoded"

/** Visible ASCII: what a header may carry. */
const presentable = /^[\x21-\x7e]+$/

const refusedHere = (message: Message): SendFailed | undefined => {
  if (unaddressable.test(message.to)) {
    return new SendFailed({ errorClass: "recipientPermanent", reason: "the address is not one number or group" })
  }
  if (message.text.length > maxText) {
    return new SendFailed({ errorClass: "messagePermanent", reason: `the text is longer than ${maxText} characters` })
  }
  return undefined
}

const make = Effect.fnUntraced(function* (options: FonnteOptions) {
  const client = yield* HttpClient.HttpClient
  const base = (options.url ?? "https://api.fonnte.com").replace(/\/+$/, "")
  const exchange = yield* HttpExchange.make(client, options.timeout ?? "20 seconds")
  const token = Redacted.value(options.token)
  const requestOf = (path: string) =>
    HttpClientRequest.setHeader(HttpClientRequest.post(`${base}${path}`), "authorization", token)
  const requests = { send: requestOf("/send"), device: requestOf("/device") }
  const post = (to: keyof typeof requests, fields: Readonly<Record<string, string>>) =>
    presentable.test(token)
      ? exchange(HttpClientRequest.bodyText(requests[to], new URLSearchParams(fields).toString(), form))
      : Effect.fail(
          new SendFailed({
            errorClass: "accountFatal",
            reason: "the token cannot be one: it is empty or not plain ASCII"
          })
        )

  const send = Effect.fnUntraced(function* (message: Message) {
    const refused = refusedHere(message)
    if (refused !== undefined) return yield* refused
    const answer = yield* post("send", {
      target: message.to.replace(/^\+/, ""),
      message: message.text,
      countryCode: "0",
      connectOnly: "true"
    })
    return yield* FonnteAnswer.ofSend(answer, token)
  }, traced("Fonnte.send"))

  /** Fails as `accountFatal`, `rateLimited` or `accountTransient`: a probe sends nothing, so it leaves nothing in doubt. */
  const probe = Effect.fn("Fonnte.probe")(
    function* () {
      yield* FonnteAnswer.ofDevice(yield* post("device", {}), token)
    },
    Effect.mapError((failed) =>
      failed.errorClass === "accountFatal" || failed.errorClass === "rateLimited"
        ? failed
        : new SendFailed({ errorClass: "accountTransient", reason: failed.reason })
    )
  )

  return {
    provider: "fonnte",
    account: `fonnte:${options.account ?? "default"}`,
    limits: options.limits ?? none,
    send,
    probe: probe()
  } satisfies Messenger
})

/** Blanks around a pasted token are forgiven. */
const Token = Schema.Redacted(
  Schema.String.check(Schema.makeFilter((text) => presentable.test(text.trim()) || "the token of a Fonnte device"))
)

const Rate = Schema.String.check(
  Schema.makeFilter((text) =>
    Result.match(parseRate(text), { onSuccess: () => undefined, onFailure: (bad) => bad.message })
  )
)

const config = Config.all({
  token: Config.schema(Token, "FONNTE_TOKEN").pipe(Config.map((token) => Redacted.make(Redacted.value(token).trim()))),
  url: Config.URL("FONNTE_URL").pipe(
    Config.map((url) => url.href),
    Config.withDefault(undefined)
  ),
  limits: Config.schema(Rate, "FONNTE_RATE").pipe(
    Config.map((text): Limits => ({ rate: Result.getOrThrow(parseRate(text)) })),
    Config.withDefault(undefined)
  )
})

export class Fonnte extends Context.Service<Fonnte, Messenger>()("fibercast/messengers/Fonnte") {
  static readonly layer = (options: FonnteOptions): Layer.Layer<Fonnte, never, HttpClient.HttpClient> =>
    Layer.effect(Fonnte, make(options))

  /**
   * From the environment: `FONNTE_TOKEN` (required), `FONNTE_URL`, and `FONNTE_RATE` such as `1/2s`
   * (default no limit). Fails with a `ConfigError` that names the variable at fault and not its value.
   */
  static readonly layerConfig: Layer.Layer<Fonnte, Config.ConfigError, HttpClient.HttpClient> = Layer.suspend(() =>
    Fonnte.layerConfigWith({})
  )

  /** The same, with what holds unless the environment says otherwise. */
  static readonly layerConfigWith = (
    unlessTold: Omit<FonnteOptions, "token">
  ): Layer.Layer<Fonnte, Config.ConfigError, HttpClient.HttpClient> =>
    Layer.effect(
      Fonnte,
      Effect.flatMap(config, ({ limits = unlessTold.limits, token, url = unlessTold.url }) =>
        make({ ...unlessTold, token, url, limits })
      )
    )
}
