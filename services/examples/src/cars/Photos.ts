/**
 * The photos of a listing are processed, and then shown in place of those before, all or none. A bad image fails the whole
 * for good, with its reason; what takes too long, twice, ends in doubt, and can be tried again: it does the same.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Effect, Schema } from "effect"
import { Images } from "./Images.ts"
import { Listings } from "./Listings.ts"

/** Images of one listing, as base64. */
const Uploaded = Schema.Array(Schema.String).check(Schema.isMinLength(1), Schema.isMaxLength(20))

export const ProcessImages = Pipeline.make("cars.images", {
  payload: Schema.Struct({ listing: Schema.Int, images: Uploaded }),
  lane: "high",
  retry: RetryPolicy.after("1 second", { tries: 2 }),
  timeout: "120 seconds",
  tags: ({ listing }) => [`listing:${listing}`]
}).pipe(
  Pipeline.tap(({ images, listing }) =>
    Effect.gen(function* () {
      const { process } = yield* Images
      const paths = yield* Effect.forEach(images, (base64, index) => process({ listing, place: index + 1, base64 }))
      yield* (yield* Listings).setPhotos(listing, paths)
    })
  )
)
