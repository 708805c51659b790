import { assert, it } from "@effect/vitest"
import * as HttpExchange from "@fibercast/messengers/HttpExchange"
import { exchange, maxRetryAfter, retryAfterMillis } from "@fibercast/messengers/HttpExchange"
import { Clock, Effect, Fiber } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as CountedTimers from "../support/CountedTimers.ts"

it.effect("Retry-After in seconds is read into milliseconds", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* retryAfterMillis("120"), 120_000)
  })
)

it.effect("Retry-After as an HTTP date counts from now, and from the past means at once", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2026, 0, 1))
    assert.strictEqual(yield* retryAfterMillis("Thu, 01 Jan 2026 00:01:30 GMT"), 90_000)
    assert.strictEqual(yield* retryAfterMillis("Wed, 31 Dec 2025 23:59:59 GMT"), 0)
  })
)

it.effect("no provider makes an account wait longer than a day", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* retryAfterMillis("999999999"), maxRetryAfter)
  })
)

it.effect("an absent or illegible Retry-After is no wish at all", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* retryAfterMillis(undefined), undefined)
    assert.strictEqual(yield* retryAfterMillis("soon"), undefined)
  })
)

it.effect("a provider is sent the headers of the request and none of our tracing", () =>
  Effect.gen(function* () {
    const sent: Array<string> = []
    const client = HttpClient.make((request) => {
      sent.push(...Object.keys(request.headers))
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("yes", { status: 202 })))
    })
    const request = HttpClientRequest.setHeader(HttpClientRequest.post("http://127.0.0.1/"), "authorization", "t")

    const answer = yield* exchange(client, request, "1 second")

    assert.deepStrictEqual([answer.status, answer.text], [202, "yes"])
    assert.deepStrictEqual(sent, ["authorization"])
  })
)

it.effect("many requests set one timer, and an interrupted one is let go", () =>
  Effect.gen(function* () {
    const counted = yield* CountedTimers.make
    let open = 0
    const hanging = HttpClient.make(() =>
      Effect.acquireUseRelease(
        Effect.sync(() => ++open),
        () => Effect.never,
        () => Effect.sync(() => --open)
      )
    )
    yield* Effect.gen(function* () {
      const exchange = yield* HttpExchange.make(hanging, "1 second")
      const sending = yield* Effect.forkChild(
        Effect.replicateEffect(exchange(HttpClientRequest.post("http://127.0.0.1/")), 100, {
          concurrency: "unbounded"
        }),
        { startImmediately: true }
      )
      assert.strictEqual(open, 100)
      yield* Effect.yieldNow
      assert.strictEqual(counted.timers(), 1)
      yield* Fiber.interrupt(sending)
      assert.strictEqual(open, 0)
    }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, counted.clock))
  })
)
