/**
 * Listings that live and die with the process.
 */
import { Effect, Layer } from "effect"
import { type Listing, Listings } from "./Listings.ts"

const isThere = ({ deletedAt }: Listing) => deletedAt === null

export const layer: Layer.Layer<Listings> = Layer.sync(Listings, () => {
  const all = new Map<number, Listing>()

  const change = (id: number, to: (listing: Listing) => Partial<Listing>) =>
    Effect.sync(() => {
      const listing = all.get(id)
      if (listing !== undefined) all.set(id, { ...listing, ...to(listing) })
    })

  const those = (isOne: (listing: Listing) => boolean) =>
    [...all.values()].filter(isOne).toSorted((a, b) => a.id - b.id)

  return Listings.of({
    put: (listing) =>
      Effect.sync(() => {
        const { photos = [], views = 0 } = all.get(listing.id) ?? {}
        const usual = { isAvailable: true, isHidden: false, sponsoredUntil: null, featured: null, deletedAt: null }
        all.set(listing.id, { ...usual, ...listing, photos, views })
      }),
    get: (id) => Effect.sync(() => all.get(id) ?? null),
    expireSponsored: Effect.fnUntraced(function* ({ limit, now }, tell) {
      const ended = those((one) => isThere(one) && one.sponsoredUntil !== null && one.sponsoredUntil <= now)
        .slice(0, limit)
        .map(({ id, provider, sponsoredUntil }) => ({ listing: id, provider, until: sponsoredUntil ?? now }))
      if (ended.length > 0) yield* tell(ended)
      for (const { listing } of ended) yield* change(listing, () => ({ sponsoredUntil: null }))
      return ended.length
    }),
    expireFeatured: Effect.fnUntraced(function* (now) {
      const over = those((one) => isThere(one) && one.featured !== null && one.featured.until <= now)
      for (const { id } of over) yield* change(id, () => ({ featured: null }))
      return over.length
    }),
    addView: (id) => change(id, ({ views }) => ({ views: views + 1 })),
    setPhotos: (id, photos) => change(id, () => ({ photos })),
    purge: (deletedBy, limit) =>
      Effect.sync(() => {
        const old = those(({ deletedAt }) => deletedAt !== null && deletedAt <= deletedBy).slice(0, limit)
        for (const { id } of old) all.delete(id)
        return old.length
      }),
    shown: ({ after, limit }) =>
      Effect.sync(() =>
        those((one) => one.id > after && one.isAvailable && !one.isHidden && isThere(one)).slice(0, limit)
      )
  })
})
