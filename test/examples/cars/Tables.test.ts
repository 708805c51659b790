import { Analytics } from "@fibercast/examples/cars/Analytics"
import * as Days from "@fibercast/examples/cars/Days"
import { Listings } from "@fibercast/examples/cars/Listings"
import { Providers } from "@fibercast/examples/cars/Providers"
import * as SqlListings from "@fibercast/examples/cars/SqlListings"
import * as Tables from "@fibercast/examples/cars/Tables"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../../support/TestDatabase.ts"
import * as Cars from "./Cars.ts"

const sql = Layer.mergeAll(SqlListings.layer, Providers.layerSql, Analytics.layerSql).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

const at = (text: string) => Date.parse(text)

for (const [where, layer] of [
  ["memory", Cars.memory],
  ["Postgres", sql]
] as const) {
  describe(`The listings (${where})`, () => {
    const now = at("2026-03-01T00:01:00Z")

    it.live("are kept as they were put, and keep views and photos when they are put again", () =>
      Effect.gen(function* () {
        const { addView, setPhotos } = yield* Listings
        const full = {
          ...Cars.listing(1),
          isAvailable: false,
          isHidden: true,
          sponsoredUntil: now + 1,
          featured: { until: now + 2, position: 3 },
          deletedAt: now
        }
        yield* Cars.putProviders(Cars.provider(1))
        yield* Cars.putListings(Cars.listing(1))
        yield* addView(1)
        yield* addView(1)
        yield* addView(99)
        yield* setPhotos(1, ["1/a.jpg", "1/b.jpg"])
        yield* Cars.putListings(full)
        assert.deepStrictEqual(yield* Cars.get(1), { ...full, views: 2, photos: ["1/a.jpg", "1/b.jpg"] })
        assert.isNull(yield* Cars.get(99))
      }).pipe(Effect.provide(layer))
    )

    it.live("whose sponsorship is over end it, at most so many at a time, each told once", () =>
      Effect.gen(function* () {
        const { expireSponsored } = yield* Listings
        yield* Cars.putProviders(Cars.provider(1))
        yield* Cars.putListings(
          Cars.listing(1, { sponsoredUntil: now }),
          Cars.listing(2, { sponsoredUntil: now - 5 }),
          Cars.listing(3, { sponsoredUntil: now + 1 }),
          Cars.listing(4),
          Cars.listing(5, { sponsoredUntil: now - 7 }),
          Cars.listing(6, { sponsoredUntil: now - 9, deletedAt: now })
        )
        const told: Array<unknown> = []
        const some = expireSponsored({ now, limit: 2 }, (ended) => Effect.sync(() => told.push(ended)))
        assert.deepStrictEqual([yield* some, yield* some, yield* some], [2, 1, 0])
        assert.deepStrictEqual(told, [
          [
            { listing: 1, provider: 1, until: now },
            { listing: 2, provider: 1, until: now - 5 }
          ],
          [{ listing: 5, provider: 1, until: now - 7 }]
        ])
        const until = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (id) =>
          Effect.map(Cars.get(id), (one) => one?.sponsoredUntil)
        )
        assert.deepStrictEqual(until, [null, null, now + 1, null, null, now - 9])
      }).pipe(Effect.provide(layer))
    )

    it.live("stay sponsored when the telling fails", () =>
      Effect.gen(function* () {
        const { expireSponsored } = yield* Listings
        yield* Cars.putProviders(Cars.provider(1))
        yield* Cars.putListings(Cars.listing(1, { sponsoredUntil: now }))
        const refused = expireSponsored({ now, limit: 2 }, () => Effect.fail("no room" as const))
        assert.strictEqual(yield* Effect.flip(refused), "no room")
        assert.strictEqual((yield* Cars.get(1))?.sponsoredUntil, now)
      }).pipe(Effect.provide(layer))
    )

    it.live("are featured no more once that is over, and lose their position", () =>
      Effect.gen(function* () {
        const { expireFeatured } = yield* Listings
        yield* Cars.putProviders(Cars.provider(1))
        yield* Cars.putListings(
          Cars.listing(1, { featured: { until: now, position: 1 } }),
          Cars.listing(2, { featured: { until: now + 1, position: 2 } }),
          Cars.listing(3, { featured: { until: now - 1, position: 3 }, deletedAt: now })
        )
        assert.deepStrictEqual([yield* expireFeatured(now), yield* expireFeatured(now)], [1, 0])
        assert.isNull((yield* Cars.get(1))?.featured)
        assert.deepStrictEqual((yield* Cars.get(2))?.featured, { until: now + 1, position: 2 })
      }).pipe(Effect.provide(layer))
    )

    it.live("that were deleted long ago are purged, in chunks, and no others", () =>
      Effect.gen(function* () {
        const { purge } = yield* Listings
        yield* Cars.putProviders(Cars.provider(1))
        yield* Cars.putListings(
          Cars.listing(1, { deletedAt: now }),
          Cars.listing(2, { deletedAt: now - 1 }),
          Cars.listing(3, { deletedAt: now + 1 }),
          Cars.listing(4),
          Cars.listing(5, { deletedAt: now - 2 })
        )
        assert.deepStrictEqual([yield* purge(now, 2), yield* purge(now, 2), yield* purge(now, 2)], [2, 1, 0])
        const left = yield* Effect.filter([1, 2, 3, 4, 5], (id) => Effect.map(Cars.get(id), (one) => one !== null))
        assert.deepStrictEqual(left, [3, 4])
      }).pipe(Effect.provide(layer))
    )

    it.live("are shown when they are available, neither hidden nor deleted, page by page", () =>
      Effect.gen(function* () {
        const { shown } = yield* Listings
        yield* Cars.putProviders(Cars.provider(1))
        yield* Cars.putListings(
          Cars.listing(5),
          Cars.listing(1),
          Cars.listing(2, { isAvailable: false }),
          Cars.listing(3, { isHidden: true }),
          Cars.listing(4, { deletedAt: now }),
          Cars.listing(6)
        )
        const ids = (after: number) =>
          Effect.map(shown({ after, limit: 2 }), (listings) => listings.map(({ id }) => id))
        assert.deepStrictEqual([yield* ids(0), yield* ids(5), yield* ids(6)], [[1, 5], [6], []])
      }).pipe(Effect.provide(layer))
    )
  })

  describe(`The providers (${where})`, () => {
    it.live("are kept as they were put, and change", () =>
      Effect.gen(function* () {
        const { get, put } = yield* Providers
        yield* put(Cars.provider(1))
        const changed = Cars.provider(1, {
          walletBalance: 49.99,
          isVerified: false,
          updatedAt: at("2026-01-02T03:04:05Z")
        })
        yield* put(changed)
        assert.deepStrictEqual(yield* get(1), changed)
        assert.isNull(yield* get(2))
      }).pipe(Effect.provide(layer))
    )

    it.live("are low between nothing and fifty, both left out", () =>
      Effect.gen(function* () {
        const balances = [0, 0.01, 49.99, 50, -3, 20]
        yield* Cars.putProviders(...balances.map((walletBalance, n) => Cars.provider(n + 1, { walletBalance })))
        const { low } = yield* Providers
        const ids = (after: number) => Effect.map(low({ after, limit: 2 }), (all) => all.map(({ id }) => id))
        assert.deepStrictEqual([yield* ids(0), yield* ids(3)], [[2, 3], [6]])
      }).pipe(Effect.provide(layer))
    )

    it.live("are shown when they are verified and active", () =>
      Effect.gen(function* () {
        yield* Cars.putProviders(
          Cars.provider(1),
          Cars.provider(2, { isVerified: false }),
          Cars.provider(3, { isActive: false }),
          Cars.provider(4)
        )
        const { shown } = yield* Providers
        assert.deepStrictEqual(
          (yield* shown({ after: 0, limit: 10 })).map(({ id }) => id),
          [1, 4]
        )
      }).pipe(Effect.provide(layer))
    )
  })

  describe(`The analytics (${where})`, () => {
    const march = Days.day("2026-03-29", Cars.zone)

    it.live("keep an event once, and do with it what was asked once, or neither", () =>
      Effect.gen(function* () {
        const { once } = yield* Analytics
        let times = 0
        const also = Effect.sync(() => (times += 1))
        const failing = once(Cars.event("a", march.from), Effect.fail("not now" as const))
        assert.strictEqual(yield* Effect.flip(failing), "not now")
        yield* once(Cars.event("a", march.from), also)
        yield* once(Cars.event("a", march.from), also)
        assert.strictEqual(times, 1)
      }).pipe(Effect.provide(layer))
    )

    it.live("come to the same stats however often a day is aggregated, from its first instant to its last", () =>
      Effect.gen(function* () {
        const { aggregate } = yield* Analytics
        yield* Cars.record(
          Cars.event("1", march.from - 1),
          Cars.event("2", march.from),
          Cars.event("3", march.from + 1, { visitor: "v2" }),
          Cars.event("4", march.until - 1, { type: "call" }),
          Cars.event("5", march.until),
          Cars.event("6", march.from, { type: "chat", listing: 2 }),
          Cars.event("7", march.from, { type: "favourite", listing: 2, visitor: "v3" }),
          Cars.event("8", march.from, { type: "share", listing: 2, visitor: "v3" })
        )
        const expected = [
          { listing: 1, views: 2, visitors: 2, calls: 1, chats: 0, favourites: 0, shares: 0 },
          { listing: 2, views: 0, visitors: 2, calls: 0, chats: 1, favourites: 1, shares: 1 }
        ]
        assert.strictEqual(yield* aggregate(march), 2)
        assert.deepStrictEqual(yield* Cars.stats(march.name), expected)
        assert.strictEqual(yield* aggregate(march), 2)
        assert.deepStrictEqual(yield* Cars.stats(march.name), expected)
        yield* Cars.record(Cars.event("9", march.from, { visitor: "v4" }))
        yield* aggregate(march)
        assert.deepInclude((yield* Cars.stats(march.name))[0], { views: 3, visitors: 3 })
      }).pipe(Effect.provide(layer))
    )

    it.live("archive what is old, in chunks, and keep the stats that it came to", () =>
      Effect.gen(function* () {
        const { aggregate, archive } = yield* Analytics
        yield* Cars.record(...[0, 1, 2, 3].map((n) => Cars.event(`${n}`, march.from + n)))
        yield* aggregate(march)
        yield* Cars.record(Cars.event("4", march.from + 4, { listing: 2 }))
        const old = archive(march.from + 3, 2)
        assert.deepStrictEqual([yield* old, yield* old, yield* old], [2, 1, 0])
        yield* archive(march.until, 10)
        yield* aggregate(march)
        assert.deepInclude((yield* Cars.stats(march.name))[0], { views: 4 })
      }).pipe(Effect.provide(layer))
    )
  })
}

describe("The tables of the site", () => {
  it.live("are made once, whoever starts at the same time, in a schema of their own", () =>
    Effect.gen(function* () {
      const client = yield* SqlClient.SqlClient
      yield* Effect.all([Tables.bringUp, Tables.bringUp, Tables.bringUp], { concurrency: 3 })
      yield* Tables.bringUp
      assert.deepStrictEqual(yield* client`select migration_id, name from cars.migrations`, [
        { migration_id: 1, name: "first" }
      ])
      const made = yield* client<{ readonly name: string }>`
        select tablename as name from pg_tables where schemaname = 'cars' order by 1`
      assert.deepStrictEqual(
        made.map(({ name }) => name),
        ["daily_stats", "events", "listings", "migrations", "providers"]
      )
    }).pipe(Effect.provide(TestDatabase.layer))
  )
})
