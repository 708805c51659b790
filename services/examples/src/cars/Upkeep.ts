/**
 * What the site does by the clock. Each run may be made again after one that failed or died: what was done is not done
 * twice. Large amounts are worked in chunks, each in a transaction of its own.
 */
import { type TriggerRun } from "@fibercast/engine/TriggerRun"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Dispatch from "@fibercast/ports/Dispatch"
import { Clock, Effect } from "effect"
import { Analytics } from "./Analytics.ts"
import * as Days from "./Days.ts"
import { Listings } from "./Listings.ts"
import { LowBalance, SponsorshipExpired } from "./Notices.ts"
import { Providers } from "./Providers.ts"
import { Sitemap } from "./Sitemap.ts"

/** Milliseconds. */
const day = 86_400_000

/** How long raw events and deleted listings are kept, in milliseconds. */
export const kept = { events: 180 * day, deleted: 30 * day }

/** Rows of one transaction. */
export const chunk = { listings: 500, events: 10_000 }

/** Again until less than `limit` was done; answers how much in all. */
const allOf = <E, R>(limit: number, some: Effect.Effect<number, E, R>): Effect.Effect<number, E, R> =>
  Effect.gen(function* () {
    let all = 0
    for (;;) {
      const done = yield* some
      all += done
      if (done < limit) return all
    }
  })

/** Ends the sponsorships that are over; its provider is told of each, in the transaction that ends it. */
export const expireSponsored = Effect.fn("Upkeep.expireSponsored")(function* ({ workspaceId }: TriggerRun) {
  const { expireSponsored } = yield* Listings
  const now = yield* Clock.currentTimeMillis
  const limit = chunk.listings
  const some = expireSponsored({ now, limit }, (payloads) =>
    Pipeline.dispatchMany(SponsorshipExpired, { workspaceId, payloads }).pipe(Effect.flatMap(Dispatch.orFail))
  )
  return `${yield* allOf(limit, some)} sponsorships have ended`
})

export const expireFeatured = Effect.fn("Upkeep.expireFeatured")(function* () {
  const { expireFeatured } = yield* Listings
  return `${yield* expireFeatured(yield* Clock.currentTimeMillis)} listings are featured no more`
})

/** Yesterday as of the run's own time, however late it is; and the days of the runs that it stands for. */
export const aggregate = Effect.fn("Upkeep.aggregate")(function* (run: TriggerRun) {
  const { aggregate } = yield* Analytics
  const counts = yield* Effect.forEach(Days.before(run), (day) =>
    Effect.map(aggregate(day), (count) => `${day.name}: ${count} listings`)
  )
  return counts.join(", ")
})

export const archive = Effect.fn("Upkeep.archive")(function* ({ nominal }: TriggerRun) {
  const { archive } = yield* Analytics
  const gone = yield* allOf(chunk.events, archive(nominal - kept.events, chunk.events))
  return `${gone} raw events are gone`
})

export const purge = Effect.fn("Upkeep.purge")(function* ({ nominal }: TriggerRun) {
  const { purge } = yield* Listings
  const gone = yield* allOf(chunk.listings, purge(nominal - kept.deleted, chunk.listings))
  return `${gone} deleted listings are gone`
})

export const writeSitemap = Effect.fn("Upkeep.writeSitemap")(function* () {
  const { write } = yield* Sitemap
  return `${yield* write} addresses`
})

export const remindLowBalance = Effect.fn("Upkeep.remindLowBalance")(function* ({ wallTime, workspaceId }: TriggerRun) {
  const { low } = yield* Providers
  const week = wallTime.slice(0, 10)
  let after = 0
  let count = 0
  for (;;) {
    const page = yield* low({ after, limit: chunk.listings })
    const payloads = page.map(({ id: provider }) => ({ provider, week }))
    yield* Dispatch.orFail(yield* Pipeline.dispatchMany(LowBalance, { workspaceId, payloads }))
    count += page.length
    after = page.at(-1)?.id ?? after
    if (page.length < chunk.listings) return `${count} balances are low`
  }
})
