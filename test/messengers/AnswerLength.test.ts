import { assert, describe, it } from "@effect/vitest"
import { exchange } from "@fibercast/messengers/HttpExchange"
import { Effect } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import * as net from "node:net"
import { gzipSync } from "node:zlib"
import { clients } from "./HttpClients.ts"

/** What a server says to each request, byte for byte, before it hangs up. */
const saying = (...said: ReadonlyArray<string | Uint8Array>) =>
  Effect.acquireRelease(
    Effect.callback<net.Server>((resume) => {
      const server = net.createServer((socket) => {
        socket.on("error", () => socket.destroy())
        socket.once("data", () => socket.end(Buffer.concat(said.map((part) => Buffer.from(part)))))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

const head = (...headers: ReadonlyArray<string>) => ["HTTP/1.1 200 OK", ...headers, "", ""].join("\r\n")

const answerTo = (...said: ReadonlyArray<string | Uint8Array>) =>
  Effect.gen(function* () {
    const address = (yield* saying(...said)).address()
    const port = typeof address === "object" ? address?.port : undefined
    const client = yield* HttpClient.HttpClient
    return yield* exchange(client, HttpClientRequest.post(`http://127.0.0.1:${port}/`), "10 seconds")
  })

const long = "x".repeat(70_000)

for (const [name, client] of clients) {
  describe(`An answer over ${name}`, () => {
    it.live("that says how long it is is read as far as that", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* answerTo(head("content-length: 3"), "yes")).text, "yes")
        assert.strictEqual((yield* answerTo(head("content-length: 3"), "yes", long)).text, "yes")
        assert.strictEqual((yield* answerTo(head("content-length: 0"))).text, "")
      }).pipe(Effect.scoped, Effect.provide(client))
    )

    it.live("that does not say how long it is is read to its end", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* answerTo(head("connection: close"), "yes")).text, "yes")
        const pieces = yield* answerTo(head("transfer-encoding: chunked"), "2\r\nye\r\n1\r\ns\r\n0\r\n\r\n")
        assert.strictEqual(pieces.text, "yes")
      }).pipe(Effect.scoped, Effect.provide(client))
    )

    it.live("that is cut off is no answer", () =>
      Effect.gen(function* () {
        const { errorClass, reason } = yield* Effect.flip(answerTo(head("content-length: 100"), "yes"))
        assert.deepStrictEqual([errorClass, reason], ["unknown", "the connection was lost within the answer"])
      }).pipe(Effect.scoped, Effect.provide(client))
    )

    it.live("is read no further than 64 KiB, whatever it says of its length", () =>
      Effect.gen(function* () {
        for (const said of [
          [head(`content-length: ${long.length}`), long],
          [head("connection: close"), long],
          [head("transfer-encoding: chunked"), `11170\r\n${long}\r\n0\r\n\r\n`],
          [head("transfer-encoding: chunked", "content-length: 3"), `11170\r\n${long}\r\n0\r\n\r\n`]
        ]) {
          assert.strictEqual((yield* Effect.flip(answerTo(...said))).errorClass, "unknown")
        }
      }).pipe(Effect.scoped, Effect.provide(client))
    )

    it.live("that is packed is read no further than 64 KiB of what it unpacks to", () =>
      Effect.gen(function* () {
        const packed = gzipSync(long)
        const said = head(`content-length: ${packed.length}`, "content-encoding: gzip")
        const read = yield* Effect.exit(answerTo(said, packed))
        const isShort = read._tag === "Failure" || read.value.text.length <= packed.length
        assert.isTrue(isShort)
      }).pipe(Effect.scoped, Effect.provide(client))
    )
  })
}
