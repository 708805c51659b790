import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpPing from "@fibercast/node/HttpPing"
import { Ping } from "@fibercast/ports/Ping"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Tracer } from "effect"

const layer = Layer.provide(HttpPing.layer, NodeHttpClient.layerUndici)

/** What is said of a ping that fails, and every attribute of every span of it. */
const failing = (url: string) => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return Effect.gen(function* () {
    const { message } = yield* Effect.flip((yield* Ping).ping(url))
    return { message, traced: JSON.stringify(spans.map(({ attributes, name }) => [name, ...attributes])) }
  }).pipe(Effect.withTracer(tracer), Effect.provide(layer))
}

describe("A ping that fails", () => {
  it.live("says which monitor and why, and keeps the token in its address to itself", () =>
    Effect.gen(function* () {
      for (const secret of ["http://user:s3cret@127.0.0.1:9/", "http://127.0.0.1:9/s3cret?token=s3cret"]) {
        const { message, traced } = yield* failing(secret)
        assert.match(message, /^the ping to 127\.0\.0\.1:9 failed: it could not be reached/)
        assert.notInclude(traced, "s3cret")
      }
      const { message } = yield* failing("s3cret")
      assert.strictEqual(message, "the ping to an address that is none failed: it is no address")
    })
  )
})
