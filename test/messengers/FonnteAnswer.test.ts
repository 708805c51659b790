import { assert, describe, it } from "@effect/vitest"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import * as FonnteAnswer from "@fibercast/messengers/FonnteAnswer"
import { Effect } from "effect"

const token = "s3cret-token"
const ofSend = (status: number, body: unknown) =>
  FonnteAnswer.ofSend({ status, text: typeof body === "string" ? body : JSON.stringify(body) }, token)
const ofDevice = (body: unknown) => FonnteAnswer.ofDevice({ status: 200, text: JSON.stringify(body) }, token)

describe("an acceptance", () => {
  const shapes: ReadonlyArray<readonly [string, unknown, string | undefined]> = [
    ["with its ids as text", { status: true, id: ["80367170"], process: "pending" }, "80367170"],
    ["with its ids as numbers", { status: true, id: [80367170] }, "80367170"],
    ["with one id outside an array", { status: true, id: "80367170" }, "80367170"],
    ["with its status as text", { status: "true", id: ["1"] }, "1"],
    ["with a capital Status", { Status: true, id: ["1"] }, "1"],
    ["without ids", { status: true }, undefined],
    ["with ids nobody can read", { status: true, id: { a: 1 } }, undefined],
    ["with an empty list of ids", { status: true, id: [] }, undefined]
  ]
  for (const [name, body, providerId] of shapes) {
    it.effect(`${name} is accepted`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* ofSend(200, body)).providerId, providerId)
      })
    )
  }
})

describe("a refusal", () => {
  const reasons: ReadonlyArray<readonly [string, ErrorClass]> = [
    ["token invalid", "accountFatal"],
    ["invalid device", "accountFatal"],
    ["unknown user", "accountFatal"],
    ["request invalid on disconnected device", "accountTransient"],
    ["insufficient quota", "accountFatal"],
    ["target invalid", "recipientPermanent"],
    ["input invalid", "messagePermanent"],
    ["JSON format invalid", "messagePermanent"],
    ["url invalid", "messagePermanent"],
    ["url unreachable", "messagePermanent"],
    ["file format not supported", "messagePermanent"],
    ["file size must under 4MB", "messagePermanent"],
    ["the moon is in the wrong house", "transient"]
  ]
  for (const [reason, errorClass] of reasons) {
    it.effect(`for "${reason}" is ${errorClass}`, () =>
      Effect.gen(function* () {
        const failed = yield* Effect.flip(ofSend(200, { reason, status: false }))
        assert.deepStrictEqual({ ...failed }, { ...failed, errorClass, reason })
      })
    )
  }

  it.effect("is one also as text, with a capital, without a reason, or with HTTP 400", () =>
    Effect.gen(function* () {
      const target = { reason: "target invalid" }
      assert.strictEqual(
        (yield* Effect.flip(ofSend(200, { ...target, status: "false" }))).errorClass,
        "recipientPermanent"
      )
      assert.strictEqual(
        (yield* Effect.flip(ofSend(200, { ...target, Status: false }))).errorClass,
        "recipientPermanent"
      )
      assert.strictEqual(
        (yield* Effect.flip(ofSend(400, { ...target, status: false }))).errorClass,
        "recipientPermanent"
      )
      assert.strictEqual((yield* Effect.flip(ofSend(200, { reason: null, status: false }))).errorClass, "transient")
    })
  )

  it.effect("that echoes the token is quoted without it, on one line and cut short", () =>
    Effect.gen(function* () {
      const reason = `device of ${token}\nis ${"very ".repeat(100)} old`
      const failed = yield* Effect.flip(ofSend(200, { reason, status: false }))
      assert.match(failed.reason, /^device of <redacted> is very very/)
      assert.strictEqual(failed.reason.length, 200)
    })
  )
})

describe("an answer without a verdict", () => {
  const answers: ReadonlyArray<readonly [string, number, unknown, ErrorClass]> = [
    ["an HTML page", 200, "<html>hello</html>", "unknown"],
    ["an empty body", 200, "", "unknown"],
    ["JSON that is no object", 200, "[1]", "unknown"],
    ["JSON without a status", 200, { detail: "success" }, "unknown"],
    ["JSON with a status nobody knows", 200, { status: "maybe" }, "unknown"],
    ["an error of the server", 503, "down", "unknown"],
    ["a refusal within an error of the server", 502, { status: false, reason: "target invalid" }, "unknown"],
    ["a timeout between servers", 408, "", "unknown"],
    ["a redirect after the work", 303, "", "unknown"],
    ["a redirect to another address", 301, "", "accountFatal"],
    ["an unknown token", 401, "", "accountFatal"],
    ["a wrong address", 404, "", "accountFatal"],
    ["a firewall", 403, "<html>blocked</html>", "accountTransient"],
    ["a body too large", 413, "", "messagePermanent"],
    ["too many requests", 429, "", "rateLimited"]
  ]
  for (const [name, status, body, errorClass] of answers) {
    it.effect(`${name} (HTTP ${status}) is ${errorClass}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(ofSend(status, body))).errorClass, errorClass)
      })
    )
  }
})

describe("a device", () => {
  it.effect("that is connected can send", () => ofDevice({ status: true, device_status: "connect", quota: "78" }))

  it.effect("that is connected can send when its quota is no number", () =>
    ofDevice({ status: true, device_status: "connect", quota: "unlimited" })
  )

  it.effect("that is disconnected may come back", () =>
    Effect.gen(function* () {
      const failed = yield* Effect.flip(ofDevice({ status: true, device_status: "disconnect", quota: "78" }))
      assert.strictEqual(failed.errorClass, "accountTransient")
    })
  )

  it.effect("without quota needs a person", () =>
    Effect.gen(function* () {
      const failed = yield* Effect.flip(ofDevice({ status: true, device_status: "connect", quota: "0" }))
      assert.strictEqual(failed.errorClass, "accountFatal")
    })
  )

  it.effect("behind a wrong token needs a person", () =>
    Effect.gen(function* () {
      const failed = yield* Effect.flip(ofDevice({ status: false, reason: "token invalid" }))
      assert.strictEqual(failed.errorClass, "accountFatal")
    })
  )
})
