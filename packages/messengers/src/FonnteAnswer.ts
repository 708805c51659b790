/**
 * What Fonnte's answers mean (docs.fonnte.com, "API send message" and "API device profile").
 *
 * Fonnte says no with HTTP 200 and `status: false`, so the body decides first and the HTTP status only
 * when the body says nothing. A refusal that names a reason is certain: nothing was accepted.
 *
 * | reason | class | why |
 * |---|---|---|
 * | token invalid, invalid device, unknown user | accountFatal | the credential will not heal by itself |
 * | request invalid on disconnected device | accountTransient | the phone comes back; `probe` sees it |
 * | insufficient quota | accountFatal | quota comes back when someone pays, or weeks later at the renewal: a campaign must not wake up then by itself |
 * | target invalid | recipientPermanent | |
 * | input, JSON, url, file … | messagePermanent | the same request would be refused again |
 * | any other | transient | refused, hence safe to repeat; a retry policy ends it, where calling it permanent would fail a whole campaign on one new word of the provider |
 *
 * | no usable body and HTTP | class |
 * |---|---|
 * | 429 | rateLimited (not documented by Fonnte; proxies before it answer so) |
 * | 401, 404, 405, 410, and the redirects 301, 307, 308 | accountFatal: the token or the address is wrong |
 * | 403 | accountTransient: a firewall before Fonnte |
 * | 400, 413, 414, 422 | messagePermanent |
 * | the rest: 2xx without a legible body, 303, 408, 5xx … | unknown: the message may have been queued |
 */
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Accepted, SendFailed } from "@fibercast/ports/Messenger"
import { Effect, Option, Schema } from "effect"
import { type HttpAnswer } from "./HttpExchange.ts"

const Flag = Schema.Union([Schema.Boolean, Schema.Literals(["true", "false", "True", "False"])])
const Id = Schema.Union([Schema.String, Schema.Number])

/** The keys of all answers; each is optional, because samples and real answers differ in spelling. */
const Body = Schema.Struct({
  status: Schema.optionalKey(Flag),
  Status: Schema.optionalKey(Flag),
  reason: Schema.optionalKey(Schema.NullOr(Schema.String)),
  id: Schema.optionalKey(Schema.Unknown),
  device_status: Schema.optionalKey(Schema.String),
  quota: Schema.optionalKey(Schema.Unknown)
})
const decodeBody = Schema.decodeUnknownOption(Body)

/** Text is read in line, as that is several times faster than by the schema. */
const bodyOf = (text: string): typeof Body.Type | undefined => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  return Option.getOrUndefined(decodeBody(json))
}
const decodeId = Schema.decodeUnknownOption(Schema.Union([Schema.NonEmptyArray(Id), Id]))

const classes: ReadonlyArray<readonly [RegExp, ErrorClass]> = [
  [/token invalid|invalid token|invalid device|unknown user/, "accountFatal"],
  [/disconnected device/, "accountTransient"],
  [/insufficient quota/, "accountFatal"],
  [/target invalid|invalid target/, "recipientPermanent"],
  [/^(input|json|url|file)\b/, "messagePermanent"]
]

/** The class of a refusal, by its reason. */
export const classOf = (reason: string): ErrorClass => {
  const text = reason.trim().toLowerCase()
  return classes.find(([pattern]) => pattern.test(text))?.[1] ?? "transient"
}

const classOfStatus = (status: number): ErrorClass => {
  if ([301, 307, 308, 401, 404, 405, 410].includes(status)) return "accountFatal"
  if (status === 403) return "accountTransient"
  if ([400, 413, 414, 422].includes(status)) return "messagePermanent"
  return "unknown"
}

/** At most 200 characters on one line, without the token even if the provider echoes it. */
const legible = (reason: string, token: string): string =>
  (token === "" ? reason : reason.replaceAll(token, "<redacted>")).replace(/\s+/g, " ").slice(0, 200)

/** The body of a yes; fails with what anything else means. */
const affirmed = Effect.fnUntraced(function* (answer: HttpAnswer, token: string) {
  if (answer.status === 429) {
    return yield* new SendFailed({
      errorClass: "rateLimited",
      reason: "too many requests",
      ...(answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter })
    })
  }
  const body = bodyOf(answer.text)
  const status = String(body?.status ?? body?.Status).toLowerCase()
  if (answer.status < 500 && status === "false") {
    const reason = body?.reason ?? "refused without a reason"
    return yield* new SendFailed({ errorClass: classOf(reason), reason: legible(reason, token) })
  }
  if (answer.status >= 200 && answer.status < 300) {
    if (body !== undefined && status === "true") return body
    return yield* new SendFailed({ errorClass: "unknown", reason: "the answer is not one of Fonnte's" })
  }
  return yield* new SendFailed({ errorClass: classOfStatus(answer.status), reason: `HTTP ${answer.status}` })
})

/** The verdict on a send. An acceptance without a legible id is an acceptance. */
export const ofSend = Effect.fnUntraced(function* (answer: HttpAnswer, token: string) {
  const body = yield* affirmed(answer, token)
  const id = Option.map(decodeId(body.id), (ids) => String(typeof ids === "object" ? ids[0] : ids))
  return Option.match(id, { onNone: (): Accepted => ({}), onSome: (providerId): Accepted => ({ providerId }) })
})

/** The verdict on a device: it can send when it is connected and has quota left. */
export const ofDevice = Effect.fnUntraced(function* (answer: HttpAnswer, token: string) {
  const body = yield* affirmed(answer, token)
  if (body.device_status !== "connect") {
    return yield* new SendFailed({ errorClass: "accountTransient", reason: "the device is not connected" })
  }
  if (body.quota !== undefined && body.quota !== null && Number(body.quota) <= 0) {
    return yield* new SendFailed({ errorClass: "accountFatal", reason: "insufficient quota" })
  }
})
