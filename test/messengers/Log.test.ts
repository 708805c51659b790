import { assert, it } from "@effect/vitest"
import { Log, mask } from "@fibercast/messengers/Log"
import { Effect, Logger, References } from "effect"

it("a log shows the last three characters of an address", () => {
  assert.strictEqual(mask("+6281234567890"), "***890")
})

it("a log shows nothing of an address of three characters", () => {
  assert.strictEqual(mask("112"), "***")
})

it.effect("every message is accepted with an id of its own, and neither its address nor its text is logged", () => {
  const lines: Array<string> = []
  const capture = Logger.map(Logger.formatJson, (line) => void lines.push(line))
  return Effect.gen(function* () {
    const log = yield* Log
    const message = { to: "+6281234567890", text: "your code is 4711" }

    const first = yield* log.send(message, { deliveryId: 7n, attempt: 1 })
    const second = yield* log.send(message, { deliveryId: 7n, attempt: 2 })

    assert.notStrictEqual(first.providerId, second.providerId)
    assert.strictEqual(lines.length, 2)
    assert.include(lines[0], "***890")
    assert.notInclude(lines.join(""), "1234567")
    assert.notInclude(lines.join(""), "4711")
  }).pipe(
    Effect.provide(Log.layer),
    Effect.provideService(Logger.CurrentLoggers, new Set([capture])),
    Effect.provideService(References.MinimumLogLevel, "All")
  )
})
