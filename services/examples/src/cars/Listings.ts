/**
 * The cars on offer. Instants are epoch milliseconds.
 *
 * What `expireSponsored` does with the listings is done if and only if their sponsorship has ended: on Postgres in one
 * transaction with it.
 */
import { Context, type Effect } from "effect"
import { type SqlError } from "effect/sql"
import { type Page } from "./Providers.ts"

export interface NewListing {
  readonly id: number
  /** Whose it is. */
  readonly provider: number
  /** Unique, in its address. */
  readonly slug: string
  readonly updatedAt: number
  /** Default true. */
  readonly isAvailable?: boolean
  /** Default false. */
  readonly isHidden?: boolean
  /** Null, the default: it is not sponsored. */
  readonly sponsoredUntil?: number | null
  /** Null, the default: it is not featured. */
  readonly featured?: { readonly until: number; readonly position: number } | null
  /** It is gone for visitors, and can be brought back. Null, the default: it is not deleted. */
  readonly deletedAt?: number | null
}

export interface Listing extends Required<NewListing> {
  readonly views: number
  /** Where its photos are, in their order. */
  readonly photos: ReadonlyArray<string>
}

/** A sponsorship that is over. */
export interface Ended {
  readonly listing: number
  readonly provider: number
  /** When it was over. */
  readonly until: number
}

export class Listings extends Context.Service<
  Listings,
  {
    /** Adds the listing, or changes what is known of it; views and photos stay. */
    readonly put: (listing: NewListing) => Effect.Effect<void, SqlError.SqlError>
    /** Also one that is deleted, until it is purged. */
    readonly get: (id: number) => Effect.Effect<Listing | null, SqlError.SqlError>
    /**
     * Ends at most `limit` sponsorships that are over by `now`, and does `tell` with them, both or neither. Those of deleted
     * listings stay. Answers how many; `tell` is not done with none.
     */
    readonly expireSponsored: <E, R>(
      options: { readonly now: number; readonly limit: number },
      tell: (ended: ReadonlyArray<Ended>) => Effect.Effect<unknown, E, R>
    ) => Effect.Effect<number, E | SqlError.SqlError, R>
    /** Those that are over by `now` are featured no more, and have no position. Deleted ones stay. Answers how many. */
    readonly expireFeatured: (now: number) => Effect.Effect<number, SqlError.SqlError>
    /** One view more. Of a listing that is gone nothing is counted. */
    readonly addView: (id: number) => Effect.Effect<void, SqlError.SqlError>
    readonly setPhotos: (id: number, photos: ReadonlyArray<string>) => Effect.Effect<void, SqlError.SqlError>
    /** Removes for good at most `limit` that were deleted at the instant or before. Answers how many. */
    readonly purge: (deletedBy: number, limit: number) => Effect.Effect<number, SqlError.SqlError>
    /** What visitors see: available, not hidden, not deleted; by id. */
    readonly shown: (page: Page) => Effect.Effect<ReadonlyArray<Listing>, SqlError.SqlError>
  }
>()("fibercast/examples/cars/Listings") {}
