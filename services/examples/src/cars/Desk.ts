/**
 * What people do at the site, from a terminal: offer a car, look at it, give it photos. A node with the app does the work,
 * now or once it runs. `node services/examples/src/cars/Desk.ts offer 7 toyota-corolla-2020`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as Dispatch from "@fibercast/ports/Dispatch"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect, FileSystem, Layer } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { Base64 } from "effect/encoding"
import { zone } from "./App.ts"
import { Listings } from "./Listings.ts"
import { ProcessImages } from "./Photos.ts"
import { Providers } from "./Providers.ts"
import * as SqlListings from "./SqlListings.ts"
import { IncrementViews } from "./Views.ts"

/** What it takes to dispatch without working. */
const layer = Layer.mergeAll(SqlListings.layer, Providers.layerSql, LocalNode.layerStores, LocalNode.layerSignal).pipe(
  Layer.provide(Database.layerShared()),
  Layer.provideMerge(NodeServices.layer)
)

const workspace = Effect.flatMap(WorkspaceStore, (workspaces) => workspaces.ensure({ name: "cars", zone, limits: {} }))

const id = Argument.Int("listing").pipe(
  Argument.filter(
    (given) => given > 0,
    (given) => `${given} is no listing: use a whole number from 1`
  )
)

/** Milliseconds. */
const day = 86_400_000

const offer = Command.make(
  "offer",
  {
    id,
    slug: Argument.String("slug"),
    days: Flag.Int("sponsored").pipe(Flag.withDefault(0), Flag.withDescription("Sponsored for so many days"))
  },
  Effect.fnUntraced(function* ({ days, id, slug }) {
    const updatedAt = yield* Clock.currentTimeMillis
    const rest = { walletBalance: 20, isVerified: true, isActive: true, updatedAt }
    yield* (yield* Providers).put({ id: 1, name: "Al Noor Cars", email: "al-noor@cars.example", ...rest })
    const sponsoredUntil = days > 0 ? updatedAt + days * day : null
    yield* (yield* Listings).put({ id, provider: 1, slug, updatedAt, sponsoredUntil })
    yield* Console.log(`Listing ${id} is at /car-listings/${slug}`)
  }, Effect.provide(layer))
).pipe(Command.withDescription("Offer a car, or change its offer"))

const view = Command.make(
  "view",
  { id, visitor: Argument.String("visitor") },
  Effect.fnUntraced(function* ({ id: listing, visitor }) {
    const { id: workspaceId } = yield* workspace
    const payload = { listing, visitor, at: yield* Clock.currentTimeMillis }
    yield* Console.log(Dispatch.describe(yield* Pipeline.dispatch(IncrementViews, { workspaceId, payload })))
  }, Effect.provide(layer))
).pipe(Command.withDescription("Look at a listing, as a visitor does"))

const photos = Command.make(
  "photos",
  { id, files: Argument.String("file").pipe(Argument.variadic({ min: 1, max: 20 })) },
  Effect.fnUntraced(function* ({ files, id: listing }) {
    const { id: workspaceId } = yield* workspace
    const { readFile } = yield* FileSystem.FileSystem
    const images = yield* Effect.forEach(files, (file) => Effect.map(readFile(file), Base64.encode))
    const payload = { listing, images }
    yield* Console.log(Dispatch.describe(yield* Pipeline.dispatch(ProcessImages, { workspaceId, payload })))
  }, Effect.provide(layer))
).pipe(Command.withDescription("Give a listing photos, in place of those that it has"))

const show = Command.make(
  "show",
  { id },
  Effect.fnUntraced(function* ({ id }) {
    const listing = yield* (yield* Listings).get(id)
    yield* Console.log(listing === null ? `There is no listing ${id}` : JSON.stringify(listing))
  }, Effect.provide(layer))
).pipe(Command.withDescription("Show a listing as it stands"))

Command.make("desk").pipe(
  Command.withDescription("What people do at the site"),
  Command.withSubcommands([offer, view, photos, show]),
  Command.run({ version: "1.0.0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
