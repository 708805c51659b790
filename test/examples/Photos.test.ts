import * as Batches from "@fibercast/engine/Batches"
import {
  Encode,
  CleanUp,
  Complain,
  Files,
  Publish,
  publishAlbum,
  publishVideo,
  Resize
} from "@fibercast/examples/Photos"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

const world = () => {
  const ran: Array<string> = []
  const files = Layer.succeed(Files, {
    run: (what, name) =>
      Effect.suspend(() => {
        ran.push(`${what} ${name}`)
        return name.startsWith("broken") ? Effect.die(new Error("not a photo")) : Effect.void
      })
  })
  const pipelines = [Resize, Publish, Complain, CleanUp, Encode]
  return { ran, engine: TestEngine.layer({ pipelines }).pipe(Layer.provide(files)) }
}

/** Long enough for every try. */
const pass = Effect.repeat(Effect.andThen(TestClock.adjust("5 seconds"), TestEngine.catchUp), { times: 59 })

describe("The photos", () => {
  it.effect("are made smaller, and then the album is published and cleaned up", () => {
    const { engine, ran } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* publishAlbum(workspaceId, "Bali", ["a.jpg", "b.jpg"])
      yield* pass
      assert.strictEqual((yield* Batches.awaitEnd({ workspaceId, batchId })).status, "completed")
      assert.deepStrictEqual(ran.slice(0, 2).toSorted(), ["photos.resize a.jpg", "photos.resize b.jpg"])
      assert.deepStrictEqual(ran.slice(2).toSorted(), ["album.clean-up Bali", "album.publish Bali"])
    }).pipe(Effect.provide(engine))
  })

  it.effect("are published though one is broken, and somebody is told; not if two are", () => {
    const { engine, ran } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* publishAlbum(workspaceId, "Bali", ["broken 1", "b.jpg"])
      yield* publishAlbum(workspaceId, "Lombok", ["broken 1", "broken 2"])
      yield* pass
      const albums = ran.filter((one) => one.startsWith("album")).toSorted()
      assert.deepStrictEqual(albums, [
        "album.clean-up Bali",
        "album.clean-up Lombok",
        "album.complain Bali",
        "album.complain Lombok",
        "album.publish Bali"
      ])
    }).pipe(Effect.provide(engine))
  })

  it.effect("of a video are made when it is encoded, and it is published a minute after both", () => {
    const { engine, ran } = world()
    return Effect.gen(function* () {
      yield* publishVideo(yield* TestEngine.workspace(), "v")
      for (let seconds = 0; seconds < 30; seconds += 1) {
        yield* TestClock.adjust("1 second")
        yield* TestEngine.catchUp
      }
      assert.strictEqual(ran[0], "video.encode v")
      assert.deepStrictEqual(ran.slice(1).toSorted(), ["photos.resize v.large", "photos.resize v.small"])
      yield* pass
      assert.deepStrictEqual(ran.slice(3), ["album.publish v"])
    }).pipe(Effect.provide(engine))
  })
})
