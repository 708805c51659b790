import { assert, it } from "@effect/vitest"
import { Ledger } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { base, claimed, ended, jobs, ownedWorkspace, second } from "../conformance/Given.ts"
import { allOf, endedJobs, workspaceOfEnded } from "../conformance/GivenRecords.ts"
import { daysOf, stores, rowsIn } from "./GivenDays.ts"
import { heldOpen } from "./internal/Sessions.ts"

const day = 86_400_000

const prune = Effect.fnUntraced(function* (now: number, otherwise = 30 * day) {
  return yield* (yield* Records).prune({ now, otherwise, limit: 1000 })
})

const nothing = { days: 0, records: 0, keys: 0, batches: 0, isMore: false }

it.layer(stores, { timeout: "30 seconds" })("SqlRecords, pruning", (it) => {
  it.effect("drops the tables of a day when all of it is old, tallies after two days, and no day too early", () =>
    Effect.gen(function* () {
      yield* workspaceOfEnded([{ state: "completed" }, { state: "failed" }])
      const both = ["20231114", "20231115"]
      const ofAll = Effect.all([daysOf("deliveries_done"), daysOf("attempts"), daysOf("tallies")])
      assert.deepStrictEqual(yield* ofAll, [both, both, both])
      const ended = base + second
      assert.deepStrictEqual(yield* prune(ended + 2 * day), nothing)
      assert.deepStrictEqual(yield* prune(ended + 2 * day + 1), { ...nothing, days: 1 })
      assert.deepStrictEqual(yield* prune(ended + 30 * day), { ...nothing, days: 1 })
      assert.deepStrictEqual(yield* ofAll, [both, both, []])
      assert.deepStrictEqual(yield* prune(ended + 30 * day + 1), { ...nothing, days: 2 })
      assert.deepStrictEqual(yield* ofAll, [["20231115"], ["20231115"], []])
    })
  )

  it.effect("keeps the table of a day for what is kept longer, and drops it once that is gone", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const now = base + 100 * day
      yield* records.retain([{ pipeline: "kept", retention: 60 * day }])
      const owned = yield* ownedWorkspace(now)
      yield* endedJobs(owned, [
        { state: "failed", job: { pipeline: "kept" } },
        { state: "failed" },
        { state: "completed" }
      ])
      const [table] = (yield* daysOf("deliveries_done")).slice(-2)
      assert.strictEqual(table, "20240222")
      // Two records, and the attempt of the one that failed.
      assert.include(yield* prune(now + 40 * day), { records: 3, isMore: false })
      assert.deepStrictEqual([yield* rowsIn("deliveries_done_20240222"), yield* rowsIn("attempts_20240222")], [1, 1])
      assert.deepStrictEqual(yield* prune(now + 40 * day), nothing)
      yield* prune(now + 62 * day)
      assert.notInclude(yield* daysOf("deliveries_done"), "20240222")
      assert.notInclude(yield* daysOf("attempts"), "20240222")
    })
  )

  it.effect("drops a day of which nothing is kept, though a pipeline that keeps for ever had no part in it", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const now = base + 300 * day
      yield* records.retain([{ pipeline: "for.ever", retention: Infinity }])
      yield* endedJobs(yield* ownedWorkspace(now), [{ state: "failed" }, { state: "completed" }])
      assert.include(yield* daysOf("deliveries_done"), "20240909")
      yield* prune(now + 32 * day)
      assert.notInclude(yield* daysOf("deliveries_done"), "20240909")
      yield* records.retain([{ pipeline: "for.ever", retention: null }])
    })
  )

  it.effect("leaves a day that is being read for another time, and keeps nobody who settles waiting behind it", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const sql = yield* SqlClient.SqlClient
      const now = base + 500 * day
      const owned = yield* ownedWorkspace(now)
      yield* endedJobs(owned, [{ state: "completed" }])
      const days = yield* daysOf("deliveries_done")
      const much = { ...owned, now: now + 32 * day }
      yield* endedJobs(much, [{ state: "completed" }])
      yield* ledger.insert({ ...much, deliveries: jobs(1) })
      const batch = yield* claimed(much)
      const reading = yield* heldOpen(sql`SELECT count(*) FROM deliveries_done`)
      const settling = ledger.settle({
        ...much,
        settlements: batch.deliveries.map((delivery) => ended(delivery, "completed")),
        finishedClaims: []
      })
      const [pruned, settled] = yield* Effect.all([prune(now + 32 * day), settling], { concurrency: "unbounded" })
      assert.strictEqual(pruned?.isMore, true)
      assert.deepStrictEqual(settled, { final: 1, later: 0 })
      assert.includeMembers([...(yield* daysOf("deliveries_done"))], [...days])
      yield* reading.release
      assert.strictEqual((yield* prune(now + 32 * day))?.isMore, false)
      assert.notInclude(yield* daysOf("deliveries_done"), "20250328")
    })
  )

  it.effect("prunes the default tables row by row", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { owned } = yield* workspaceOfEnded([{ state: "failed" }])
      yield* sql`INSERT INTO deliveries_done_default (id, due_at, settled_at, workspace_id, campaign_id, pipeline_id,
        state, attempt) SELECT 1000000 + n, 0, n * ${day}::bigint, ${owned.workspaceId}, 0, 1, 1, 1 FROM generate_series(1, 40) n`
      yield* sql`INSERT INTO attempts_default (delivery_id, at, workspace_id, campaign_id, attempt, outcome)
        VALUES (1000001, 1, ${owned.workspaceId}, 0, 1, 7)`
      const before = yield* rowsIn("deliveries_done_default")
      assert.include(yield* prune(50 * day), { records: 20, days: 0, isMore: false })
      assert.strictEqual(yield* rowsIn("deliveries_done_default"), before - 19)
    })
  )

  it.effect("deletes keys whose time is up, and those whose delivery is not open any more", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const sql = yield* SqlClient.SqlClient
      const owned = yield* ownedWorkspace()
      const [open = 0n] = yield* ledger.insert({ ...owned, deliveries: jobs(1) })
      const key = (name: string, taken: number, delivery: bigint, until: number | null) =>
        sql`INSERT INTO keys (workspace_id, pipeline_id, kind, taken, key, delivery_id, since, until)
          VALUES (${owned.workspaceId}, 1, 1, ${taken}, ${name}, ${delivery}, ${base}, ${until})`
      yield* key("open", 1, open, null)
      yield* key("open, until it is claimed", 2, open, null)
      yield* key("over", 1, 999_999_999n, null)
      yield* key("over, until it was claimed", 2, 999_999_999n, null)
      yield* key("for a time", 3, 999_999_999n, base + second)
      yield* key("for a time that is up", 3, open, base)
      const keys = Effect.map(sql<{ readonly key: string }>`SELECT key FROM keys ORDER BY key`, (rows) =>
        rows.map((row) => row.key)
      )
      const step = yield* records.prune({ now: base, otherwise: Infinity, limit: 2 })
      assert.deepStrictEqual([step?.keys, step?.isMore], [2, true])
      const last = yield* records.prune({ now: base, otherwise: Infinity, limit: 2 })
      assert.deepStrictEqual([last?.keys, last?.isMore], [1, false])
      assert.deepStrictEqual(yield* keys, ["for a time", "open", "open, until it is claimed"])
    })
  )

  it.effect("works for one caller at a time", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { owned } = yield* workspaceOfEnded([{ state: "failed" }])
      const other = yield* heldOpen(sql`SELECT pg_try_advisory_xact_lock(4650721940)`)
      assert.isNull(yield* prune(base + 1000 * day))
      yield* other.release
      const records = yield* Records
      assert.strictEqual(yield* records.countEnded(allOf(owned)), 1)
      assert.isNotNull(yield* prune(base + 1000 * day))
      assert.strictEqual(yield* records.countEnded(allOf(owned)), 0)
    })
  )
})
