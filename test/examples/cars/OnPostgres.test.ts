import { lanes, type Lane } from "@fibercast/domain/Lane"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Triggers } from "@fibercast/engine/Triggers"
import { Analytics } from "@fibercast/examples/cars/Analytics"
import app from "@fibercast/examples/cars/App"
import { Listings } from "@fibercast/examples/cars/Listings"
import { SponsorshipExpired } from "@fibercast/examples/cars/Notices"
import { Providers } from "@fibercast/examples/cars/Providers"
import { ProcessImages } from "@fibercast/examples/cars/Photos"
import * as SqlListings from "@fibercast/examples/cars/SqlListings"
import { IncrementViews } from "@fibercast/examples/cars/Views"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as Node from "@fibercast/node/Node"
import { type Role } from "@fibercast/node/Role"
import { Records } from "@fibercast/ports/Records"
import * as Postgres from "@fibercast/postgres/Postgres"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { assert, describe, it } from "@effect/vitest"
import { Clock, ConfigProvider, Effect, FileSystem, Layer, Schema } from "effect"
import { Base64 } from "effect/encoding"
import { HttpClient } from "effect/http"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../../support/TestDatabase.ts"
import { tempFolder } from "../../support/TempFolder.ts"
import * as OnPostgres from "../OnPostgres.ts"
import * as Cars from "./Cars.ts"

/** The database with the site's own tables. */
const world = Layer.mergeAll(SqlListings.layer, Providers.layerSql, Analytics.layerSql, SqlNodeRegistry.layer).pipe(
  Layer.provideMerge(Layer.mergeAll(LocalNode.layerStores, LocalNode.layerSignal)),
  Layer.provideMerge(OnPostgres.machine)
)

/** Where the app's files go. */
const filesIn = (folder: string) =>
  ConfigProvider.layer(
    ConfigProvider.fromUnknown({ CARS_SITEMAP: `${folder}/sitemap.xml`, CARS_PHOTOS: `${folder}/photos` })
  )

const sponsored = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis
  yield* Cars.putProviders(Cars.provider(1))
  yield* Cars.putListings(...[1, 2, 3].map((id) => Cars.listing(id, { sponsoredUntil: now - 1000 })))
})

const open = (pipeline: string) =>
  Effect.flatMap(Records, (records) => records.countOpen({ workspaceId: null, pipeline }))

/** Ends them and dispatches the notices, and then does something in the same transaction. */
const expireAnd = <E, R>(then: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    const { expireSponsored } = yield* Listings
    const workspaceId = yield* Cars.workspace
    const now = yield* Clock.currentTimeMillis
    return yield* expireSponsored({ now, limit: 500 }, (payloads) =>
      Effect.andThen(Pipeline.dispatchMany(SponsorshipExpired, { workspaceId, payloads }), then)
    )
  })

const stillSponsored = Effect.gen(function* () {
  const all = yield* Effect.forEach([1, 2, 3], Cars.get)
  return all.filter((one) => one !== null && one.sponsoredUntil !== null).length
})

describe("The end of a sponsorship, on Postgres", () => {
  it.live("and its notice are there together, or not at all when it is rolled back", () =>
    Effect.gen(function* () {
      yield* sponsored
      assert.strictEqual(yield* Effect.flip(expireAnd(Effect.fail("changed my mind" as const))), "changed my mind")
      assert.deepStrictEqual([yield* stillSponsored, yield* open(SponsorshipExpired.name)], [3, 0])
      assert.strictEqual(yield* expireAnd(Effect.void), 3)
      assert.deepStrictEqual([yield* stillSponsored, yield* open(SponsorshipExpired.name)], [0, 3])
    }).pipe(Effect.provide(world))
  )

  it.live("tells nobody when its session dies before the commit", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sponsored
      const died = yield* Effect.exit(expireAnd(sql`select pg_terminate_backend(pg_backend_pid())`))
      assert.strictEqual(died._tag, "Failure")
      assert.deepStrictEqual([yield* stillSponsored, yield* open(SponsorshipExpired.name)], [3, 0])
    }).pipe(Effect.provide(world))
  )

  it.live("happens once, however many end it at the same time", () =>
    Effect.gen(function* () {
      yield* sponsored
      const ended = yield* Effect.all([expireAnd(Effect.void), expireAnd(Effect.void), expireAnd(Effect.void)], {
        concurrency: 3
      })
      assert.deepStrictEqual(ended.toSorted(), [0, 0, 3])
      assert.strictEqual(yield* open(SponsorshipExpired.name), 3)
    }).pipe(Effect.provide(world))
  )
})

describe("A node of the site, on Postgres", () => {
  it.live("ends sponsorships and tells, counts each view once, stores photos and writes the sitemap", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const files = yield* FileSystem.FileSystem
      const { lines } = yield* OnPostgres.Said
      yield* sponsored
      const node = app.node({}).pipe(Layer.provide(filesIn(folder)))
      yield* Effect.gen(function* () {
        const workspaceId = yield* Cars.workspace
        const { test } = yield* Triggers
        const at = yield* Clock.currentTimeMillis
        const payloads = Array.from({ length: 50 }, (_, n) => ({ listing: 1 + (n % 2), visitor: `v${n}`, at }))
        yield* Pipeline.dispatchMany(IncrementViews, { workspaceId, payloads })
        const jpeg = Base64.encode(Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
        yield* Pipeline.dispatch(ProcessImages, { workspaceId, payload: { listing: 3, images: [jpeg] } })
        yield* test(workspaceId, "sponsored.expire")
        yield* test(workspaceId, "sitemap.write")
        const told = Effect.sync(() => lines.filter((line) => /is sponsored no more/u.test(line)).toSorted())
        assert.deepStrictEqual(
          yield* OnPostgres.until(told, (all) => all.length >= 3),
          [1, 2, 3].map((id) => `Provider 1 is told: car-${id} is sponsored no more`)
        )
        yield* OnPostgres.until(Effect.all([open(IncrementViews.name), open(ProcessImages.name)]), (all) =>
          all.every((count) => count === 0)
        )
        assert.deepStrictEqual([(yield* Cars.get(1))?.views, (yield* Cars.get(2))?.views], [25, 25])
        const [photo = ""] = (yield* Cars.get(3))?.photos ?? []
        assert.isTrue(yield* files.exists(`${folder}/photos/${photo}`))
        yield* OnPostgres.until(files.exists(`${folder}/sitemap.xml`), (is) => is)
        assert.include(yield* files.readFileString(`${folder}/sitemap.xml`), "/car-listings/car-3</loc>")
      }).pipe(Effect.provide(node))
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})

const Health = Schema.fromJsonString(
  Schema.Struct({
    status: Schema.String,
    checks: Schema.Array(
      Schema.Struct({ name: Schema.String, ok: Schema.Boolean, reason: Schema.optionalKey(Schema.String) })
    )
  })
)

/** What a probe sees at `/health`. */
const ask = Effect.fnUntraced(function* (address: string) {
  const response = yield* HttpClient.get(`${address}/health`)
  const { checks, status } = yield* Schema.decodeEffect(Health)(yield* response.text)
  const failing = checks.flatMap(({ name, reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]))
  return { code: response.status, status, names: checks.map(({ name }) => name), failing }
})

const started = Effect.fnUntraced(function* (options: {
  readonly lanes?: ReadonlyArray<Lane>
  readonly runs?: ReadonlyArray<Role<never>>
}) {
  const settings = { app, name: "cars-1", healthPort: 0, schedulerDeadAfter: 1000, schedulerPoll: 100, ...options }
  const node = Node.layer(settings).pipe(Layer.provide(filesIn(yield* tempFolder)))
  const { address } = yield* Effect.provide(Node.Node, yield* Layer.build(node))
  return address
})

const isBad = ({ code }: { readonly code: number }) => code === 503

describe("The health of the site, over HTTP", () => {
  it.live("is 200 while all is well, and names what was looked at", () =>
    Effect.gen(function* () {
      const found = yield* ask(yield* started({}))
      assert.deepStrictEqual(found, {
        code: 200,
        status: "ok",
        names: ["node", "database", "triggers", "last pass", "workers", "queue"],
        failing: []
      })
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("is 503 when nobody schedules, and says so", () =>
    Effect.gen(function* () {
      const asleep: Role<never> = { name: "engine", layer: Layer.empty, capacity: Effect.succeed(0) }
      const address = yield* started({ runs: [asleep] })
      const { failing } = yield* OnPostgres.until(ask(address), isBad)
      assert.match(failing.join(), /^last pass: no scheduler of cars has passed for [12] s$/u)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("is 503 when its workers listen to other lanes than work comes in, and names the lane's workspace", () =>
    Effect.gen(function* () {
      const address = yield* started({ lanes: lanes.filter((lane) => lane !== "normal") })
      assert.strictEqual((yield* ask(address)).code, 200)
      const payload = { listing: 1, visitor: "v", at: 0 }
      yield* Pipeline.dispatch(IncrementViews, { workspaceId: yield* Cars.workspace, payload })
      const { failing } = yield* OnPostgres.until(ask(address), isBad)
      assert.deepStrictEqual(failing, ["workers: LaneUnserved; `fibercast doctor` says more"])
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("is 503 when a queue misses its targets, and says which", () =>
    Effect.gen(function* () {
      const address = yield* started({ lanes: ["urgent", "high", "bulk"] })
      const payloads = Array.from({ length: 1001 }, () => ({ listing: 1, visitor: "v", at: 0 }))
      yield* Pipeline.dispatchMany(IncrementViews, { workspaceId: yield* Cars.workspace, payloads })
      const { failing } = yield* OnPostgres.until(ask(address), ({ failing }) => failing.length > 1)
      assert.include(failing.join(), "lane normal: 1001 open, more than 1000")
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("is 503 while the database is away, and 200 once it is back", () =>
    Effect.gen(function* () {
      const { name, url } = yield* TestDatabase
      const address = yield* started({})
      const other = Object.assign(new URL(url), { pathname: "/postgres" }).href
      const connections = (allowed: boolean) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`alter database ${sql(name)} allow_connections ${sql.literal(String(allowed))}`
          yield* sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
        }).pipe(Effect.provide(Postgres.layerUrl(other), { local: true }))
      yield* connections(false)
      const { failing } = yield* OnPostgres.until(ask(address), isBad)
      assert.include(failing.join(), "database: it cannot be reached")
      yield* connections(true)
      yield* OnPostgres.until(ask(address), ({ code }) => code === 200)
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
