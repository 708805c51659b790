import { assert, describe, it } from "@effect/vitest"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import * as ChaosCampaign from "../support/ChaosCampaign.ts"
import * as ClusterNode from "../support/ClusterNode.ts"
import * as MovablePostgres from "../support/MovablePostgres.ts"

const names = Array.from({ length: 20 }, (_, n) => `workspace ${n}`)
const every = 150

/** Twenty workspaces, each with work every so many milliseconds, for so many seconds. */
const prepared = Effect.fnUntraced(function* (seconds: number) {
  const server = yield* MovablePostgres.make
  const sql = yield* server.client
  const count = Math.ceil((seconds * 1000) / every)
  const stores = LocalNode.layerStores.pipe(
    Layer.provideMerge(Signal.layerMemory),
    Layer.provideMerge(Layer.succeed(SqlClient.SqlClient, sql))
  )
  const ids = yield* Effect.gen(function* () {
    yield* ClusterNode.prepare
    return yield* Effect.forEach(names, (name) =>
      Effect.gen(function* () {
        const { id } = yield* (yield* WorkspaceStore).ensure({ name, zone: "UTC", limits: {} })
        yield* ClusterNode.dispatchTicks(id, count, every)
        return id
      })
    )
  }).pipe(Effect.provide(stores))
  const start = Effect.gen(function* () {
    return yield* ClusterNode.spawn({ databaseUrl: server.url, port: yield* ClusterNode.freePort })
  })

  /** By workspace: when the first of its work was done since then, and where; `node` or any but that. */
  const since = (at: number, but = 0) =>
    Effect.orDie(sql<{ readonly workspace: WorkspaceId; readonly node: number; readonly at: number }>`
      SELECT DISTINCT ON (workspace) workspace, node, at FROM ran
      WHERE at > ${at} AND node <> ${but} ORDER BY workspace, at`)
  /** Waits until work of all of these was done since then, elsewhere; answers when the last of them was first worked. */
  const goesOn = Effect.fnUntraced(function* (of: ReadonlyArray<WorkspaceId>, at: number, but: number) {
    const rows = yield* Effect.repeat(Effect.delay(since(at, but), "20 millis"), {
      until: (rows) => of.every((id) => rows.some(({ workspace }) => workspace === id))
    })
    return Math.max(...rows.filter(({ workspace }) => of.includes(workspace)).map((row) => row.at - at))
  })
  /** Waits until each of them has work done within a second; answers whose each workspace is. */
  const spread = Effect.fnUntraced(function* (nodes: ReadonlyArray<ClusterNode.Spawned>) {
    const look = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      return yield* Effect.orDie(sql<{ readonly workspace: WorkspaceId; readonly node: number }>`
        SELECT DISTINCT ON (workspace) workspace, node FROM ran WHERE at > ${now - 1000} ORDER BY workspace, at DESC`)
    })
    return yield* Effect.repeat(Effect.delay(look, "50 millis"), {
      until: (rows) => rows.length === ids.length && nodes.every(({ port }) => rows.some(({ node }) => node === port))
    })
  })
  /** What was dispatched, settled, and is open; and how much of it was done twice. */
  const accounts = Effect.fnUntraced(function* () {
    const [row] = yield* Effect.orDie(sql<Readonly<Record<"completed" | "done" | "open" | "ran", number>>>`
      SELECT (SELECT count(*) FROM deliveries_done WHERE state = 1)::int AS completed,
        (SELECT count(*) FROM deliveries_done)::int AS done, (SELECT count(*) FROM deliveries WHERE workspace_id > 0)::int AS open,
        (SELECT count(*) FROM ran)::int AS ran`)
    return row ?? (yield* Effect.die(new Error("no counts")))
  })
  return { ids, server, total: ids.length * count, start, goesOn, spread, accounts }
})

const of = (rows: ReadonlyArray<{ readonly workspace: WorkspaceId; readonly node: number }>, port: number) =>
  rows.filter(({ node }) => node === port).map(({ workspace }) => workspace)

describe("nodes of one cluster", () => {
  it.live("one of three that is killed is replaced: all its workspaces go on elsewhere, and no work is lost", () =>
    ChaosCampaign.seeded(
      Effect.gen(function* () {
        const { accounts, goesOn, spread, start, total } = yield* prepared(75)
        const nodes = yield* Effect.all([start, start, start], { concurrency: 3 })
        const took: Array<number> = []
        for (let kill = 0; kill < 4; kill++) {
          const rows = yield* spread(nodes)
          const victim = nodes[kill % nodes.length]
          if (victim === undefined) continue
          const lost = of(rows, victim.port)
          const at = yield* Clock.currentTimeMillis
          yield* victim.signal("SIGKILL")
          const after = yield* goesOn(lost, at, victim.port)
          took.push(after)
          yield* Console.log(`killed: the last of its ${lost.length} workspaces went on elsewhere after ${after} ms`)
          nodes[kill % nodes.length] = yield* start
        }
        yield* Effect.repeat(Effect.delay(accounts(), "200 millis"), { until: ({ open }) => open === 0 })
        const { completed, done, ran } = yield* accounts()
        yield* Console.log(
          `${done} settled, ${completed} completed, ${ran - total} done twice; taken over in ${took.join(", ")} ms`
        )
        assert.deepStrictEqual([done, completed], [total, total])
        for (const after of took) assert.isBelow(after, 20_000)
      })
    )
  )

  it.live(
    "one of three that is frozen longer than its locks last is replaced, writes nothing when it wakes, and is a member again",
    () =>
      ChaosCampaign.seeded(
        Effect.gen(function* () {
          const { accounts, goesOn, spread, start, total } = yield* prepared(45)
          const nodes = yield* Effect.all([start, start, start], { concurrency: 3 })
          const frozen = nodes[0]
          if (frozen === undefined) return assert.fail("no node")
          const lost = of(yield* spread(nodes), frozen.port)
          const at = yield* Clock.currentTimeMillis
          yield* frozen.signal("SIGSTOP")
          const after = yield* goesOn(lost, at, frozen.port)
          yield* Console.log(`frozen: the last of its ${lost.length} workspaces went on elsewhere after ${after} ms`)
          yield* frozen.signal("SIGCONT")
          const woken = yield* Clock.currentTimeMillis
          const back = yield* spread(nodes)
          yield* Console.log(
            `woken: has ${of(back, frozen.port).length} again after ${(yield* Clock.currentTimeMillis) - woken} ms`
          )
          yield* Effect.repeat(Effect.delay(accounts(), "200 millis"), { until: ({ open }) => open === 0 })
          const { completed, done, ran } = yield* accounts()
          yield* Console.log(`${done} settled, ${completed} completed, ${ran - total} done twice`)
          assert.deepStrictEqual([done, completed], [total, total])
          assert.match(frozen.said(), /was taken over from epoch/u)
          assert.isBelow(after, 20_000)
        })
      )
  )

  it.live("while their locks cannot be kept, actors stop; they go on when they can be again", () =>
    ChaosCampaign.seeded(
      Effect.gen(function* () {
        const { accounts, ids, server, total } = yield* prepared(30)
        const node = yield* ClusterNode.make({ databaseUrl: server.url, port: yield* ClusterNode.freePort })
        const running = node.use(Effect.flatMap(WorkspaceRuntime, (runtime) => runtime.running))
        const until = (count: number) =>
          Effect.repeat(Effect.delay(running, "20 millis"), { until: (here) => here.length === count })
        yield* until(ids.length)
        const down = yield* Clock.currentTimeMillis
        yield* server.stop
        yield* until(0)
        yield* Console.log(`no database: no actor after ${(yield* Clock.currentTimeMillis) - down} ms`)
        const up = yield* Clock.currentTimeMillis
        yield* server.start
        yield* until(ids.length)
        yield* Console.log(`a database: all actors after ${(yield* Clock.currentTimeMillis) - up} ms`)
        yield* Effect.repeat(Effect.delay(accounts(), "200 millis"), { until: ({ open }) => open === 0 })
        const { completed, done } = yield* accounts()
        assert.deepStrictEqual([done, completed], [total, total])
      }).pipe(Effect.provide(Logger.layer([])))
    )
  )
})
