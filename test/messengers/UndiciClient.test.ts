import { UndiciOptions } from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { exchange } from "@fibercast/messengers/HttpExchange"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import { Effect, Fiber, type Scope, Tracer } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import * as http from "node:http"

interface Told {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** A server that answers each request by `answer`; its address, and what it was told. */
const serving = (answer: (response: http.ServerResponse, body: string) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly told: Array<Told>; readonly server: http.Server }>((resume) => {
      const told: Array<Told> = []
      const server = http.createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8")
        request.on("data", (piece: string) => (body += piece))
        request.on("end", () => {
          const { headers, method, url } = request
          told.push({ method, url, headers, body })
          answer(response, body)
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = address !== null && typeof address === "object" ? address.port : 0
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, told, server }))
      })
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const connections = (server: http.Server) =>
  Effect.callback<number>((resume) => {
    server.getConnections((_, count) => resume(Effect.succeed(count)))
  })

const over = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient | Scope.Scope>) =>
  Effect.provide(Effect.scoped(effect), UndiciClient.layer)

describe("A client that is asked for whole answers", () => {
  it.live("sends method, path, query, headers and bytes as they are, over connections that it keeps", () =>
    over(
      Effect.gen(function* () {
        const { server, told, url } = yield* serving((response, body) => response.end(`heard ${body}`))
        const client = yield* HttpClient.HttpClient
        const request = HttpClientRequest.put(`${url}/a/b?c=d`, {
          urlParams: { e: "f g" },
          headers: { authorization: "t" },
          body: HttpBody.text("héllo", "text/plain")
        })

        for (const _ of [1, 2, 3, 4]) {
          assert.deepInclude(yield* exchange(client, request, "5 seconds"), { status: 200, text: "heard héllo" })
        }

        const [first] = told
        assert.deepInclude(first, { method: "PUT", url: "/a/b?c=d&e=f+g", body: "héllo" })
        assert.deepInclude(first?.headers, { authorization: "t", "content-type": "text/plain", "content-length": "6" })
        assert.isAtMost(yield* connections(server), 2)
      })
    )
  )

  it.live("sends a body that comes bit by bit too", () =>
    over(
      Effect.gen(function* () {
        const { url } = yield* serving((response, body) => response.end(body))
        const form = new FormData()
        form.append("to", "Ayu")
        const request = HttpClientRequest.post(url, { body: HttpBody.formData(form) })
        const answer = yield* exchange(yield* HttpClient.HttpClient, request, "5 seconds")
        assert.include(answer.text, "Ayu")
      })
    )
  )

  it.live("reads what comes in pieces and what is not plain ASCII, after hints that come before the answer", () =>
    over(
      Effect.gen(function* () {
        const { url } = yield* serving((response) => {
          response.writeEarlyHints({ link: "</style.css>; rel=preload" })
          response.writeHead(429, { "retry-after": "2" })
          const bytes = Buffer.from("terkirim ✓")
          response.write(bytes.subarray(0, 10), () => response.end(bytes.subarray(10)))
        })
        const answer = yield* exchange(yield* HttpClient.HttpClient, HttpClientRequest.post(url), "5 seconds")
        assert.deepStrictEqual(answer, { status: 429, text: "terkirim ✓", retryAfter: 2000 })
      })
    )
  )

  it.live("hangs up on whom it waits for no longer, whether the deadline passed or the caller left", () =>
    over(
      Effect.gen(function* () {
        const { server, told, url } = yield* serving(() => {})
        const client = yield* HttpClient.HttpClient
        const late = yield* Effect.flip(exchange(client, HttpClientRequest.post(url), "50 millis"))
        assert.deepStrictEqual([late.errorClass, late.reason], ["unknown", "no answer within 50ms"])

        const leaving = yield* Effect.forkChild(exchange(client, HttpClientRequest.post(url), "1 minute"))
        yield* Effect.repeat(Effect.delay(Effect.void, 5), { until: () => told.length === 2 })
        yield* Fiber.interrupt(leaving)

        const open = Effect.delay(connections(server), 5)
        assert.strictEqual(yield* Effect.repeat(open, { until: (count) => count === 0 }), 0)
      })
    )
  )

  it.live("never writes a request whose caller left before there was a connection", () =>
    over(
      Effect.gen(function* () {
        const { told, url } = yield* serving((response) => response.end("yes"))
        const client = yield* HttpClient.HttpClient
        const leaving = yield* Effect.forkChild(exchange(client, HttpClientRequest.post(`${url}/left`), "1 minute"), {
          startImmediately: true
        })
        yield* Fiber.interrupt(leaving)
        yield* exchange(client, HttpClientRequest.post(`${url}/after`), "5 seconds")
        assert.deepStrictEqual(
          told.map((one) => one.url),
          ["/after"]
        )
      })
    )
  )

  it.live("sends nothing of a request with a header that HTTP cannot carry, and says so", () =>
    over(
      Effect.gen(function* () {
        const { told, url } = yield* serving((response) => response.end("yes"))
        const odd = HttpClientRequest.post(url, { headers: { authorization: "a\nb" } })
        const { errorClass, reason } = yield* Effect.flip(exchange(yield* HttpClient.HttpClient, odd, "5 seconds"))
        assert.deepStrictEqual([errorClass, reason], ["messagePermanent", "the request cannot be written as HTTP"])
        assert.deepStrictEqual(told, [])
      })
    )
  )

  it.live("is asked for a response with a stream only where the body needs it, or somebody traces", () =>
    over(
      Effect.gen(function* () {
        const { url } = yield* serving((response) => response.end("yes"))
        const client = yield* HttpClient.HttpClient
        const { execute } = client
        let responses = 0
        Object.assign(client, {
          execute: (request: HttpClientRequest.HttpClientRequest) => {
            responses++
            return execute(request)
          }
        })
        const post = HttpClientRequest.post(url)
        const asked: Array<number> = []
        const ask = Effect.fnUntraced(function* (request: HttpClientRequest.HttpClientRequest) {
          yield* exchange(client, request, "5 seconds")
          asked.push(responses)
        })
        yield* ask(post)
        yield* ask(HttpClientRequest.bodyText(post, "to=Ayu"))
        yield* ask(HttpClientRequest.bodyFormData(post, new FormData()))
        yield* Effect.withTracer(ask(post), Tracer.make({ span: (options) => new Tracer.NativeSpan(options) }))
        assert.deepStrictEqual(asked, [0, 0, 1, 2])
      })
    )
  )

  it.live("does what undici was told to do with each request", () =>
    over(
      Effect.gen(function* () {
        const { told, url } = yield* serving((response) => response.end("yes"))
        const client = yield* HttpClient.HttpClient
        const sending = exchange(client, HttpClientRequest.post(url), "5 seconds")
        yield* sending
        yield* Effect.provideService(sending, UndiciOptions, { reset: true })
        assert.deepStrictEqual(
          told.map((one) => one.headers.connection),
          ["keep-alive", "close"]
        )
      })
    )
  )

  it.live("passes nobody by: a client made of it, to refuse more, refuses", () =>
    over(
      Effect.gen(function* () {
        const { told, url } = yield* serving((response) => response.end("yes"))
        const client = yield* HttpClient.HttpClient
        const guarded = HttpClient.mapRequest(client, HttpClientRequest.setHeader("x-guard", "on"))
        yield* exchange(guarded, HttpClientRequest.post(url), "5 seconds")
        yield* exchange(client, HttpClientRequest.post(url), "5 seconds")
        assert.deepStrictEqual(
          told.map((one) => one.headers["x-guard"]),
          ["on", undefined]
        )
      })
    )
  )

  it.live("is a span of its own where somebody traces", () =>
    over(
      Effect.gen(function* () {
        const { told, url } = yield* serving((response) => response.end("yes"))
        const spans: Array<string> = []
        const tracer = Tracer.make({
          span: (options) => {
            spans.push(options.name)
            return new Tracer.NativeSpan(options)
          }
        })
        const client = yield* HttpClient.HttpClient
        yield* Effect.withTracer(exchange(client, HttpClientRequest.post(url), "5 seconds"), tracer)
        assert.deepStrictEqual(spans, ["POST"])
        assert.deepStrictEqual(
          told.map((one) => one.headers["traceparent"]),
          [undefined]
        )
      })
    )
  )
})
