import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as NatsServer from "@fibercast/nats/NatsServer"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { fileURLToPath } from "node:url"
import * as Program from "../cli/Program.ts"
import * as MovablePostgres from "../support/MovablePostgres.ts"
import { Deadly } from "../support/PoisonApp.ts"
import { tempFolder } from "../support/TempFolder.ts"

const backlog = 400
/** What the engine is told by default. */
const deathsAllowed = 5
const app = fileURLToPath(new URL("../support/PoisonApp.ts", import.meta.url))

/** States as the database keeps them. */
const completed = 1
const failed = 2

const prepared = Effect.gen(function* () {
  const server = yield* MovablePostgres.make
  const sql = yield* server.client
  const workspaceId = yield* Effect.gen(function* () {
    const { id } = yield* (yield* WorkspaceStore).ensure({ name: "poisoned", zone: "UTC", limits: {} })
    yield* Pipeline.dispatchMany(Deadly, { workspaceId: id, payloads: Array.from({ length: backlog }, (_, n) => n) })
    return id
  }).pipe(
    Effect.provide(
      LocalNode.layerStores.pipe(
        Layer.provideMerge(Signal.layerMemory),
        Layer.provideMerge(Layer.succeed(SqlClient.SqlClient, sql))
      )
    )
  )
  const open = Effect.map(
    sql<{ count: number }>`select count(*)::int as count from deliveries where workspace_id = ${workspaceId}`,
    ([row]) => row?.count ?? 0
  )
  const ends = sql<{ state: number; count: number; attempts: number; reason: string | null }>`
    select state, count(*)::int as count, max(attempt)::int as attempts, max(reason) as reason
    from deliveries_done where workspace_id = ${workspaceId} group by state order by state`
  const folder = yield* tempFolder
  const env = { DATABASE_URL: server.url, FIBERCAST_HEALTH_PORT: "0", FIBERCAST_LOG: "logfmt" }
  return { open, ends, folder, env }
})

/** Starts the program again whenever it is dead, until nothing is open. Answers how often it died. */
const supervised = <E, R>(open: Effect.Effect<number, E, R>, place: Program.Place, args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    for (let deaths = 0; deaths <= 2 * deathsAllowed; deaths++) {
      const isDone = yield* Effect.gen(function* () {
        const child = yield* Program.start(place, args, Program.nodeLauncher)
        yield* Effect.forkScoped(Effect.exit(Stream.runDrain(child.all)))
        const nothingOpen = Effect.repeat(Effect.delay(open, "200 millis"), { until: (count) => count === 0 })
        return yield* Effect.raceFirst(Effect.as(nothingOpen, true), Effect.as(Effect.exit(child.exitCode), false))
      }).pipe(Effect.scoped)
      if (isDone) return deaths
    }
    return yield* Effect.die(new Error("it is killed for ever"))
  })

describe("a delivery that kills whoever works on it", () => {
  it.live("kills five nodes, then has failed, and everything else completes", () =>
    Effect.gen(function* () {
      const { ends, env, folder, open } = yield* prepared
      const began = yield* Clock.currentTimeMillis
      const deaths = yield* supervised(open, { folder, env }, ["--app", app, "--name", "only"])
      yield* Console.log(`${deaths} nodes died in ${Math.round(((yield* Clock.currentTimeMillis) - began) / 1000)} s`)
      assert.strictEqual(deaths, deathsAllowed)
      const reason = `poison: ${deathsAllowed} nodes died while working on it; it was set aside`
      assert.deepStrictEqual(yield* ends, [
        { state: completed, count: backlog - 1, attempts: 1, reason: null },
        { state: failed, count: 1, attempts: 1, reason }
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("kills hardly more senders than nodes, while their owner lives", () =>
    Effect.gen(function* () {
      const { url: natsUrl } = yield* NatsServer.NatsServer
      const { ends, env, folder, open } = yield* prepared
      const place = { folder, env: { ...env, NATS_URL: natsUrl } }
      const began = yield* Clock.currentTimeMillis
      const owner = yield* Program.start(
        place,
        ["--app", app, "--roles", "engine", "--name", "owner"],
        Program.nodeLauncher
      )
      const sender = ["--app", app, "--roles", "sender", "--name", "sender"]
      const deaths = yield* supervised(open, place, sender)
      yield* Console.log(`${deaths} senders died in ${Math.round(((yield* Clock.currentTimeMillis) - began) / 1000)} s`)
      // A sender may die before its owner has heard that it was at it: that death is not counted.
      assert.isAtLeast(deaths, deathsAllowed)
      assert.isAtMost(deaths, deathsAllowed + 2)
      assert.isTrue(yield* owner.isRunning)
      const [innocent, set] = yield* ends
      assert.deepStrictEqual([innocent?.state, innocent?.count, innocent?.attempts], [completed, backlog - 1, 1])
      assert.deepStrictEqual([set?.state, set?.count], [failed, 1])
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, NatsServer.layer()]))
  )
})
