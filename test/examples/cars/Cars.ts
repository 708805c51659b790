/**
 * What the tests of the car listings share: rows, the world outside the site, and its engine in memory.
 */
import { Analytics, type Event } from "@fibercast/examples/cars/Analytics"
import { type Needs, pipelines, scheduledIn } from "@fibercast/examples/cars/App"
import { type Image, Images } from "@fibercast/examples/cars/Images"
import { Listings, type NewListing } from "@fibercast/examples/cars/Listings"
import * as MemoryListings from "@fibercast/examples/cars/MemoryListings"
import { type Notice, Notices, type NotTold } from "@fibercast/examples/cars/Notices"
import { type Provider, Providers } from "@fibercast/examples/cars/Providers"
import { Sitemap } from "@fibercast/examples/cars/Sitemap"
import { type Ledger } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { type Signal } from "@fibercast/ports/Signal"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Clock, Effect, Layer, Logger } from "effect"

export const zone = "Europe/Berlin"

/** A car of provider 1, unless told otherwise. */
export const listing = (id: number, more: Partial<NewListing> = {}): NewListing => ({
  id,
  provider: 1,
  slug: `car-${id}`,
  updatedAt: 0,
  ...more
})

export const provider = (id: number, more: Partial<Provider> = {}): Provider => ({
  id,
  name: `Provider ${id}`,
  email: `${id}@cars.example`,
  walletBalance: 100,
  isVerified: true,
  isActive: true,
  updatedAt: 0,
  ...more
})

export const putListings = (...listings: ReadonlyArray<NewListing>) =>
  Effect.flatMap(Listings, ({ put }) => Effect.forEach(listings, put, { discard: true }))

export const putProviders = (...providers: ReadonlyArray<Provider>) =>
  Effect.flatMap(Providers, ({ put }) => Effect.forEach(providers, put, { discard: true }))

export const get = (id: number) => Effect.flatMap(Listings, (listings) => listings.get(id))

/** Something a visitor did. */
export const event = (id: string, at: number, more: Partial<Event> = {}): Event => ({
  id,
  listing: 1,
  type: "view",
  visitor: "v1",
  at,
  ...more
})

export const record = (...events: ReadonlyArray<Event>) =>
  Effect.flatMap(Analytics, ({ once }) => Effect.forEach(events, (one) => once(one, Effect.void), { discard: true }))

export const stats = (name: string) => Effect.flatMap(Analytics, (analytics) => analytics.stats(name))

/** The world outside: what it was asked for, in order, and how it answers. */
export interface Outside {
  /** `SponsorshipExpired car-1 to Provider 1` */
  readonly told: Array<string>
  readonly sitemaps: Array<number>
  /** When each image was begun. */
  readonly images: Array<number>
  readonly telling?: (notice: Notice) => Effect.Effect<void, NotTold>
  readonly image?: (image: Image) => ReturnType<Images["Service"]["process"]>
}

export const outside = (given: Pick<Outside, "telling" | "image"> = {}): Outside => ({
  told: [],
  sitemaps: [],
  images: [],
  ...given
})

const layerOutside = (world: Outside) => {
  const { image = ({ listing, place }) => Effect.succeed(`${listing}/${place}.jpg`), telling = () => Effect.void } =
    world
  return Layer.mergeAll(
    Layer.succeed(Notices, {
      tell: (to, notice) =>
        Effect.map(telling(notice), () => {
          const about = notice._tag === "LowBalance" ? notice.balance : notice.slug
          world.told.push(`${notice._tag} ${about} to ${to.name}`)
        })
    }),
    Layer.succeed(Images, {
      process: (one) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          world.images.push(now)
          return image(one)
        })
    }),
    Layer.succeed(Sitemap, {
      write: Effect.map(Clock.currentTimeMillis, (now) => world.sitemaps.push(now))
    })
  )
}

export const memory = Layer.mergeAll(MemoryListings.layer, Providers.layerMemory, Analytics.layerMemory)

type All = Needs | Listings | Providers | Analytics | Sitemap | Ledger | Signal

/** The stores, the site's tables and the world outside. */
export const stores = (world: Outside, startAt: string) =>
  Layer.mergeAll(memory, layerOutside(world), Logger.layer([])).pipe(
    Layer.provideMerge(TestEngine.layerStores({ startAt }))
  )

/** A node with the app, in Berlin. */
export const node = (options: Partial<TestEngine.SchedulingOptions<All, All>> = {}) =>
  TestEngine.layerSchedulingEngine<All, All>({ app: "cars", pipelines, scheduled: scheduledIn(zone), ...options })

export const site = (world: Outside, startAt: string, options: Parameters<typeof node>[0] = {}) =>
  node(options).pipe(Layer.provideMerge(stores(world, startAt)))

/** The app's own workspace. */
export const workspace = TestEngine.workspace("cars", { zone })

/** What ended, by pipeline: `failed image 1 of listing 7 is no JPEG`. */
export const ended = (pipeline: string) =>
  Effect.gen(function* () {
    const filter = {
      workspaceId: yield* workspace,
      pipeline,
      states: ["completed", "failed", "skipped", "unknown", "cancelled", "expired"]
    } as const
    const records = yield* (yield* Records).ended({ filter, after: null, limit: 1000 })
    return records.map(({ reason, state }) => (reason === null ? state : `${state}: ${reason}`))
  })
