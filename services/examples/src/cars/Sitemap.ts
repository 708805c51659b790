/**
 * The sitemap of the site: its static pages, the listings that visitors see, and the providers that are verified.
 *
 * It is written as a stream, to a file beside the real one, and takes its place once it is whole: a crash never leaves half
 * a sitemap, only the one before, and at worst a folder `.sitemap-…` beside it. In memory: one page of rows.
 */
import { Config, Context, DateTime, Effect, FileSystem, Layer, Option, Path, type PlatformError, Stream } from "effect"
import { Xml } from "effect/encoding"
import { type SqlError } from "effect/sql"
import { Listings } from "./Listings.ts"
import { type Page, Providers } from "./Providers.ts"

interface Entry {
  /** From the root of the site. */
  readonly path: string
  /** Epoch milliseconds; null: it is not said. */
  readonly updatedAt: number | null
  readonly priority: string
  readonly changes: "daily" | "weekly"
}

const fixed: ReadonlyArray<Entry> = [
  { path: "/", updatedAt: null, priority: "1.0", changes: "daily" },
  { path: "/car-marketplace", updatedAt: null, priority: "0.9", changes: "daily" },
  { path: "/rent-car", updatedAt: null, priority: "0.9", changes: "daily" }
]

/** Addresses that one file may have, by the protocol of sitemaps. */
export const most = 50_000

const start = (name: string, attributes: Record<string, string> = {}): Xml.Event => ({
  _tag: "StartElement",
  name,
  attributes
})
const end = (name: string): Xml.Event => ({ _tag: "EndElement", name })
const element = (name: string, text: string): ReadonlyArray<Xml.Event> => [
  start(name),
  { _tag: "Text", text },
  end(name)
]

const url =
  (site: string) =>
  ({ changes, path, priority, updatedAt }: Entry): ReadonlyArray<Xml.Event> => [
    start("url"),
    ...element("loc", new URL(path, site).href),
    ...(updatedAt === null ? [] : element("lastmod", DateTime.formatIso(DateTime.makeUnsafe(updatedAt)))),
    ...element("changefreq", changes),
    ...element("priority", priority),
    end("url")
  ]

/** All rows, a page at a time. */
const paged = <A extends { readonly id: number }, E>(
  read: (page: Page) => Effect.Effect<ReadonlyArray<A>, E>
): Stream.Stream<A, E> =>
  Stream.paginate(0, (after) =>
    Effect.map(read({ after, limit: 500 }), (rows) => [rows, Option.fromNullishOr(rows.at(-1)?.id)] as const)
  )

const xmlns = "http://www.sitemaps.org/schemas/sitemap/0.9"

export class Sitemap extends Context.Service<
  Sitemap,
  {
    /** Writes it anew; answers how many addresses it has. */
    readonly write: Effect.Effect<number, SqlError.SqlError | PlatformError.PlatformError | Xml.XmlError>
  }
>()("fibercast/examples/cars/Sitemap") {
  /** Of the site at `CARS_SITE` (default `https://cars.example`), to `CARS_SITEMAP` (default `.fibercast/cars/sitemap.xml`). */
  static readonly layerFile: Layer.Layer<
    Sitemap,
    Config.ConfigError,
    Listings | Providers | FileSystem.FileSystem | Path.Path
  > = Layer.effect(
    Sitemap,
    Effect.gen(function* () {
      const site = yield* Config.URL("CARS_SITE").pipe(Config.withDefault(new URL("https://cars.example")))
      const file = yield* Config.String("CARS_SITEMAP").pipe(Config.withDefault(".fibercast/cars/sitemap.xml"))
      const files = yield* FileSystem.FileSystem
      const paths = yield* Path.Path
      const listings = yield* Listings
      const providers = yield* Providers

      const entries: Stream.Stream<Entry, SqlError.SqlError> = Stream.fromIterable(fixed).pipe(
        Stream.concat(
          Stream.map(paged(listings.shown), ({ slug, updatedAt }): Entry => ({
            path: `/car-listings/${encodeURIComponent(slug)}`,
            updatedAt,
            priority: "0.8",
            changes: "weekly"
          }))
        ),
        Stream.concat(
          Stream.map(paged(providers.shown), ({ id, updatedAt }): Entry => ({
            path: `/car-providers/${id}`,
            updatedAt,
            priority: "0.7",
            changes: "weekly"
          }))
        )
      )

      const write = Effect.gen(function* () {
        let count = 0
        const document = Stream.make<Array<Xml.Event>>({ _tag: "Declaration", version: "1.0", encoding: "UTF-8" }).pipe(
          Stream.concat(Stream.make(start("urlset", { xmlns }))),
          Stream.concat(
            Stream.flatMap(entries, (entry) => {
              count += 1
              return Stream.fromIterable(url(site.href)(entry))
            })
          ),
          Stream.concat(Stream.make(end("urlset")))
        )
        const folder = paths.dirname(paths.resolve(file))
        yield* files.makeDirectory(folder, { recursive: true })
        const beside = yield* files.makeTempFileScoped({ directory: folder, prefix: ".sitemap-" })
        yield* document.pipe(Stream.pipeThroughChannel(Xml.encode()), Stream.run(files.sink(beside)))
        yield* Effect.scoped(Effect.flatMap(files.open(beside, { flag: "r+" }), ({ sync }) => sync))
        yield* files.rename(beside, file)
        if (count > most) yield* Effect.logWarning(`the sitemap has ${count} addresses; search engines read ${most}`)
        return count
      }).pipe(Effect.scoped, Effect.withSpan("Sitemap.write"))

      return Sitemap.of({ write })
    })
  )
}
