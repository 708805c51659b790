import { assert, it } from "@effect/vitest"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Epoch } from "@fibercast/domain/Workspace"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import {
  background,
  base,
  claimed,
  claimedMore,
  claimsOf,
  idsOf,
  lease,
  second,
  wholeOf
} from "../conformance/Given.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

const stores = Layer.merge(SqlLedger.layer, SqlWorkspaceStore.layer).pipe(Layer.provideMerge(TestDatabase.layerEmpty))

it.layer(stores, { timeout: "30 seconds" })("the migration that frees retries", (it) => {
  it.effect("what standing claims had put off can be claimed when it is due; the rest stays held", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Migrations.runList(Migrations.all.slice(0, 3))
      yield* sql`INSERT INTO pipelines (name) VALUES ('jobs')`
      yield* sql`INSERT INTO workspaces (name, zone, limits, epoch, owner, owned_until)
        VALUES ('old', 'UTC', '{}', 1, 'node-a', ${base + 60 * second})`
      yield* sql`INSERT INTO deliveries (id, due_at, workspace_id, campaign_id, lane, pipeline_id, attempt, payload)
        OVERRIDING SYSTEM VALUE SELECT n, ${base} + case when n in (2, 4) then 10000 else 0 end, 1, 0, 2, 1,
          case when n = 2 then 1 else 0 end, '"old"' FROM generate_series(1, 5) n`
      yield* sql`INSERT INTO claims (claimed_at, last_due, min_id, max_id, workspace_id, campaign_id, epoch, lane, put_off,
          ids, started)
        VALUES (${base}, ${base}, 1, 3, 1, 0, 1, 2, true, '{1,2,3,900}', '{2,3}'),
          (${base}, ${base}, 4, 4, 1, 0, 1, 2, true, '{4}', '{}'),
          (${base}, ${base}, 5, 5, 1, 0, 1, 2, false, '{5}', '{}')`
      yield* Migrations.run
      assert.deepStrictEqual(yield* Migrations.pending, [])

      const ledger = yield* Ledger
      const workspace = yield* (yield* WorkspaceStore).find("old")
      if (workspace === null) return assert.fail("the workspace is gone")
      const due = { workspaceId: workspace.id, epoch: Epoch.make(1), now: base + 10 * second }
      assert.deepStrictEqual(
        idsOf((yield* claimed(due, background)).deliveries),
        [2n, 4n].map((id) => DeliveryId.make(id))
      )
      const { rescued, unknown } = yield* ledger.takeOver({ ...due, owner: "node-b", lease, force: true })
      assert.deepStrictEqual({ rescued, unknown }, { rescued: 4, unknown: 1 })
    })
  )
})

it.layer(stores, { timeout: "30 seconds" })("the migration that knows whole claims", (it) => {
  it.effect("what was claimed before is not known to be whole, and goes as it is held; what is claimed after is", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Migrations.runList(Migrations.all.slice(0, 13))
      yield* sql`INSERT INTO pipelines (name) VALUES ('jobs')`
      yield* sql`INSERT INTO workspaces (name, zone, limits, epoch, owner, owned_until)
        VALUES ('old', 'UTC', '{}', 1, 'node-a', ${base + 60 * second})`
      yield* sql`INSERT INTO deliveries (id, due_at, workspace_id, campaign_id, lane, pipeline_id, payload)
        OVERRIDING SYSTEM VALUE SELECT n, ${base}, 1, 0, 2, 1, '"old"' FROM generate_series(901, 903) n`
      yield* sql`INSERT INTO claims (claimed_at, last_due, min_id, max_id, workspace_id, campaign_id, epoch, lane, ids)
        VALUES (${base}, ${base}, 901, 902, 1, 0, 1, 2, '{901,902}')`
      const [old] = yield* sql<{ readonly claim_id: bigint }>`SELECT claim_id FROM claims`
      yield* Migrations.run
      assert.deepStrictEqual(yield* Migrations.pending, [])

      const ledger = yield* Ledger
      const workspace = yield* (yield* WorkspaceStore).find("old")
      if (workspace === null || old === undefined) return assert.fail("the workspace or its claim is gone")
      const owned = { workspaceId: workspace.id, epoch: Epoch.make(1), now: base }
      const before = { claimId: old.claim_id, claimedAt: base, deliveries: [] }
      const after = yield* claimed(owned)
      const more = yield* claimedMore(owned, 2)
      assert.deepStrictEqual(yield* wholeOf(owned, [before, after, more]), claimsOf([after, more]))
      const held = [901n, 902n].map((id) => ({ claimId: old.claim_id, id: DeliveryId.make(id), wasDue: base }))
      const begun = yield* ledger.begin({ ...owned, held, campaign: null, mark: false })
      assert.deepStrictEqual(begun, { go: held.map(({ id }) => id), back: [] })
      const { rescued, unknown } = yield* ledger.takeOver({ ...owned, owner: "node-b", lease, force: true })
      assert.deepStrictEqual({ rescued, unknown }, { rescued: 5, unknown: 0 })
    })
  )
})
