/**
 * A fleet of nodes of one cluster with all that they stand on: two engines and two senders, a Postgres, a nats-server and
 * a provider, each of which can be killed. Between the first engine, the first sender and Postgres are networks that can
 * fail. A node that is replaced has its successor at the same place.
 */
import { type NodeServices } from "@effect/platform-node/NodeServices"
import * as NatsServer from "@fibercast/nats/NatsServer"
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Context, Effect, Layer, Logger, Redacted, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import * as Door from "./Door.ts"
import * as NodeProcess from "./NodeProcess.ts"
import { postmasterPid } from "./PostmasterPid.ts"
import { tempFolder } from "./TempFolder.ts"

export type Role = "engine" | "sender"

/** Where a node is. */
export interface Place {
  readonly name: string
  readonly role: Role
  /** The network between it and Postgres; null where that is always whole. */
  readonly network: Door.Door | null
  node: NodeProcess.NodeProcess
}

/** All nodes are ready. */
export const make = Effect.gen(function* () {
  const services = yield* Effect.context<NodeServices | Scope.Scope>()
  const folder = yield* tempFolder
  const provider = yield* FonnteSimulator
  const nats = yield* NatsServer.make()
  const embedded = Layer.build(EmbeddedPostgres.layer({ folder, durable: false }))
  const postgres = Context.get(yield* embedded, EmbeddedPostgres.EmbeddedPostgres)
  const client = Layer.build(Postgres.layer({ url: postgres.url, connections: 4 }))
  const sql = Context.get(yield* client, SqlClient.SqlClient)
  yield* Migrations.run.pipe(Effect.provide(Logger.layer([])), Effect.provideService(SqlClient.SqlClient, sql))

  const url = (port: number) => {
    const address = new URL(Redacted.value(postgres.url))
    address.port = String(port)
    return address.href
  }
  const all: Array<NodeProcess.NodeProcess> = []
  const launch = ({ name, network, role }: Pick<Place, "name" | "network" | "role">) =>
    NodeProcess.start({
      name: `${name}-${all.length + 1}`,
      roles: role,
      folder,
      databaseUrl: url(network?.port ?? postgres.port),
      natsUrl: nats.url,
      provider: provider.url
    })
  const place = Effect.fnUntraced(function* (name: string, role: Role, isFirst: boolean) {
    const network = isFirst ? yield* Door.make(postgres.port) : null
    const node = yield* launch({ name, role, network })
    all.push(node)
    const made: Place = { name, role, network, node }
    return made
  })
  const places = yield* Effect.all([
    place("engine-a", "engine", true),
    place("engine-b", "engine", false),
    place("sender-a", "sender", true),
    place("sender-b", "sender", false)
  ])
  yield* Effect.forEach(places, ({ node }) => node.ready, { concurrency: "unbounded", discard: true })

  /** Starts the successor of who is there; answers who was. */
  const replace = Effect.fnUntraced(
    function* (place: Place) {
      const { node } = place
      place.node = yield* launch(place)
      all.push(place.node)
      return node
    },
    Effect.provideContext(services),
    Effect.orDie
  )
  const server = Effect.provideContext(postmasterPid(folder), services)
  const killPostgres = Effect.gen(function* () {
    const pid = yield* server
    if (pid === 0) return yield* Effect.die(new Error("Postgres does not run"))
    yield* Effect.sync(() => process.kill(pid, "SIGKILL"))
  })
  /** What every node that ever was has warned of. */
  const warnings = () =>
    all.map(({ name, said }) => {
      const lines = said().split("\n")
      return `${name}:\n${lines.filter((line) => /level=(?:WARN|ERROR|FATAL)/iu.test(line)).join("\n")}`
    })
  return { sql, nats, places, replace, killPostgres, warnings }
})

export type NodeFleet = Effect.Success<typeof make>
