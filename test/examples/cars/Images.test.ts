import * as NodeServices from "@effect/platform-node/NodeServices"
import { Images, maxSize } from "@fibercast/examples/cars/Images"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer } from "effect"
import { Base64 } from "effect/encoding"
import { tempFolder } from "../../support/TempFolder.ts"

const bytes = (start: string, size = 64) => Uint8Array.from({ length: size }, (_, n) => start.charCodeAt(n) || 0)

const jpeg = bytes("\u00ff\u00d8\u00ff\u00e0")
const png = bytes("\u0089PNG\r\n\u001a\n")
const webp = bytes("RIFF0000WEBP")

const inFolder = (folder: string) =>
  Images.layerFolder.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ CARS_PHOTOS: folder }))))

const image = (base64: string) => ({ listing: 7, place: 2, base64 })

describe("An image of a listing", () => {
  it.live("is stored by its content, so that the same again is at the same place", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const files = yield* FileSystem.FileSystem
      const { process } = yield* Effect.provide(Images, inFolder(folder))
      const paths = yield* Effect.forEach([jpeg, png, webp, jpeg], (one) => process(image(Base64.encode(one))))
      assert.deepStrictEqual(
        paths.map((path) => path.replace(/[0-9a-f]{16}/u, "…")),
        ["7/….jpg", "7/….png", "7/….webp", "7/….jpg"]
      )
      assert.strictEqual(paths[0], paths[3])
      assert.deepStrictEqual(yield* files.readFile(`${folder}/${paths[1]}`), png)
      assert.lengthOf(yield* files.readDirectory(`${folder}/7`), 3)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("that is none is refused with the reason, for good", () =>
    Effect.gen(function* () {
      const { process } = yield* Effect.provide(Images, inFolder(yield* tempFolder))
      const reasons = yield* Effect.forEach(
        ["?", "", Base64.encode("%PDF-1.7 and so on"), Base64.encode(bytes("\u00ff\u00d8\u00ff", maxSize + 1))],
        (base64) => Effect.flip(process(image(base64)))
      )
      assert.deepStrictEqual(
        reasons.map(({ message }) => message),
        [
          "image 2 of listing 7 is not base64",
          "image 2 of listing 7 is no JPEG, PNG or WebP",
          "image 2 of listing 7 is no JPEG, PNG or WebP",
          "image 2 of listing 7 is larger than 10 MB"
        ]
      )
      assert.isTrue(reasons.every((one) => one._tag === "BadImage" && one.errorClass === "messagePermanent"))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
