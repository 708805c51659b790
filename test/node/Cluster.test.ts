import { assert, describe, it } from "@effect/vitest"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect, Logger } from "effect"
import { SqlClient } from "effect/sql"
import * as ClusterNode from "../support/ClusterNode.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

type Node = Effect.Success<ReturnType<typeof ClusterNode.make>>

const running = ({ use }: Node) => use(Effect.flatMap(WorkspaceRuntime, (runtime) => runtime.running))

const started = Effect.gen(function* () {
  const { url } = yield* TestDatabase
  return yield* ClusterNode.make({ databaseUrl: url, port: yield* ClusterNode.freePort })
})

const names = Array.from({ length: 20 }, (_, n) => `workspace ${n}`)

/** Twenty workspaces with work for minutes. */
const working = Effect.fnUntraced(function* ({ use }: Node) {
  return yield* Effect.forEach(names, (name) =>
    use(
      Effect.gen(function* () {
        const { id } = yield* (yield* WorkspaceStore).ensure({ name, zone: "UTC", limits: {} })
        yield* ClusterNode.dispatchTicks(id, 300, 200)
        return id
      })
    )
  )
})

/** Waits until every workspace runs on exactly one of the nodes, and each has some; answers after how many milliseconds, and how many. */
const spread = Effect.fnUntraced(function* (nodes: ReadonlyArray<Node>, ids: ReadonlyArray<WorkspaceId>) {
  const begun = yield* Clock.currentTimeMillis
  const look = Effect.forEach(nodes, running)
  const all = ids.toSorted((a, b) => a - b)
  const isSpread = (at: ReadonlyArray<ReadonlyArray<WorkspaceId>>) =>
    at.every((here) => here.length > 0) && JSON.stringify(at.flat().toSorted((a, b) => a - b)) === JSON.stringify(all)
  const at = yield* Effect.repeat(Effect.delay(look, "20 millis"), { until: isSpread })
  return { after: (yield* Clock.currentTimeMillis) - begun, at }
})

describe("Cluster", () => {
  it.live(
    "workspaces are spread over nodes that come and go, each on exactly one, and commands reach them from any",
    () =>
      Effect.gen(function* () {
        yield* ClusterNode.prepare
        const [first, second] = yield* Effect.all([started, started], { concurrency: 2 })
        const ids = yield* working(first)
        const two = yield* spread([first, second], ids)

        const far = two.at[1]?.[0]
        if (far === undefined) return assert.fail("the second node has none")
        const asked = Effect.gen(function* () {
          const campaigns = yield* Campaigns
          const { campaign } = yield* campaigns.launch({
            workspaceId: far,
            name: "announcement",
            pipeline: ClusterNode.Announce.name,
            template: "Hello {{ name }}",
            audience: {
              _tag: "Inline",
              rows: Array.from({ length: 2000 }, (_, n) => ({ phone: `+62812${10_000_000 + n}`, name: `P${n}` }))
            },
            addressColumn: "phone"
          })
          yield* Effect.repeat(Effect.delay(campaigns.get(far, campaign.id), "20 millis"), {
            until: ({ counts }) => counts.completed > 0
          })
          return yield* campaigns.pause(far, campaign.id)
        })
        const silence = yield* first.use(asked)
        assert.strictEqual(silence.status, "paused")
        assert.isAbove(silence.escaped, 0)

        const third = yield* started
        yield* spread([first, second, third], ids)

        const from = yield* Clock.currentTimeMillis
        yield* second.stop
        const stopped = (yield* Clock.currentTimeMillis) - from
        const left = yield* spread([first, third], ids)
        assert.isBelow(stopped + left.after, 15_000)
      }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer), Effect.provide(Logger.layer([])))
  )

  it.live("nodes that start at once on an empty database all get its tables, which tenants cannot read", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Effect.all(
        Array.from({ length: 4 }, () => started),
        { concurrency: "unbounded" }
      )
      const tables = yield* sql<{ readonly name: string }>`
        SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname LIKE 'fibercast_cluster%' ORDER BY relname`
      assert.deepStrictEqual(
        tables.map(({ name }) => name),
        ["fibercast_cluster_locks", "fibercast_cluster_runner_migrations", "fibercast_cluster_runners"]
      )
      for (const { name } of tables) {
        const [tenant] = yield* sql<{ readonly may: boolean }>`
          SELECT has_table_privilege('fibercast_tenant', ${name}, 'SELECT, INSERT, UPDATE, DELETE') AS may`
        assert.isFalse(tenant?.may)
      }
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer), Effect.provide(Logger.layer([])))
  )
})
