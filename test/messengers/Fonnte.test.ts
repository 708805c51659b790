import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { Fonnte, type FonnteOptions } from "@fibercast/messengers/Fonnte"
import { type Fault } from "@fibercast/simulator/Faults"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { ConfigProvider, Effect, Fiber, Layer, Logger, Redacted, References, Tracer } from "effect"
import { type HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { clients } from "./HttpClients.ts"

const token = "tok-9f8e7d6c"
const message = { to: "+6281234567890", text: "Halo & selamat, 100% {name}\nBu Siti 🙏" }
const context = { deliveryId: 1n, attempt: 1 }

/** The messenger before a simulator of its own. */
const layer = (client: Layer.Layer<HttpClient.HttpClient>, options?: Partial<FonnteOptions>) =>
  Layer.unwrap(
    Effect.map(FonnteSimulator, ({ url }) => Fonnte.layer({ token: Redacted.make(token), url, ...options }))
  ).pipe(Layer.provideMerge(FonnteSimulator.layer({ token, keepTexts: 10 })), Layer.provide(client))

const send = Effect.flatMap(Fonnte, (fonnte) => fonnte.send(message, context))

/** Waits for real requests, which no clock of a test hurries. */
const received = (requests: number) =>
  Effect.gen(function* () {
    const simulator = yield* FonnteSimulator
    while ((yield* simulator.requests) < requests) yield* Effect.yieldNow
  })

/** A yes that goes on for longer than any answer is read. */
const endless = JSON.stringify({ status: true, id: ["1"], detail: "x".repeat(70_000) })

/** An address where nobody listens any more. */
const closed = Effect.map(FonnteSimulator, ({ url }) => url).pipe(Effect.provide(FonnteSimulator.layer()))

for (const [name, client] of clients) {
  describe(`Fonnte over ${name}`, () => {
    it.effect("an accepted message arrives once, unchanged, at the number without its plus", () =>
      Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        const accepted = yield* send
        assert.match(accepted.providerId ?? "", /^\d+$/)
        assert.deepStrictEqual(yield* simulator.accepted, new Map([["6281234567890", 1]]))
        assert.deepStrictEqual(yield* simulator.messages("6281234567890"), [message.text])
      }).pipe(Effect.provide(layer(client)))
    )

    const faults: ReadonlyArray<readonly [string, Fault, ErrorClass, number]> = [
      ["an answer lost after acceptance", { kind: "lostAnswer" }, "unknown", 1],
      ["a connection cut after the request", { kind: "refuse" }, "unknown", 0],
      ["HTTP 503", { kind: "status", status: 503 }, "unknown", 0],
      ["HTTP 503 after acceptance", { kind: "status", status: 503, accepted: true }, "unknown", 1],
      ["a page instead of JSON", { kind: "notJson" }, "unknown", 0],
      ["an empty answer", { kind: "notJson", body: "" }, "unknown", 0],
      ["an answer without end", { kind: "notJson", body: endless, accepted: true }, "unknown", 1],
      ["a number without WhatsApp", { kind: "invalidTarget" }, "recipientPermanent", 0],
      ["a disconnected device", { kind: "disconnectedDevice" }, "accountTransient", 0],
      ["an exhausted quota", { kind: "quota", after: 0 }, "accountFatal", 0],
      ["a reason nobody knows", { kind: "reason", reason: "busy" }, "transient", 0]
    ]
    for (const [fault, rule, errorClass, accepted] of faults) {
      it.effect(`${fault} is ${errorClass}, after one request`, () =>
        Effect.gen(function* () {
          const simulator = yield* FonnteSimulator
          yield* simulator.script([rule])
          const failed = yield* Effect.flip(send)
          assert.strictEqual(failed.errorClass, errorClass)
          assert.strictEqual(yield* simulator.acceptedTotal, accepted)
          assert.strictEqual(yield* simulator.requests, 1)
        }).pipe(Effect.provide(layer(client)))
      )
    }

    it.effect("HTTP 429 says how long to wait", () =>
      Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        yield* simulator.script([{ kind: "tooMany", retryAfter: "7" }])
        const failed = yield* Effect.flip(send)
        assert.deepStrictEqual([failed.errorClass, failed.retryAfter], ["rateLimited", 7000])
      }).pipe(Effect.provide(layer(client)))
    )

    it.effect("an answer that comes too late is unknown, although the message was accepted", () =>
      Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        yield* simulator.script([{ kind: "slow", millis: 60_000 }])
        const sending = yield* Effect.forkChild(Effect.flip(send))
        yield* received(1)
        yield* TestClock.adjust("20 seconds")
        const failed = yield* Fiber.join(sending)
        assert.deepStrictEqual([failed.errorClass, failed.reason], ["unknown", "no answer within 20s"])
        assert.strictEqual(yield* simulator.acceptedTotal, 1)
      }).pipe(Effect.provide(layer(client)))
    )

    it.effect("an answer that never comes is unknown after the timeout of the options", () =>
      Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        yield* simulator.script([{ kind: "hang" }])
        const sending = yield* Effect.forkChild(Effect.flip(send))
        yield* received(1)
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual((yield* Fiber.join(sending)).errorClass, "unknown")
      }).pipe(Effect.provide(layer(client, { timeout: "3 seconds" })))
    )

    it.effect("each of many sends has the whole timeout, however many there were before", () =>
      Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        yield* simulator.script([{ kind: "hang" }, { kind: "hang" }])
        const first = yield* Effect.forkChild(Effect.flip(send))
        yield* received(1)
        yield* TestClock.adjust("2 seconds")
        const second = yield* Effect.forkChild(Effect.flip(send))
        yield* received(2)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(first)).errorClass, "unknown")
        assert.isUndefined(second.pollUnsafe())
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(second)).errorClass, "unknown")
      }).pipe(Effect.provide(layer(client, { timeout: "3 seconds" })))
    )

    for (const host of ["127.0.0.1", "localhost"]) {
      it.effect(`a refused connection to ${host} is transient: nothing was written`, () =>
        Effect.gen(function* () {
          const port = new URL(yield* closed).port
          const failed = yield* send.pipe(Effect.flip, Effect.provide(layer(client, { url: `http://${host}:${port}` })))
          assert.strictEqual(failed.errorClass, "transient")
        })
      )
    }

    it.effect("a token that no header can carry, and an address that is no URL, stop the account", () =>
      Effect.gen(function* () {
        for (const options of [
          { token: Redacted.make("two\nlines") },
          { token: Redacted.make("") },
          { url: "fonnte" }
        ]) {
          const failed = yield* send.pipe(Effect.flip, Effect.provide(layer(client, options)))
          assert.strictEqual(failed.errorClass, "accountFatal")
        }
      })
    )

    it.effect("a redirect is not followed, so that the token stays where it was sent", () =>
      Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        const location = `${simulator.url}/send`
        yield* simulator.script([{ kind: "status", status: 307, headers: { location }, to: 1 }])
        assert.strictEqual((yield* Effect.flip(send)).errorClass, "accountFatal")
        assert.strictEqual(yield* simulator.requests, 1)
      }).pipe(Effect.provide(layer(client)))
    )

    it.effect("the token is in no failure, log line or span", () => {
      const seen: Array<unknown> = []
      const capture = Logger.map(Logger.formatJson, (line) => void seen.push(line))
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          seen.push(span)
          return span
        }
      })
      return Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        const fonnte = yield* Fonnte
        const rules: ReadonlyArray<Fault> = [
          { kind: "reason", reason: `bad ${token}` },
          { kind: "refuse" },
          { kind: "status", status: 500, body: token },
          { kind: "notJson", body: token }
        ]
        for (const rule of rules) {
          yield* simulator.script([rule])
          yield* send.pipe(
            Effect.tapCause((cause) => Effect.logError("send failed", cause)),
            Effect.exit,
            Effect.tap((exit) => Effect.sync(() => seen.push(exit)))
          )
        }
        seen.push(fonnte)
        assert.isAbove(seen.length, 3 * rules.length)
        assert.notInclude(inspect(seen, { depth: 12, showHidden: true }), token)
      }).pipe(
        Effect.provide(layer(client)),
        Effect.provideService(Logger.CurrentLoggers, new Set([capture])),
        Effect.provideService(References.MinimumLogLevel, "All"),
        Effect.provideService(Tracer.Tracer, tracer)
      )
    })

    it.effect("a probe succeeds as soon as the device is back, and sends nothing", () =>
      Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        const { probe } = yield* Fonnte
        yield* simulator.setDevice("disconnect")
        assert.strictEqual((yield* Effect.flip(probe)).errorClass, "accountTransient")
        yield* simulator.setDevice("connect")
        yield* probe
        yield* simulator.setQuota(0)
        assert.strictEqual((yield* Effect.flip(probe)).errorClass, "accountFatal")
        assert.strictEqual(yield* simulator.requests, 0)
      }).pipe(Effect.provide(layer(client)))
    )
  })
}

describe("Fonnte", () => {
  const client = NodeHttpClient.layerFetch

  it.effect("a probe without an answer leaves nothing in doubt: the account cannot send yet", () =>
    Effect.gen(function* () {
      const url = yield* closed
      const failed = yield* Effect.flatMap(Fonnte, ({ probe }) => Effect.flip(probe)).pipe(
        Effect.provide(layer(client, { url }))
      )
      assert.strictEqual(failed.errorClass, "accountTransient")
    })
  )

  it.effect("no number is rewritten on the way, not even one with a leading 0", () =>
    Effect.gen(function* () {
      const simulator = yield* FonnteSimulator
      const fonnte = yield* Fonnte
      yield* fonnte.send({ ...message, to: "081234567890" }, context)
      assert.deepStrictEqual([...(yield* simulator.accepted).keys()], ["081234567890"])
    }).pipe(Effect.provide(layer(client)))
  )

  it.effect("a wrong token stops the account", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(send)).errorClass, "accountFatal")
    }).pipe(Effect.provide(layer(client, { token: Redacted.make("other") })))
  )

  it.effect(
    "an address that Fonnte would read as several, and a text it would cut, are refused before the request",
    () =>
      Effect.gen(function* () {
        const simulator = yield* FonnteSimulator
        const fonnte = yield* Fonnte
        const two = yield* Effect.flip(fonnte.send({ to: "+6281234567890,+6281234567891", text: "x" }, context))
        const long = yield* Effect.flip(fonnte.send({ ...message, text: "x".repeat(60_001) }, context))
        assert.deepStrictEqual([two.errorClass, long.errorClass], ["recipientPermanent", "messagePermanent"])
        assert.strictEqual(yield* simulator.requests, 0)
      }).pipe(Effect.provide(layer(client)))
  )

  const configured = (env: Record<string, string>, layer = Fonnte.layerConfig) =>
    Effect.provide(
      Fonnte,
      layer.pipe(Layer.provide(client), Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))))
    )

  it.effect("the environment gives token and rate", () =>
    Effect.gen(function* () {
      const fonnte = yield* configured({ FONNTE_TOKEN: ` ${token}\n`, FONNTE_RATE: "1/2s" })
      assert.strictEqual(fonnte.account, "fonnte:default")
      assert.deepStrictEqual(fonnte.limits, { rate: { permits: 1, per: 2000 } })
    })
  )

  it.effect("without a rate there is no limit", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* configured({ FONNTE_TOKEN: token })).limits, {})
    })
  )

  it.effect("an application's own account and limits hold unless the environment says otherwise", () =>
    Effect.gen(function* () {
      const slow = { rate: { permits: 1, per: 2000 } }
      const own = Fonnte.layerConfigWith({ account: "school", limits: slow })
      assert.deepInclude(yield* configured({ FONNTE_TOKEN: token }, own), { account: "fonnte:school", limits: slow })
      const told = yield* configured({ FONNTE_TOKEN: token, FONNTE_RATE: "20/s" }, own)
      assert.deepInclude(told, { account: "fonnte:school", limits: { rate: { permits: 20, per: 1000 } } })
    })
  )

  it.effect("a missing, empty or broken token names its variable, and not its value", () =>
    Effect.gen(function* () {
      for (const env of [{}, { FONNTE_TOKEN: "" }, { FONNTE_TOKEN: `${token} ${token}` }]) {
        const error = yield* Effect.flip(configured(env))
        assert.include(error.message, "FONNTE_TOKEN")
        assert.notInclude(inspect(error, { depth: 12 }), token)
      }
    })
  )

  it.effect("a rate that is none says how to write one", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(configured({ FONNTE_TOKEN: token, FONNTE_RATE: "fast" }))
      assert.include(error.message, "FONNTE_RATE")
      assert.include(error.message, "20/s")
    })
  )
})
