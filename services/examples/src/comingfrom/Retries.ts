/**
 * Tries, waits in between, time limits, and what happens when all of them are used up.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Schema } from "effect"
import { work } from "./Work.ts"

export const Charge = Pipeline.make("cards.charge", {
  payload: Schema.Struct({ order: Schema.Int }),
  retry: RetryPolicy.backoff(["1 second", "5 seconds", "10 seconds"], { tries: 5 }),
  timeout: "20 seconds"
}).pipe(
  Pipeline.tap(({ order }) => work(`charge ${order}`), {
    classify: ({ reason }) => (reason === "busy" ? "transient" : "messagePermanent")
  }),
  Pipeline.onFailure(({ payload, reason }) => work(`tell support of ${payload?.order}: ${reason}`))
)

/** As often as it takes for an hour, a minute apart. */
export const SyncStock = Pipeline.make("stock.sync", {
  payload: Schema.String,
  retry: RetryPolicy.until("1 hour", ["1 minute"])
}).pipe(Pipeline.tap((shop) => work(`sync ${shop}`)))

/** Once, and never twice: what a crash leaves in doubt ends as unknown. */
export const Wire = Pipeline.make("bank.wire", {
  payload: Schema.Struct({ order: Schema.Int }),
  guarantee: "at-most-once",
  retry: RetryPolicy.never
}).pipe(Pipeline.tap(({ order }) => work(`wire ${order}`), { sends: true }))
