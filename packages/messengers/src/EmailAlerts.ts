/**
 * Alerts by e-mail: one message to all recipients, as plain text and as HTML, over SMTP.
 *
 * An address `smtps:` speaks TLS from the first byte. `smtp:` begins in the clear and goes over to TLS where the server offers
 * it; with a password in the address it insists on that, unless the server is on this machine. Certificates are checked.
 * Retries carry the same `Message-ID`, so that a message that was taken although its answer was lost is seen as one. Answers
 * that are for the moment (4yz) and lost connections are tried again. What waits, and for how long: `AlertOutbox`. No
 * error or log carries what the server said, which may repeat a user's name or more: only its code.
 */
import { type AlertMessage, AlertNotTaken, type AlertSink } from "@fibercast/ports/AlertSink"
import { Context, DateTime, Duration, Effect, Layer, Predicate, Redacted, Result } from "effect"
import * as AlertOutbox from "./internal/AlertOutbox.ts"

export interface Options {
  /** `smtp://user:password@host:587` or `smtps://user:password@host:465`. */
  readonly server: Redacted.Redacted
  /** An address, with a name or without: `Fibercast <alerts@example.com>`. */
  readonly from: string
  readonly to: ReadonlyArray<string>
}

const isDecodable = (part: string): boolean => Result.isSuccess(Result.try(() => decodeURIComponent(part)))

/** Reads the address of a mail server. Fails without a word of it, as it may hold a password. */
export const readServer = (text: string): Result.Result<Redacted.Redacted, string> => {
  if (!URL.canParse(text)) return Result.fail("is no address")
  const { hostname, password, protocol, username } = new URL(text)
  const isOne = (protocol === "smtp:" || protocol === "smtps:") && hostname !== ""
  return isOne && isDecodable(username) && isDecodable(password)
    ? Result.succeed(Redacted.make(text))
    : Result.fail("is no address of a mail server")
}

/** Whether it is one e-mail address, with a name before it or without. */
export const isAddress = (text: string): boolean =>
  /^(?:[^\p{Cc}<>@,;"]*<[^\s<>@,;"]+@[^\s<>@,;"]+>|[^\s<>@,;"]+@[^\s<>@,;"]+)$/u.test(text)

const name = "e-mail"
/** For each step of the protocol, in milliseconds. */
const stepTimeout = 10_000
const timeout = Duration.seconds(30)

const local = new Set(["localhost", "127.0.0.1", "[::1]"])

/** The library is loaded by whoever sends e-mail: it takes a tenth of the time that a command takes to start. */
const transportOf = Effect.fnUntraced(function* (server: Redacted.Redacted) {
  const { createTransport } = yield* Effect.promise(() => import("nodemailer"))
  const { hostname, password, port, protocol, username } = new URL(Redacted.value(server))
  const secure = protocol === "smtps:"
  return createTransport({
    host: hostname.replace(/^\[(.*)\]$/u, "$1"),
    port: port === "" ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && password !== "" && !local.has(hostname),
    ...(username === "" ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: stepTimeout,
    greetingTimeout: stepTimeout,
    socketTimeout: stepTimeout,
    disableFileAccess: true,
    disableUrlAccess: true
  })
})

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

/** One line of it, for a subject. */
const line = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, 200)

/** What is told, paragraph by paragraph. */
const paragraphs = (message: AlertMessage, missed: number) => ({
  sentence: message.parts.length > 0 ? `${message.count.toLocaleString("en-US")} more alerts:` : message.sentence,
  parts: message.parts.map(({ count, label }) => `${count.toLocaleString("en-US")} ${label}`),
  after: [
    ...(message.remedy === null ? [] : [{ words: "To see more: ", code: message.remedy }]),
    ...[AlertOutbox.missedText(missed)].flatMap((words) => (words === null ? [] : [{ words, code: "" }])),
    { words: DateTime.formatIso(DateTime.makeUnsafe(message.at)), code: "" }
  ]
})

const textOf = (message: AlertMessage, missed: number): string => {
  const { after, parts, sentence } = paragraphs(message, missed)
  return [
    sentence,
    ...parts.map((part) => `  ${part}`),
    ...after.flatMap(({ code, words }) => ["", words + code]),
    ""
  ].join("\n")
}

const htmlOf = (message: AlertMessage, missed: number): string => {
  const { after, parts, sentence } = paragraphs(message, missed)
  return [
    `<p><strong>${escaped(message.title)}</strong></p>`,
    `<p>${escaped(sentence)}</p>`,
    ...(parts.length === 0 ? [] : [`<ul>${parts.map((part) => `<li>${escaped(part)}</li>`).join("")}</ul>`]),
    ...after.map(({ code, words }) => `<p>${escaped(words)}${code === "" ? "" : `<code>${escaped(code)}</code>`}</p>`)
  ].join("\n")
}

const field = (error: unknown, name: string): unknown =>
  Predicate.isObject(error) && name in error ? Reflect.get(error, name) : undefined

const notTaken = (error: unknown): AlertNotTaken => {
  const status = field(error, "responseCode")
  const code = field(error, "code")
  const words = new Map<unknown, string>([
    ["EAUTH", "the server refused the login"],
    ["ETLS", "there is no TLS with the server"],
    ["EENVELOPE", "the server refused the sender or a recipient"],
    ["EMESSAGE", "the server refused the message"],
    ["ETIMEDOUT", "the server did not answer in time"],
    ["EDNS", "the server was not found"]
  ])
  const reason = words.get(code) ?? "the server could not be reached, or broke off"
  const isLasting = typeof status === "number" ? status >= 500 : code === "EAUTH" || code === "ETLS"
  return new AlertNotTaken({
    sink: name,
    reason: typeof status === "number" ? `${reason} (${status})` : reason,
    worthAgain: !isLasting
  })
}

const make = Effect.fnUntraced(function* ({ from, server, to }: Options) {
  const transport = yield* transportOf(server)
  const host = /@([^\s<>@]+)>?$/u.exec(from)?.[1] ?? "fibercast"
  const { hostname } = new URL(Redacted.value(server))

  return yield* AlertOutbox.make({ name, place: `${to.join(", ")} by ${hostname}` }, (message, missed) =>
    Effect.tryPromise({
      try: () =>
        transport.sendMail({
          from,
          to: [...to],
          subject: line(`[Fibercast] ${message.severity}: ${message.title}`),
          messageId: `<${message.id}@${host}>`,
          date: DateTime.toDateUtc(DateTime.makeUnsafe(message.at)),
          text: textOf(message, missed),
          html: htmlOf(message, missed),
          // No out-of-office replies, please.
          headers: { "Auto-Submitted": "auto-generated" }
        }),
      catch: notTaken
    }).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.fail(notTaken({ code: "ETIMEDOUT" }))
      }),
      Effect.flatMap(({ rejected }) =>
        rejected.length === 0
          ? Effect.void
          : Effect.logWarning(`the mail server refused ${rejected.length} of ${to.length} recipients of an alert`)
      )
    )
  )
})

export class EmailAlerts extends Context.Service<EmailAlerts, AlertSink>()("fibercast/messengers/EmailAlerts") {
  /** Throws a `TypeError` when the address of the server is no URL. */
  static readonly layer = (options: Options): Layer.Layer<EmailAlerts> => Layer.effect(EmailAlerts, make(options))
}
