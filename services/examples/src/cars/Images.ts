/**
 * The work on images: one in, as base64, and the path of what visitors get out. It stands for whatever resizes and
 * compresses them; this one looks at what they are and stores them as they came.
 *
 * A path depends on the content alone, so work that is done again changes nothing, and never what visitors see already.
 */
import { Config, Context, Effect, FileSystem, Layer, Path, type PlatformError, Result, Schema } from "effect"
import { Base64 } from "effect/encoding"
import { createHash } from "node:crypto"

/** It never will be an image. */
export class BadImage extends Schema.TaggedError<BadImage>()("BadImage", {
  listing: Schema.Int,
  /** From 1. */
  place: Schema.Int,
  reason: Schema.String
}) {
  readonly errorClass = "messagePermanent"

  override get message(): string {
    return `image ${this.place} of listing ${this.listing} ${this.reason}`
  }
}

export interface Image {
  readonly listing: number
  /** Its place among the listing's, from 1. */
  readonly place: number
  readonly base64: string
}

/** Bytes. */
export const maxSize = 10_000_000

/** By what a file begins with. */
const extensionOf = (bytes: Uint8Array): string | null => {
  const start = String.fromCharCode(...bytes.subarray(0, 12))
  if (start.startsWith("\u00ff\u00d8\u00ff")) return "jpg"
  if (start.startsWith("\u0089PNG\r\n\u001a\n")) return "png"
  return start.startsWith("RIFF") && start.endsWith("WEBP") ? "webp" : null
}

export class Images extends Context.Service<
  Images,
  { readonly process: (image: Image) => Effect.Effect<string, BadImage | PlatformError.PlatformError> }
>()("fibercast/examples/cars/Images") {
  /** Stores in `CARS_PHOTOS` (default `.fibercast/cars/photos`). */
  static readonly layerFolder: Layer.Layer<Images, Config.ConfigError, FileSystem.FileSystem | Path.Path> =
    Layer.effect(
      Images,
      Effect.gen(function* () {
        const folder = yield* Config.String("CARS_PHOTOS").pipe(Config.withDefault(".fibercast/cars/photos"))
        const files = yield* FileSystem.FileSystem
        const paths = yield* Path.Path

        const process = Effect.fn("Images.process")(function* ({ base64, listing, place }: Image) {
          const bad = (reason: string) => new BadImage({ listing, place, reason })
          const decoded = Base64.decode(base64)
          if (Result.isFailure(decoded)) return yield* bad("is not base64")
          const bytes = decoded.success
          if (bytes.length > maxSize) return yield* bad(`is larger than ${maxSize / 1_000_000} MB`)
          const extension = extensionOf(bytes)
          if (extension === null) return yield* bad("is no JPEG, PNG or WebP")
          const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 16)
          const path = `${listing}/${digest}.${extension}`
          yield* files.makeDirectory(paths.join(folder, String(listing)), { recursive: true })
          yield* files.writeFile(paths.join(folder, path), bytes)
          return path
        })
        return Images.of({ process })
      })
    )
}
