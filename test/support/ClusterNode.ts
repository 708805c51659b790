/**
 * A node of a cluster on the database at an address, with the settings that are shipped. Its work is `Tick`, which notes in
 * the table `ran` where and when it was done, and campaigns that take their time. Started in the test's own process by
 * `make`, or as a process of its own by `spawn`.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type AccountGates } from "@fibercast/engine/AccountGates"
import * as Broadcast from "@fibercast/engine/Broadcast"
import * as ClusterRuntime from "@fibercast/engine/ClusterRuntime"
import * as Engine from "@fibercast/engine/Engine"
import * as Pipeline from "@fibercast/engine/Pipeline"
import type * as Runnable from "@fibercast/engine/Runnable"
import * as Audiences from "@fibercast/node/Audiences"
import * as Cluster from "@fibercast/node/Cluster"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Alerts } from "@fibercast/ports/Alerts"
import { Signal } from "@fibercast/ports/Signal"
import * as Postgres from "@fibercast/postgres/Postgres"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import { Clock, Effect, Exit, Fiber, Layer, Redacted, Schema, Scope, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { SqlClient } from "effect/sql"
import * as net from "node:net"
import { fileURLToPath } from "node:url"

export interface Place {
  readonly databaseUrl: string
  /** Names it in `ran` as well. */
  readonly port: number
}

/** Where `Tick` notes what it did; milliseconds of the clock of who did it. */
export const prepare = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE ran (workspace int NOT NULL, node int NOT NULL, at float8 NOT NULL)`
}).pipe(Effect.orDie)

const Tick = Pipeline.make("tick", { payload: Schema.Int })

const tickAt = (node: number) =>
  Tick.pipe(
    Pipeline.tap((_, { workspaceId }) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const at = yield* Clock.currentTimeMillis
        yield* sql`INSERT INTO ran (workspace, node, at) VALUES (${workspaceId}, ${node}, ${at})`
      }).pipe(Effect.orDie)
    )
  )

/** So many, `every` milliseconds one. */
export const dispatchTicks = (workspaceId: WorkspaceId, count: number, every: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => n),
    (n) => Pipeline.dispatch(Tick, { workspaceId, payload: n, delay: n * every }),
    { discard: true }
  )

export const Announce = Broadcast.make("announce", FakeMessenger.FakeMessenger)

/** What a node has besides: its stores and its messenger. */
const layer = ({ databaseUrl, port }: Place) => {
  const url = Redacted.make(databaseUrl)
  const pipelines: ReadonlyArray<Runnable.Runnable<AccountGates | FakeMessenger.FakeMessenger | SqlClient.SqlClient>> =
    [tickAt(port), Announce]
  return Engine.layerOn(ClusterRuntime.layer, { pipelines }).pipe(
    Layer.provide(Cluster.layer({ host: "127.0.0.1", port, databaseUrl: url })),
    Layer.provideMerge(LocalNode.layerStores),
    Layer.provideMerge(Signal.layerMemory),
    Layer.provide(Audiences.layer()),
    Layer.provide(FakeMessenger.FakeMessenger.layer(() => FakeMessenger.delay("300 millis"))),
    Layer.provide(Alerts.layerLog),
    Layer.provideMerge(Postgres.layer({ url })),
    Layer.provide(NodeServices.layer)
  )
}

/** In this process. It leaves when it is stopped, or the scope closes. */
export const make = Effect.fnUntraced(function* (place: Place) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const services = yield* Layer.buildWithMemoMap(layer(place), Layer.makeMemoMapUnsafe(), scope)
  return {
    port: place.port,
    use: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideContext(effect, services),
    stop: Scope.close(scope, Exit.void)
  }
})

/** A port that nobody listens on now. */
export const freePort = Effect.callback<number>((resume) => {
  const server = net.createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

export interface Spawned {
  readonly port: number
  /** What it logged up to now. */
  readonly said: () => string
  readonly signal: (name: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM") => Effect.Effect<void>
  readonly ended: Effect.Effect<void>
}

/** A process of its own; killed with the scope at the latest. */
export const spawn = Effect.fnUntraced(function* ({ databaseUrl, port }: Place) {
  const child = yield* ChildProcess.make(process.execPath, [fileURLToPath(import.meta.url), String(port)], {
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      DATABASE_URL: databaseUrl
    },
    extendEnv: false,
    stdin: "ignore",
    stderr: "inherit"
  })
  let said = ""
  const reading = Stream.runForEach(Stream.decodeText(child.stdout), (text) => Effect.sync(() => (said += text)))
  const ending = yield* Effect.forkScoped(Effect.andThen(Effect.ignore(reading), Effect.exit(child.exitCode)))
  const signal = (name: NodeJS.Signals) => Effect.ignoreCause(Effect.sync(() => process.kill(child.pid, name)))
  yield* Effect.addFinalizer(() => signal("SIGKILL"))
  const spawned: Spawned = { port, said: () => said, signal, ended: Effect.asVoid(Fiber.join(ending)) }
  return spawned
})

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const place = { databaseUrl: process.env["DATABASE_URL"] ?? "", port: Number(process.argv[2]) }
  NodeRuntime.runMain(Layer.launch(layer(place)))
}
