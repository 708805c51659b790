import { assert, it } from "@effect/vitest"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlTriggerStore from "@fibercast/postgres/SqlTriggerStore"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { background, base, claimed, lease } from "../conformance/Given.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { advanceOf, dueTrigger } from "./GivenDue.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlWorkspaceStore.layer, SqlTriggerStore.layer).pipe(
  Layer.provideMerge(TestDatabase.layerEmpty)
)

it.layer(stores, { timeout: "30 seconds" })("the migration to triggers", (it) => {
  it.effect("a database of the first release with work in it gets triggers, and its work stays", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Migrations.runList(Migrations.all.slice(0, 1))
      yield* sql`INSERT INTO pipelines (name) VALUES ('jobs')`
      yield* sql`INSERT INTO workspaces (name, zone, limits) VALUES ('old', 'UTC', '{}')`
      yield* sql`INSERT INTO deliveries (due_at, workspace_id, campaign_id, lane, pipeline_id, payload)
        SELECT ${base}, 1, 0, 2, 1, '"old"' FROM generate_series(1, 3)`
      yield* Migrations.run
      assert.deepStrictEqual(yield* Migrations.pending, [])

      const ledger = yield* Ledger
      const triggers = yield* TriggerStore
      const workspaces = yield* WorkspaceStore
      const workspace = yield* workspaces.find("old")
      if (workspace === null) return assert.fail("the workspace is gone")
      const trigger = yield* dueTrigger(workspace.id, "new")
      assert.deepStrictEqual(yield* triggers.record({ now: base, advances: [advanceOf(trigger)] }), [trigger.id])

      const { epoch } = yield* ledger.takeOver({
        workspaceId: workspace.id,
        owner: "node-a",
        now: base,
        lease,
        force: false
      })
      const batch = yield* claimed({ workspaceId: workspace.id, epoch, now: base }, background)
      assert.deepStrictEqual(
        batch.deliveries.map(({ payload }) => payload),
        ['"old"', '"old"', '"old"', "{}"]
      )
    })
  )
})
