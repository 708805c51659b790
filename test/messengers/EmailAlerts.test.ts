import * as EmailAlerts from "@fibercast/messengers/EmailAlerts"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Redacted, Result } from "effect"
import { inspect } from "node:util"
import * as MailServer from "../support/MailServer.ts"
import * as TimePasses from "../support/TimePasses.ts"
import * as AlertMessages from "./AlertMessages.ts"

const login = { user: "alerts@school.example", password: "p@ss:w/rd" }

const log: Array<string> = []
const logger = Logger.layer([
  Logger.make((entry) => void log.push(inspect({ message: entry.message, cause: entry.cause }, { depth: 10 })))
])

const sinkAt = (server: string, to: ReadonlyArray<string> = ["ops@school.example", "Head <head@school.example>"]) =>
  Effect.map(
    Layer.build(
      EmailAlerts.EmailAlerts.layer({
        server: Redacted.make(server),
        from: "Fibercast <alerts@school.example>",
        to
      })
    ),
    Context.get(EmailAlerts.EmailAlerts)
  )

const signedIn = (port: number, scheme = "smtp", host = "127.0.0.1"): string =>
  `${scheme}://${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@${host}:${port}`

const given = Effect.fnUntraced(function* (options?: MailServer.Options) {
  log.length = 0
  return yield* MailServer.make(options)
})

describe("EmailAlerts", () => {
  it.effect("sends a message to everybody, as text and as HTML, with what happened and what to do", () =>
    Effect.gen(function* () {
      const server = yield* given({ offersTls: false })
      const sink = yield* sinkAt(`smtp://127.0.0.1:${server.port}`)
      yield* sink.deliver(AlertMessages.one)
      const [received] = server.received
      assert.deepStrictEqual(received?.to, ["ops@school.example", "head@school.example"])
      const { email } = received ?? assert.fail("nothing came")
      assert.strictEqual(email.subject, "[Fibercast] warning: Deliveries of campaign 7 fail")
      assert.deepInclude(email.from, { name: "Fibercast", address: "alerts@school.example" })
      assert.strictEqual(email.messageId, "<alert_1@school.example>")
      assert.strictEqual(email.date, "2025-11-26T00:00:00.000Z")
      assert.deepStrictEqual(email.text?.trim().split("\n"), [
        "A delivery of campaign 7 failed: <b>no such number & more</b>",
        "",
        "To see more: fibercast campaign failures 7 --workspace 1",
        "",
        "2025-11-26T00:00:00.000Z"
      ])
      assert.include(email.html, "failed: &lt;b&gt;no such number &amp; more&lt;/b&gt;</p>")
      assert.include(email.html, "<code>fibercast campaign failures 7 --workspace 1</code>")
      assert.strictEqual(sink.place, "ops@school.example, Head <head@school.example> by 127.0.0.1")
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect("lists the parts of a digest, and keeps a subject to one line", () =>
    Effect.gen(function* () {
      const server = yield* given({ offersTls: false })
      const sink = yield* sinkAt(`smtp://127.0.0.1:${server.port}`)
      yield* sink.deliver({ ...AlertMessages.digest, title: "312 more\r\nBcc: everybody@school.example" })
      const received = server.received[0] ?? assert.fail("nothing came")
      assert.strictEqual(received.email.subject, "[Fibercast] critical: 312 more Bcc: everybody@school.example")
      assert.isUndefined(received.email.bcc)
      assert.deepStrictEqual(received.to, ["ops@school.example", "head@school.example"])
      assert.deepStrictEqual(received.email.text?.split("\n").slice(0, 3), [
        "312 more alerts:",
        "  300 DeliveryFailed of campaign 7",
        "  12 of other subjects"
      ])
      assert.include(received.email.html, "<li>300 DeliveryFailed of campaign 7</li>")
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect("signs in as the address says", () =>
    Effect.gen(function* () {
      const server = yield* given({ login, offersTls: false })
      yield* (yield* sinkAt(signedIn(server.port))).deliver(AlertMessages.one)
      assert.deepStrictEqual(server.logins, [login])
      assert.strictEqual(server.received.length, 1)
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect(
    "tries again what is refused for the moment, as the same message, and counts what is refused for good",
    () =>
      Effect.gen(function* () {
        const server = yield* given({ offersTls: false })
        const sink = yield* sinkAt(`smtp://127.0.0.1:${server.port}`)
        server.refusals.push({ code: 451, text: "4.7.1 later" }, { code: 554, text: "5.7.1 no, hush" })
        yield* sink.offer(AlertMessages.digest)
        yield* server.awaitCount(1)
        yield* TimePasses.until(() => log.length > 0)
        assert.include(log[0], "the e-mail did not take an alert: the server refused the message (554)")
        yield* sink.offer(AlertMessages.one)
        yield* server.awaitCount(3)
        assert.strictEqual(server.received[0]?.email.messageId, "<alert_1@school.example>")
        assert.include(server.received[0]?.email.text, "312 earlier alerts could not be told")
        assert.notInclude(log.join(), "hush")
      }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect("says without any secret what a server refused", () =>
    Effect.gen(function* () {
      const server = yield* given({ login: { ...login, password: "another" }, offersTls: false })
      const sink = yield* sinkAt(signedIn(server.port))
      const refused = yield* Effect.flip(sink.deliver(AlertMessages.one))
      assert.deepInclude(refused, { reason: "the server refused the login (535)", worthAgain: false })
      // The server itself repeated the password.
      assert.deepStrictEqual(server.logins, [login])
      const absent = yield* MailServer.make().pipe(
        Effect.scoped,
        Effect.flatMap(({ port }) => sinkAt(signedIn(port))),
        Effect.flatMap(({ deliver }) => Effect.flip(deliver(AlertMessages.one)))
      )
      assert.deepInclude(absent, { reason: "the server could not be reached, or broke off", worthAgain: true })
      const said = inspect([refused, absent, sink, log], { depth: 10 })
      for (const hidden of [login.password, encodeURIComponent(login.password)]) assert.notInclude(said, hidden)
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect("takes a message for delivered when one recipient takes it, and says that others were refused", () =>
    Effect.gen(function* () {
      const server = yield* given({ offersTls: false })
      const some = yield* sinkAt(`smtp://127.0.0.1:${server.port}`, ["ops@school.example", "nobody@school.example"])
      yield* some.deliver(AlertMessages.one)
      assert.deepStrictEqual(server.received[0]?.to, ["ops@school.example"])
      assert.include(log[0], "the mail server refused 1 of 2 recipients of an alert")
      const none = yield* sinkAt(`smtp://127.0.0.1:${server.port}`, ["nobody@school.example"])
      const refused = yield* Effect.flip(none.deliver(AlertMessages.one))
      assert.deepInclude(refused, {
        reason: "the server refused the sender or a recipient (550)",
        worthAgain: false
      })
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect("never shows a password to a server elsewhere that has no TLS, nor to one that nobody vouches for", () =>
    Effect.gen(function* () {
      // A name of this machine that is not known to be one.
      const plain = yield* given({ login, offersTls: false })
      const inTheClear = yield* sinkAt(signedIn(plain.port, "smtp", "127.0.0.2"))
      const other = yield* MailServer.make({ login })
      const unknown = yield* sinkAt(signedIn(other.port))
      for (const sink of [inTheClear, unknown]) {
        const refused = yield* Effect.flip(sink.deliver(AlertMessages.one))
        assert.isFalse(refused.message.includes(login.password))
      }
      assert.deepStrictEqual([plain.logins, other.logins], [[], []])
    }).pipe(Effect.scoped, Effect.provide(logger))
  )
})

describe("the settings of e-mail", () => {
  it("are the address of a mail server, and addresses of people; nothing that is wrong is repeated", () => {
    for (const text of ["smtp://host", "smtp://u:p@host:587", "smtps://u%40x:p@host", "smtp://[::1]:25"]) {
      assert.isTrue(Result.isSuccess(EmailAlerts.readServer(text)), text)
    }
    for (const text of ["", "hush", "http://hush", "smtp:hush", "smtp://", "smtp://u:%zz@host"]) {
      assert.isTrue(Result.isFailure(EmailAlerts.readServer(text)), text)
      assert.notInclude(inspect(EmailAlerts.readServer(text)), "hush")
    }
    for (const text of ["ops@school.example", "Head of School <head@school.example>"]) {
      assert.isTrue(EmailAlerts.isAddress(text), text)
    }
    for (const text of ["", "ops", "a@b, c@d", "a@b\nBcc: c@d", "<a@b", "a b@c"]) {
      assert.isFalse(EmailAlerts.isAddress(text), text)
    }
  })
})
