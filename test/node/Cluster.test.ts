import { assert, describe, it } from "@effect/vitest"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect, Fiber, Logger } from "effect"
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

const people = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ phone: `+62812${10_000_000 + n}`, name: `P${n}` }))

const launch = Effect.fnUntraced(function* (workspaceId: WorkspaceId, name: string, count: number) {
  const { campaign } = yield* (yield* Campaigns).launch({
    workspaceId,
    name,
    pipeline: ClusterNode.Announce.name,
    guarantee: "at-most-once",
    template: "Hello {{ name }}",
    audience: { _tag: "Inline", rows: people(count) },
    addressColumn: "phone"
  })
  return campaign
})

/** Twenty workspaces with background jobs for a minute, and a campaign for as long as the test takes at most. */
const working = Effect.forEach(names, (name) =>
  Effect.gen(function* () {
    const { id } = yield* (yield* WorkspaceStore).ensure({ name, zone: "UTC", limits: { inFlight: 3 } })
    yield* ClusterNode.dispatchTicks(id, 300, 200)
    return yield* launch(id, "to all", 100)
  })
)

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
    "workspaces are spread over nodes that come and go, each on exactly one; commands reach them from any, and nothing is in doubt",
    () =>
      Effect.gen(function* () {
        yield* ClusterNode.prepare
        const [first, second] = yield* Effect.all([started, started], { concurrency: 2 })
        const campaigns = yield* first.use(working)
        const ids = campaigns.map(({ workspaceId }) => workspaceId)
        const two = yield* spread([first, second], ids)

        const far = two.at[1]?.[0]
        if (far === undefined) return assert.fail("the second node has none")
        const asked = Effect.gen(function* () {
          const { id } = yield* launch(far, "to be paused", 2000)
          const { get, pause } = yield* Campaigns
          yield* Effect.repeat(Effect.delay(get(far, id), "20 millis"), { until: ({ counts }) => counts.completed > 0 })
          return yield* pause(far, id)
        })
        const silence = yield* first.use(asked)
        assert.strictEqual(silence.status, "paused")
        assert.isAbove(silence.escaped, 0)

        const third = yield* started
        yield* spread([first, second, third], ids)

        const from = yield* Clock.currentTimeMillis
        const asking = yield* Effect.forkChild(
          first.use(
            Effect.forEach(
              campaigns,
              ({ id, workspaceId }) =>
                Effect.flatMap(WorkspaceRuntime, ({ ask }) =>
                  ask(workspaceId, { _tag: "Resume", campaignId: id, note: null })
                ),
              { concurrency: "unbounded" }
            )
          )
        )
        yield* second.stop
        const stopped = (yield* Clock.currentTimeMillis) - from
        const left = yield* spread([first, third], ids)
        assert.isBelow(stopped + left.after, 15_000)
        const answers = yield* Fiber.join(asking)
        for (const { status } of answers) assert.include(["running", "completed"], status)

        for (const { id, workspaceId } of campaigns) {
          const ended = yield* first.use(
            Effect.flatMap(Campaigns, ({ get }) =>
              Effect.repeat(Effect.delay(get(workspaceId, id), "20 millis"), {
                until: ({ status }) => status === "completed"
              })
            )
          )
          assert.deepStrictEqual([ended.counts.completed, ended.counts.unknown], [100, 0])
        }
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
