import { assert, it } from "@effect/vitest"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { base, freshCampaign, freshWorkspace } from "../conformance/Given.ts"
import { stores } from "./GivenDue.ts"

/** How often this transaction has read a table from one end to the other. */
const scans = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly name: string; readonly scans: number }>`
    SELECT relname AS name, seq_scan::int AS scans FROM pg_stat_xact_user_tables
    WHERE relname IN ('campaigns', 'campaign_counts') ORDER BY 1`
  return rows.map((row) => row.scans)
})

it.layer(stores, { timeout: "30 seconds" })("SqlCampaignStore's plans", (it) => {
  it.effect("what is to follow campaigns is found without reading those that are over", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const campaigns = yield* CampaignStore
      const { id: workspaceId } = yield* freshWorkspace
      const { id } = yield* freshCampaign(workspaceId)
      yield* sql`INSERT INTO campaigns (workspace_id, lane, pipeline_id, due_at, status, expanded, key, spec, template_hash,
          audience_hash, created_at)
        SELECT workspace_id, lane, pipeline_id, ${base * 2}, CASE WHEN n % 10 = 0 THEN 'scheduled' ELSE 'completed' END,
          true, 'k' || n, spec, template_hash, audience_hash, created_at
        FROM campaigns, generate_series(1, 5000) n WHERE id = ${id}`
      yield* sql`INSERT INTO campaign_counts (campaign_id, workspace_id)
        SELECT id, workspace_id FROM campaigns WHERE key LIKE 'k%'`
      yield* sql`INSERT INTO campaign_consequences (campaign_id, workspace_id, then_job)
        SELECT id, workspace_id, '{}' FROM campaigns WHERE key LIKE 'k%' AND status = 'scheduled'`
      for (const table of ["campaigns", "campaign_counts", "campaign_consequences"])
        yield* sql`ANALYZE ${sql(table)}`.unprepared
      const [before, after] = yield* sql.withTransaction(
        Effect.gen(function* () {
          const before = yield* scans
          assert.deepStrictEqual(yield* campaigns.advance({ workspaceId, now: base, limit: 10 }), [])
          yield* campaigns.activeWorkspaces(base)
          return [before, yield* scans] as const
        })
      )
      assert.deepStrictEqual(after, before)
    })
  )
})
