import { assert, describe, it } from "@effect/vitest"
import { memoryCapacity, WorkStream } from "@fibercast/ports/WorkStream"
import { Effect, Stream } from "effect"
import { chunk } from "./GivenChunks.ts"
import { virtual } from "./Pace.ts"
import { on, sentencesOf } from "./WorkStreamSuite.ts"

describe("WorkStream (memory)", () => {
  for (const one of sentencesOf(virtual, 200)) {
    const { holds, says } = on(one, WorkStream.layerMemory)
    it.effect(says, () => holds)
  }

  it.effect("a lane that is full refuses, and takes more once there is room", () =>
    Effect.gen(function* () {
      const stream = yield* WorkStream
      for (let at = 0; at < memoryCapacity; at++) yield* stream.publish(chunk(`c${at}`))
      const error = yield* Effect.flip(stream.publish(chunk("one more")))
      assert.strictEqual(error._tag, "WorkStreamUnavailable")
      assert.match(error.message, /the lane normal holds 4096 chunks/)
      yield* stream.publish(chunk("elsewhere", { lane: "bulk" }))
      yield* Stream.runForEach(Stream.take(stream.consume("normal", { ahead: 1 }), 1), ({ ack }) => ack)
      yield* stream.publish(chunk("one more"))
    }).pipe(Effect.provide(WorkStream.layerMemory()))
  )
})
