/**
 * A view of a listing is counted. It is at-least-once, so that a view is not lost; and it counts once however often it is
 * tried: its raw event carries the number of its delivery and is kept together with the count, so a try after one whose
 * outcome nobody knows finds the event, and counts nothing.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Effect, Schema } from "effect"
import { Analytics } from "./Analytics.ts"
import { Listings } from "./Listings.ts"

export const IncrementViews = Pipeline.make("cars.views", {
  payload: Schema.Struct({ listing: Schema.Int, visitor: Schema.NonEmptyString, at: Schema.Int }),
  retry: RetryPolicy.backoff(["10 seconds", "30 seconds", "60 seconds"], { tries: 3 }),
  timeout: "30 seconds"
}).pipe(
  Pipeline.tap((view, { delivery }) =>
    Effect.gen(function* () {
      const { once } = yield* Analytics
      const { addView } = yield* Listings
      yield* once({ ...view, id: `view/${delivery.id}`, type: "view" }, addView(view.listing))
    })
  )
)
