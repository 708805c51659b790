import * as NodeServices from "@effect/platform-node/NodeServices"
import { Listings } from "@fibercast/examples/cars/Listings"
import { Sitemap } from "@fibercast/examples/cars/Sitemap"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer, Stream } from "effect"
import { Xml } from "effect/encoding"
import { SqlError } from "effect/sql"
import * as Cars from "./Cars.ts"
import { tempFolder } from "../../support/TempFolder.ts"

const updatedAt = Date.parse("2026-05-04T10:00:00Z")

/** A folder with nothing in it, and the file of the sitemap there. */
const place = Effect.map(tempFolder, (folder) => ({ folder, file: `${folder}/public/sitemap.xml` }))

const sitemapAt = (file: string) =>
  Sitemap.layerFile.pipe(
    Layer.provide(
      ConfigProvider.layer(ConfigProvider.fromUnknown({ CARS_SITE: "https://cars.test", CARS_SITEMAP: file }))
    )
  )

const write = Effect.flatMap(Sitemap, (sitemap) => sitemap.write)

const text = (file: string) => Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(file))

/** The addresses in the document, as a reader of XML finds them. */
const addresses = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    files.stream(file).pipe(
      Stream.pipeThroughChannel(Xml.decode()),
      Stream.pipeThroughChannel(Xml.elements(["urlset", "url", "loc"])),
      Stream.map(({ children }) => children.join("")),
      Stream.runCollect
    )
  )

const world = Layer.mergeAll(Cars.memory, NodeServices.layer)

const failed = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({ cause: new Error("the database went away") })
})

describe("The sitemap", () => {
  it.live("has the static pages, what visitors see of the listings, and the verified providers", () =>
    Effect.gen(function* () {
      const { file } = yield* place
      yield* Cars.putProviders(Cars.provider(1, { updatedAt }), Cars.provider(2, { isVerified: false }))
      yield* Cars.putListings(
        Cars.listing(1, { slug: `a&b <"c'> d/é`, updatedAt }),
        Cars.listing(2, { isHidden: true }),
        Cars.listing(3, { isAvailable: false }),
        Cars.listing(4, { deletedAt: updatedAt })
      )
      assert.strictEqual(yield* Effect.provide(write, sitemapAt(file)), 5)
      assert.deepStrictEqual(yield* addresses(file), [
        "https://cars.test/",
        "https://cars.test/car-marketplace",
        "https://cars.test/rent-car",
        "https://cars.test/car-listings/a%26b%20%3C%22c'%3E%20d%2F%C3%A9",
        "https://cars.test/car-providers/1"
      ])
      assert.include(
        yield* text(file),
        "<url><loc>https://cars.test/car-providers/1</loc><lastmod>2026-05-04T10:00:00.000Z</lastmod>" +
          "<changefreq>weekly</changefreq><priority>0.7</priority></url>"
      )
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("of thousands of listings has each of them once", () =>
    Effect.gen(function* () {
      const { file } = yield* place
      yield* Cars.putListings(...Array.from({ length: 2500 }, (_, n) => Cars.listing(n + 1)))
      assert.strictEqual(yield* Effect.provide(write, sitemapAt(file)), 2503)
      assert.strictEqual(new Set(yield* addresses(file)).size, 2503)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("stays the one before, whole, when the writing of a new one dies or fails in the middle", () =>
    Effect.gen(function* () {
      const { file, folder } = yield* place
      const files = yield* FileSystem.FileSystem
      yield* Cars.putListings(...Array.from({ length: 1200 }, (_, n) => Cars.listing(n + 1)))
      yield* Effect.provide(write, sitemapAt(file))
      const before = yield* text(file)
      yield* Cars.putListings(Cars.listing(1, { slug: "another" }))
      const listings = yield* Listings
      for (const broken of [Effect.fail(failed), Effect.die(new Error("out of memory")), Effect.interrupt]) {
        const half = Layer.succeed(Listings, {
          ...listings,
          shown: (page) => (page.after >= 500 ? broken : listings.shown(page))
        })
        yield* Effect.exit(Effect.provide(write, sitemapAt(file).pipe(Layer.provide(half))))
        assert.strictEqual(yield* text(file), before)
      }
      assert.deepStrictEqual(yield* files.readDirectory(`${folder}/public`), ["sitemap.xml"])
      yield* Effect.provide(write, sitemapAt(file))
      assert.include(yield* text(file), "/car-listings/another<")
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
