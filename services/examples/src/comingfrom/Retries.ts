/**
 * Tries, waits in between, time limits, and what happens when all of them are used up.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Effect, Schema } from "effect"
import { Work, work } from "./Work.ts"

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

/** The file is not there yet. */
export class NotYet extends Schema.TaggedError<NotYet>()("NotYet", { retryAfter: Schema.Number }) {
  readonly errorClass = "rateLimited"
}

/** Looks every half minute, for a day at most; looking is no try. */
export const AwaitFile = Pipeline.make("files.await", {
  payload: Schema.String,
  retry: RetryPolicy.until("1 day", ["1 minute"])
}).pipe(
  Pipeline.tap((file) =>
    Effect.gen(function* () {
      const isThere = yield* Work.use(({ exists }) => exists(file))
      if (!isThere) return yield* new NotYet({ retryAfter: 30_000 })
      yield* work(`read ${file}`)
    })
  )
)
