import { assert, it } from "@effect/vitest"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import {
  base,
  claimed,
  claimedCampaign,
  ended,
  heldOf,
  openCampaign,
  ownedWorkspace,
  runningCampaign
} from "../conformance/Given.ts"
import { asked, dispatched, unique } from "../conformance/GivenDispatches.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlCampaignStore.layer, SqlWorkspaceStore.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

/** The plan that this connection keeps for the statement that has the given words in it. */
const planOf = Effect.fnUntraced(function* (words: string, parameters: string, detail = "VERBOSE FALSE") {
  const sql = yield* SqlClient.SqlClient
  const [statement] = yield* sql<{ readonly name: string }>`
    SELECT name FROM pg_prepared_statements WHERE position(${words} IN statement) > 0 AND statement NOT LIKE '%pg_prepared%'`
  const rows = yield* sql.unsafe<{ readonly "QUERY PLAN": string }>(
    `EXPLAIN (${detail}) EXECUTE "${statement?.name}" ${parameters}`
  ).unprepared
  return rows.map((row) => row["QUERY PLAN"]).join("\n")
})

it.layer(stores, { timeout: "30 seconds" })("SqlLedger's plans", (it) => {
  it.effect("statements first planned while nothing was open read and settle by index", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(1)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "failed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      yield* sql`VACUUM ANALYZE deliveries`.unprepared
      yield* sql`VACUUM ANALYZE claims`.unprepared

      const ids = batch.deliveries.map(({ id }) => id)
      const [claim, settle, completed, claims, cancel, recall, recalled, doubts] = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* ledger.claim({ ...owned, source, limit: 1000, after: null })
          const settle = { ...owned, settlements: [], finishedClaims: [] }
          yield* ledger.settle({ ...settle, settlements })
          yield* ledger.settle({
            ...settle,
            settlements: batch.deliveries.map((delivery) => ended(delivery, "completed"))
          })
          yield* ledger.settle({ ...settle, completedClaims: [batch.claimId] })
          yield* ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" })
          yield* ledger.recall({ ...owned, ids, reason: "a mistake", force: false })
          yield* sql`INSERT INTO recalls (delivery_id, workspace_id, reason, at) VALUES (-1, ${owned.workspaceId}, 'a', 0)`
          yield* ledger.recalled(owned)
          yield* ledger.takeDoubts({ ...owned, limit: 100, pipelines: ["a"] })
          return [
            yield* planOf("picked as", "(1, 1, 1, 1, 1, 1, 1, 1000)"),
            yield* planOf(
              "later as",
              "(1, 1, 1, '{1}', '{1}', '{1}', '{1}', '{a}', '{1}', '{a}', '{}', true, 1, 1, '{}', '{}')"
            ),
            yield* planOf("$9 and max_id", "(1, 1, 1, '{1}', '{1}', '{a}', '{}', 1, 1)"),
            yield* planOf("claim_id = any ($4", "(1, 1, 1, '{1}')"),
            yield* planOf("chosen as", "(1, 1, 1, 'a', 10)"),
            yield* planOf("told as", "(1, '{1}', 1, 'a', false, 1, 1)"),
            yield* planOf("forgotten as", "(1, 1, 1)"),
            yield* planOf("taken as", "(1, 1, '{a}', 1, 100)")
          ] as const
        })
      )

      for (const plan of [claim, settle, completed, claims, cancel, recall, recalled])
        assert.notInclude(plan, "Seq Scan on deliveries")
      assert.notMatch(doubts, /Seq Scan on deliveries_done/)
      assert.match(doubts, /Index Scan using doubts_of_workspace[^]*Index Cond: .*workspace_id/)
      assert.match(claim, /Limit[^]*Index Scan using deliveries_due[^]*Index Cond: .*workspace_id[^]*hashed SubPlan/)
      assert.notMatch(claim, /Limit[^]*Sort[^]*Index Scan using deliveries_due/)
      assert.strictEqual(
        settle.match(/Index Scan using deliveries_pkey on deliveries \w+ .*\n\s*Index Cond: \(id = /g)?.length,
        2
      )
      for (const plan of [completed, claims])
        assert.match(plan, /Index Scan using deliveries_pkey[^]*Index Cond: \(id = /)
      for (const plan of [cancel, recall, recalled]) assert.match(plan, /Index Cond: \(id = ANY/)
      assert.include(claim, "Index Scan on recalls_of_workspace")
    })
  )

  it.effect("what is due is found by one walk of the index, whatever is paused, in the lanes asked for", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const { owned, source } = yield* openCampaign(200)
      yield* (yield* WorkspaceStore).pauseLanes(owned.workspaceId, { lanes: ["bulk"], note: null, now: 1 })
      yield* sql`VACUUM ANALYZE deliveries`.unprepared
      const [due, next, holding] = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* ledger.dueWorkspaces({ by: base, now: base, limit: 10, lanes: ["bulk"] })
          yield* ledger.nextDue({ workspaceId: owned.workspaceId, source })
          yield* ledger.holding(owned.workspaceId)
          return [
            yield* planOf("with recursive source", "(1, 1, 10, '{a}', 1, 50, 0, '{3}')"),
            yield* planOf("order by deliveries.due_at, id limit 1", "(1, '{3,0}', '{1,0}')"),
            yield* planOf("cross join marked", "(1)")
          ] as const
        })
      )
      for (const plan of [due, next, holding]) assert.notInclude(plan, "Seq Scan on deliveries")
      assert.notMatch(due, /Sort[^]*Index (?:Only )?Scan using deliveries_due on deliveries d/)
      assert.match(next, /One-Time Filter|InitPlan/)
    })
  )

  it.effect("what of a claim may be sent, and what of it stands, is found by index, in time linear in the claim", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const { batch, owned, running } = yield* runningCampaign(1)
      yield* sql`INSERT INTO claims (claimed_at, last_due, min_id, max_id, workspace_id, campaign_id, epoch, lane, ids)
        SELECT 0, 0, 0, 0, ${owned.workspaceId}, ${running.id}, 1, 1, '{}' FROM generate_series(1, 500)`
      yield* sql`VACUUM ANALYZE deliveries`.unprepared
      yield* sql`VACUUM ANALYZE claims`.unprepared
      const held = heldOf(batch)
      const plans = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* ledger.begin({ ...owned, held, campaign: running, mark: false })
          yield* ledger.begin({ ...owned, held, campaign: running, mark: true })
          yield* ledger.standing({ ...owned, held })
          return [
            yield* planOf("order by claim_id for share", "(1, 1, '{1}', '{1}', '{1}', 1, 1, 1, 1)", "VERBOSE"),
            yield* planOf("marked as (\n  update claims", "(1, 1, '{1}', '{1}', '{1}', 1, 1, 1, 1)", "VERBOSE"),
            yield* planOf("found.is_started", "(1, 1, '{1}', '{1}', '{1}', 1, 1)", "VERBOSE")
          ]
        })
      )
      for (const plan of plans) {
        assert.match(plan, /Index Scan using deliveries_pkey[^]*Index Cond: \(d.id = ANY/)
        assert.match(plan, /Index Cond: .*claims.workspace_id = .*claims.claim_id >= .*claims.claim_id <= /)
        assert.match(plan, /hashed SubPlan[^]*unnest\(held.ids\)/)
        assert.notMatch(plan, /Seq Scan on public.(?:deliveries|claims|recalls)/)
        assert.notMatch(plan, /\(SubPlan/)
      }
    })
  )

  it.effect("which claims may be begun as a whole is found by index, however many others stand, without a lock", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const { batch, owned, running } = yield* runningCampaign(1)
      yield* sql`INSERT INTO claims
          (claimed_at, last_due, min_id, max_id, workspace_id, campaign_id, epoch, lane, ids, recall_no)
        SELECT 0, 0, 0, 0, ${owned.workspaceId}, ${running.id}, 1, 1, '{}', 0 FROM generate_series(1, 500)`
      yield* sql`VACUUM ANALYZE claims`.unprepared
      const plan = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* ledger.beginClaims({ ...owned, claims: [batch.claimId], campaign: running })
          return yield* planOf("owner left join claims", "(1, 1, '{1}', 1, 1, 1, 1)", "VERBOSE")
        })
      )
      assert.match(plan, /Index Scan using claims_pkey[^]*Index Cond: .*c.workspace_id = .*c.claim_id /)
      assert.notMatch(plan, /Seq Scan on public.(?:claims|workspaces)/)
      assert.notMatch(plan, /LockRows|\(SubPlan/)
    })
  )

  it.effect("a dispatch reads its own keys and its holders by index, and of a full backlog no more than the cap", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const owned = yield* ownedWorkspace()
      const others = Array.from({ length: 3000 }, (_, n) => asked(n, { unique: unique(`other ${n}`), backlog: 3000 }))
      for (const table of ["keys", "claims"]) yield* sql`VACUUM ANALYZE ${sql(table)}`.unprepared
      const read = sql<{ readonly scans: number; readonly rows: number }>`
        SELECT sum(seq_scan)::int AS scans, sum(seq_tup_read + idx_tup_fetch)::int AS rows
        FROM pg_stat_xact_user_tables WHERE relname IN ('deliveries', 'claims', 'keys')`
      const some = [
        asked("new", { unique: unique("a"), idempotencyKey: "a" }),
        asked("kept", { unique: unique("a") }),
        asked("replaced", { unique: unique("a", { taken: "started", onConflict: "replace" }) }),
        asked("asked before", { idempotencyKey: "a" }),
        asked("full", { unique: unique("b"), backlog: 10 })
      ]
      const reads = sql.withTransaction(
        Effect.gen(function* () {
          const [before] = yield* read
          yield* dispatched(owned, some)
          const [after] = yield* read
          return { scans: (after?.scans ?? 0) - (before?.scans ?? 0), rows: (after?.rows ?? 0) - (before?.rows ?? 0) }
        })
      )
      assert.strictEqual((yield* reads).scans, 0)
      yield* dispatched(owned, others)
      const { rows, scans } = yield* reads
      assert.strictEqual(scans, 0)
      // The cap is 10, and each of the others looks at a few.
      assert.isBelow(rows, 60)
      assert.isAbove(rows, 10)
    })
  )

  it.effect("a campaign's counts stay on their page however often they change", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const { owned, source } = yield* openCampaign(300)
      for (let settled = 0; settled < 300; settled += 1) {
        const batch = yield* claimed(owned, source, 1)
        const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
        yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      }
      const [size] = yield* sql<{ readonly pages: number }>`
        SELECT (pg_relation_size('campaign_counts') / 8192)::int AS pages`
      // Never pruned, 300 versions fill five pages. A statistics run of the server may keep versions for a moment.
      assert.isAtMost(size?.pages ?? Infinity, 3)
    })
  )
})
