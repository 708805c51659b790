import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as WebhookAlerts from "@fibercast/messengers/WebhookAlerts"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Fiber, Layer, Logger, Redacted, Result, Scope } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import * as TimePasses from "../support/TimePasses.ts"
import * as WebhookReceiver from "../support/WebhookReceiver.ts"
import * as AlertMessages from "./AlertMessages.ts"

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const path = "/hooks/T0KEN-in-the-path"

/** Everything the log says. */
const log: Array<string> = []
const logger = Logger.layer([
  Logger.make((entry) => void log.push(inspect({ message: entry.message, cause: entry.cause }, { depth: 10 })))
])

const sinkAt = (port: number) =>
  Effect.map(
    Layer.build(
      WebhookAlerts.WebhookAlerts.layer({
        url: Redacted.make(`http://127.0.0.1:${port}${path}`),
        secret: Redacted.make(Result.getOrThrow(WebhookAlerts.readSecret(secret)))
      }).pipe(Layer.provide(NodeHttpClient.layerUndici))
    ),
    Context.get(WebhookAlerts.WebhookAlerts)
  )

/** Signatures are of these minutes, whatever the test does with time afterwards. */
const today = Effect.flatMap(TestClock.withLive(Clock.currentTimeMillis), TestClock.setTime)

const given = Effect.gen(function* () {
  yield* today
  log.length = 0
  const receiver = yield* WebhookReceiver.make(secret)
  const sink = yield* sinkAt(receiver.port)
  return { receiver, sink }
})

/** Lets the answer of a real server arrive, until then. */
const settle = Effect.fnUntraced(function* (isDone: () => boolean) {
  while (!isDone()) yield* Effect.yieldNow
})

describe("WebhookAlerts", () => {
  it.effect("posts a message as JSON that a receiver finds genuine, with what it is about and what to do", () =>
    Effect.gen(function* () {
      const { receiver, sink } = yield* given
      yield* sink.deliver(AlertMessages.one)
      const [received] = receiver.received
      assert.deepInclude(received, { path, id: "alert_1", isGenuine: true })
      assert.deepStrictEqual(JSON.parse(received?.body ?? ""), {
        type: "fibercast.alert",
        timestamp: "2025-11-26T00:00:00.000Z",
        data: {
          severity: "warning",
          title: "Deliveries of campaign 7 fail",
          text: "A delivery of campaign 7 failed: <b>no such number & more</b>",
          remedy: "fibercast campaign failures 7 --workspace 1",
          count: 1,
          subject: "DeliveryFailed/1/campaign/7",
          alert: { ...AlertMessages.one.alert, deliveryId: "9007199254740993" },
          parts: [],
          missed: 0
        }
      })
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect("tries again what may be taken then: the same id and body, a timestamp and signature of the new try", () =>
    Effect.gen(function* () {
      const { receiver, sink } = yield* given
      receiver.answers.push(500, 429)
      yield* sink.offer(AlertMessages.digest)
      yield* TimePasses.until(() => receiver.received.length === 3)
      assert.deepStrictEqual(
        receiver.received.map(({ id, isGenuine }) => [id, isGenuine]),
        Array.from({ length: 3 }, () => ["alert_digest", true])
      )
      assert.strictEqual(new Set(receiver.received.map(({ body }) => body)).size, 1)
      assert.strictEqual(new Set(receiver.received.map(({ timestamp }) => timestamp)).size, 3)
      assert.deepStrictEqual(log, [])
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  for (const status of [302, 400, 401, 404, 410]) {
    it.effect(`does not try again what was answered ${status}, and says with the next message what was missed`, () =>
      Effect.gen(function* () {
        const { receiver, sink } = yield* given
        receiver.answers.push(status)
        yield* sink.offer(AlertMessages.digest)
        yield* settle(() => log.length === 1)
        assert.include(log[0], `the webhook did not take an alert: it answered ${status}`)
        yield* sink.offer(AlertMessages.one)
        yield* receiver.awaitCount(2)
        assert.strictEqual(JSON.parse(receiver.received[1]?.body ?? "").data.missed, 312)
        assert.deepStrictEqual(
          receiver.received.map(({ path }) => path),
          [path, path]
        )
      }).pipe(Effect.scoped, Effect.provide(logger))
    )
  }

  it.effect("waits ten seconds for an answer, and tells in a test what became of it, without secrets", () =>
    Effect.gen(function* () {
      const { receiver, sink } = yield* given
      receiver.answers.push(null)
      const delivering = yield* Effect.forkChild(Effect.flip(sink.deliver(AlertMessages.one)))
      yield* receiver.awaitCount(1)
      yield* TestClock.adjust("10 seconds")
      const silent = yield* Fiber.join(delivering)
      assert.deepInclude(silent, { reason: "no answer within 10s", worthAgain: true })
      receiver.answers.push(503)
      const refused = yield* Effect.flip(sink.deliver(AlertMessages.one))
      assert.strictEqual(refused.message, "the webhook did not take an alert: it answered 503")
      const absent = yield* WebhookReceiver.make(secret).pipe(
        Effect.scoped,
        Effect.flatMap(({ port }) => sinkAt(port)),
        Effect.flatMap(({ deliver }) => Effect.flip(deliver(AlertMessages.one)))
      )
      assert.deepInclude(absent, { reason: "it could not be reached", worthAgain: true })
      const said = inspect([silent, refused, absent, sink, log], { depth: 10 })
      for (const hidden of [secret, secret.slice(6), "T0KEN"]) assert.notInclude(said, hidden)
      assert.strictEqual(sink.place, `127.0.0.1:${receiver.port}`)
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect("holds a hundred messages while the receiver is away, drops the oldest, and says how many", () =>
    Effect.gen(function* () {
      const { receiver, sink } = yield* given
      receiver.answers.push(null)
      yield* sink.offer(AlertMessages.numbered(0))
      yield* receiver.awaitCount(1)
      for (let number = 1; number <= 105; number++) yield* sink.offer(AlertMessages.numbered(number))
      yield* TestClock.adjust("10 seconds")
      yield* TimePasses.until(() => receiver.received.length > 1)
      yield* receiver.awaitCount(102)
      const told = receiver.received.slice(1).map(({ body, id }) => [id, JSON.parse(body).data.missed])
      assert.deepStrictEqual(told.slice(0, 3), [
        // What was under way goes on as it was.
        ["alert_0", 0],
        ["alert_6", 5],
        ["alert_7", 0]
      ])
      assert.deepStrictEqual(told.at(-1), ["alert_105", 0])
    }).pipe(Effect.scoped, Effect.provide(logger))
  )

  it.effect("delivers what waits when it closes, for five seconds, and then says what was lost", () =>
    Effect.gen(function* () {
      yield* today
      log.length = 0
      const receiver = yield* WebhookReceiver.make(secret)
      const scope = yield* Scope.make()
      const sink = yield* Effect.provideService(sinkAt(receiver.port), Scope.Scope, scope)
      for (const number of [1, 2, 3]) yield* sink.offer(AlertMessages.numbered(number))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(
        receiver.received.map(({ id }) => id),
        ["alert_1", "alert_2", "alert_3"]
      )
      assert.deepStrictEqual(log, [])

      const other = yield* Scope.make()
      const stuck = yield* Effect.provideService(sinkAt(receiver.port), Scope.Scope, other)
      receiver.answers.push(null)
      yield* stuck.offer(AlertMessages.digest)
      yield* stuck.offer(AlertMessages.one)
      yield* receiver.awaitCount(4)
      const closing = yield* Effect.forkChild(Scope.close(other, Exit.void))
      yield* Effect.yieldNow
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.include(log.join(), "313 alerts could not be told by webhook")
      assert.strictEqual(receiver.received.length, 4)
    }).pipe(Effect.scoped, Effect.provide(logger))
  )
})

const bytes = (count: number) => Buffer.alloc(count, 7).toString("base64")

describe("the secret of a webhook", () => {
  it("is base64 of 24 to 64 bytes, with its prefix or without; nothing that is wrong is repeated", () => {
    for (const text of [secret, secret.slice(6), `whsec_${bytes(64)}`]) {
      assert.isTrue(Result.isSuccess(WebhookAlerts.readSecret(text)), text)
    }
    assert.deepStrictEqual(WebhookAlerts.readSecret(bytes(23)), Result.fail("is 23 bytes long"))
    assert.deepStrictEqual(WebhookAlerts.readSecret(bytes(65)), Result.fail("is 65 bytes long"))
    for (const text of ["", "whsec_", "not base64!", "whsec_whsec_AAAA"]) {
      assert.deepStrictEqual(WebhookAlerts.readSecret(text), Result.fail("is not base64"), text)
    }
  })
})
