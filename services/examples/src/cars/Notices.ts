/**
 * What providers are told, in lane bulk: that a sponsorship has ended, and that a balance is low. A notice is
 * at-least-once. Whom it is about is looked up when it is told: who has gone is not written to.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Context, Effect, Layer, Schema } from "effect"
import { Listings } from "./Listings.ts"
import { isLow, type Provider, Providers } from "./Providers.ts"

export type Notice =
  | { readonly _tag: "SponsorshipExpired"; readonly slug: string; readonly until: number }
  | { readonly _tag: "LowBalance"; readonly balance: number }

export class NotTold extends Schema.TaggedError<NotTold>()("NotTold", { reason: Schema.String }) {
  override get message(): string {
    return `the provider could not be told: ${this.reason}`
  }
}

export class Notices extends Context.Service<
  Notices,
  { readonly tell: (provider: Provider, notice: Notice) => Effect.Effect<void, NotTold> }
>()("fibercast/examples/cars/Notices") {
  /** Tells in the log. */
  static readonly layerLog: Layer.Layer<Notices> = Layer.succeed(Notices, {
    tell: ({ name }, notice) =>
      Effect.logInfo(
        notice._tag === "LowBalance"
          ? `${name} is told: the balance is down to ${notice.balance}`
          : `${name} is told: ${notice.slug} is sponsored no more`
      )
  })
}

const settings = {
  lane: "bulk",
  retry: RetryPolicy.backoff(["30 seconds", "5 minutes"], { tries: 3 }),
  timeout: "30 seconds"
} as const

const provider = (id: number) => Effect.flatMap(Providers, ({ get }) => get(id))

/** Null: the listing or its provider has gone. */
const about = Effect.fnUntraced(function* (id: number) {
  const listing = yield* (yield* Listings).get(id)
  if (listing === null || listing.deletedAt !== null) return null
  const of = yield* provider(listing.provider)
  return of === null ? null : { listing, provider: of }
})

export const SponsorshipExpired = Pipeline.make("cars.sponsorship-expired", {
  ...settings,
  payload: Schema.Struct({ listing: Schema.Int, until: Schema.Number })
}).pipe(
  Pipeline.dropWhen(
    ({ listing }) => Effect.map(about(listing), (found) => found === null),
    ({ listing }) => `listing ${listing} has gone`
  ),
  Pipeline.tap(({ listing: id, until }) =>
    Effect.gen(function* () {
      const found = yield* about(id)
      const { tell } = yield* Notices
      if (found !== null) {
        yield* tell(found.provider, { _tag: "SponsorshipExpired", slug: found.listing.slug, until })
      }
    })
  )
)

/** One a provider and week, however often it is asked for: `week` is the day of its Monday. */
export const LowBalance = Pipeline.make("cars.low-balance", {
  ...settings,
  payload: Schema.Struct({ provider: Schema.Int, week: Schema.NonEmptyString }),
  unique: { key: ({ provider, week }) => `${provider}/${week}`, for: "7 days" }
}).pipe(
  Pipeline.mapEffect(({ provider: id }) => provider(id)),
  Pipeline.filter((found) => found !== null && isLow(found), "the balance is not low any more"),
  Pipeline.tap((found) =>
    Effect.gen(function* () {
      const { tell } = yield* Notices
      if (found !== null) yield* tell(found, { _tag: "LowBalance", balance: found.walletBalance })
    })
  )
)
