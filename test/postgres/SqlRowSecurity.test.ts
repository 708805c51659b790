import { assert, it } from "@effect/vitest"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as SqlRecords from "@fibercast/postgres/SqlRecords"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { base, claimedCampaign, ended, freshWorkspace, jobs, putOff, second, spec } from "../conformance/Given.ts"
import * as GivenBatches from "../conformance/GivenBatches.ts"
import { asked, dispatched, dispatchedOne, tagsOf, unique } from "../conformance/GivenDispatches.ts"
import { allOf, endedJobs, failedOf } from "../conformance/GivenRecords.ts"
import { advanceOf, definitionOf, dueTrigger, minute, occurrenceAt, stores } from "./GivenDue.ts"

/** Every table that holds rows of workspaces, and the column that says whose. */
const tables = {
  workspaces: "id",
  campaigns: "workspace_id",
  campaign_counts: "workspace_id",
  campaign_consequences: "workspace_id",
  batches: "workspace_id",
  batch_standings: "workspace_id",
  recipients: "workspace_id",
  deliveries: "workspace_id",
  claims: "workspace_id",
  keys: "workspace_id",
  recalls: "workspace_id",
  doubts: "workspace_id",
  deliveries_done: "workspace_id",
  attempts: "workspace_id",
  tallies: "workspace_id",
  triggers: "workspace_id",
  occurrences: "workspace_id",
  occurrence_tallies: "workspace_id"
}

/** A campaign of the workspace that something follows. */
const followed = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
  const campaigns = yield* CampaignStore
  const consequences = { then: GivenBatches.job("then"), catch: null, finally: null }
  const hashes = { templateHash: "t1", audienceHash: "a1" }
  return yield* campaigns.create({ workspaceId, key: "followed", spec, ...hashes, consequences, now: base })
})

/** A workspace with a row in every table. */
const populated = Effect.gen(function* () {
  const ledger = yield* Ledger
  const campaigns = yield* CampaignStore
  const triggers = yield* TriggerStore
  const { batch, campaign, owned } = yield* claimedCampaign(3)
  const [first, second] = batch.deliveries
  const settlements = [
    ...(first === undefined ? [] : [ended(first, "completed")]),
    ...(second === undefined ? [] : [putOff(second, "retry", base + 1)])
  ]
  yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
  yield* dispatchedOne(owned, asked("keyed", { unique: unique("k") }))
  yield* ledger.recall({ ...owned, ids: batch.deliveries.map(({ id }) => id), reason: "a mistake", force: false })
  yield* campaigns.append({
    campaignId: campaign.id,
    from: 0,
    to: 1,
    last: true,
    recipients: [{ row: 1, address: "+6281234567890", payload: "{}" }],
    skipped: [],
    now: base
  })
  const nothing = { then: null, catch: null, finally: null }
  yield* followed(owned.workspaceId)
  const sql = yield* SqlClient.SqlClient
  yield* sql`INSERT INTO doubts (delivery_id, workspace_id, pipeline_id, at, rescues)
    SELECT id, workspace_id, pipeline_id, ${base}, 0 FROM deliveries WHERE workspace_id = ${owned.workspaceId} LIMIT 1`
  yield* (yield* BatchStore).create({
    workspaceId: owned.workspaceId,
    name: "import",
    allowFailures: 0,
    ...nothing,
    stages: [GivenBatches.stage("a")],
    now: base
  })
  const trigger = yield* dueTrigger(owned.workspaceId, "report")
  yield* triggers.record({ now: base, advances: [advanceOf(trigger)] })
  return { workspaceId: owned.workspaceId, campaignId: campaign.id, trigger }
})

/** Runs the effect as the API does for a tenant. */
const asTenant = <A, E, R>(workspaceId: WorkspaceId | null, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`SET LOCAL ROLE fibercast_tenant`
        yield* sql`SELECT set_config('fibercast.workspace', ${workspaceId === null ? "" : String(workspaceId)}, true)`
        return yield* effect
      })
    )
  })

const recorded = Layer.provideMerge(SqlRecords.layer, stores)

it.layer(recorded, { timeout: "30 seconds" })("row-level security", (it) => {
  it.effect("a tenant dispatches in its own workspace, whatever it asks for, and in no other", () =>
    Effect.gen(function* () {
      const mine = yield* populated
      const other = yield* populated
      const replacing = { unique: unique("k", { onConflict: "replace" }), idempotencyKey: "r", backlog: 1 } as const
      const some = [
        asked(1, replacing),
        asked(2, { unique: unique("l"), backlog: 1 }),
        asked(3, { unique: unique("m"), backlog: 1 }),
        asked(4)
      ]
      const at = { workspaceId: mine.workspaceId, now: base }
      const answers = yield* asTenant(mine.workspaceId, dispatched(at, some))
      assert.deepStrictEqual(tagsOf(answers), ["Deduplicated", "Inserted", "Refused", "Inserted"])
      for (const asked of some) {
        const error = yield* Effect.flip(asTenant(other.workspaceId, dispatchedOne(at, asked)))
        assert.include(error.message, `there is no workspace ${mine.workspaceId}`)
      }
    })
  )

  it.effect("a tenant sees its own rows in every table, and nobody else's", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const mine = yield* populated
      yield* populated
      for (const [table, column] of Object.entries(tables)) {
        const owners = sql<{ readonly owner: number }>`SELECT DISTINCT ${sql(column)} AS owner FROM ${sql(table)}`
        assert.isAtLeast((yield* owners).length, 2, table)
        assert.deepStrictEqual(yield* asTenant(mine.workspaceId, owners), [{ owner: mine.workspaceId }], table)
        assert.deepStrictEqual(yield* asTenant(null, owners), [], table)
      }
    })
  )

  it.effect("every table that says whose its rows are is walled, and is among those that are tested here", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const found = yield* sql<{ readonly name: string; readonly walled: boolean }>`
        SELECT c.relname AS name, c.relrowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS walled
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace`
      assert.deepStrictEqual(
        found.filter(({ walled }) => !walled).map(({ name }) => name),
        []
      )
      const known = Object.keys(tables).filter((table) => table !== "workspaces")
      assert.sameMembers(
        found.map(({ name }) => name),
        known
      )
    })
  )

  it.effect("a tenant launches a campaign that something follows, in its own workspace and in no other", () =>
    Effect.gen(function* () {
      const mine = yield* freshWorkspace
      const other = yield* freshWorkspace
      assert.isTrue((yield* asTenant(mine.id, followed(mine.id))).created)
      assert.strictEqual((yield* Effect.flip(asTenant(mine.id, followed(other.id))))._tag, "LedgerUnavailable")
    })
  )

  it.effect("a tenant can neither change rows of another nor add rows in its name", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const mine = yield* populated
      const other = yield* populated

      const changed = yield* asTenant(
        mine.workspaceId,
        sql`UPDATE campaigns SET note = 'mine now' WHERE id = ${other.campaignId} RETURNING id`
      )
      assert.deepStrictEqual(changed, [])

      const refused = [
        sql`INSERT INTO campaign_counts (campaign_id, workspace_id) VALUES (${other.campaignId}, ${other.workspaceId})`,
        sql`UPDATE campaigns SET workspace_id = ${other.workspaceId} WHERE id = ${mine.campaignId}`,
        sql`INSERT INTO recipients (campaign_id, workspace_id, first_row, address)
          VALUES (${other.campaignId}, ${other.workspaceId}, 2, 'x')`,
        sql`INSERT INTO deliveries (workspace_id, campaign_id, lane, pipeline_id, due_at, payload)
          VALUES (${other.workspaceId}, 0, 0, 1, 0, '{}')`,
        sql`DELETE FROM deliveries`,
        sql`DELETE FROM recalls`,
        sql`DELETE FROM doubts`,
        sql`UPDATE campaign_consequences SET then_job = NULL`,
        sql`UPDATE workspaces SET epoch = 0`,
        sql`INSERT INTO batch_standings (batch_id, workspace_id, allowed, catches)
          VALUES (1, ${other.workspaceId}, 0, false)`,
        sql`DELETE FROM batches`,
        sql`SELECT * FROM deliveries_done_default`,
        sql`UPDATE triggers SET workspace_id = ${other.workspaceId}`,
        sql`INSERT INTO occurrences (nominal_at, due_at, recorded_at, trigger_id, workspace_id, outcome, overlap_key,
          zone, rules) VALUES (0, 0, 0, ${other.trigger.id}, ${other.workspaceId}, 4, 'report', 'UTC', 'r1')`,
        sql`INSERT INTO occurrence_tallies (count, trigger_id, workspace_id, outcome, reason)
          VALUES (1, ${other.trigger.id}, ${other.workspaceId}, 4, 0)`,
        sql`DELETE FROM occurrences`,
        sql`SELECT * FROM schedulers`,
        sql`SELECT * FROM scheduling`
      ]
      for (const statement of refused) {
        const error = yield* Effect.flip(asTenant(mine.workspaceId, statement))
        assert.strictEqual(error.reason._tag, "AuthorizationError")
      }
    })
  )

  it.effect("a tenant puts, pauses, fills in and removes triggers of its own, and does not find another's", () =>
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const { fill } = triggers
      const mine = yield* populated
      const other = yield* populated
      const now = base + 1

      const seen = yield* asTenant(
        mine.workspaceId,
        Effect.gen(function* () {
          const { id, revision } = yield* triggers.pause({
            workspaceId: mine.workspaceId,
            name: "report",
            note: null,
            now
          })
          const filled = yield* fill({ now, triggerId: id, occurrences: [occurrenceAt(base - minute)] })
          const removed = yield* triggers.remove({ triggerId: id, revision, now })
          const { app, cursor, nextDue, rules, zone } = mine.trigger
          const put = { app, cursor, nextDue, rules, zone, now, seen: null, definition: definitionOf("mine") }
          yield* triggers.put({ ...put, workspaceId: mine.workspaceId })
          return {
            filled,
            removed,
            listed: (yield* triggers.list({ workspaceId: null })).map(({ definition }) => definition.trigger.name),
            theirs: yield* triggers.find(other.workspaceId, "report"),
            written: yield* fill({ now, triggerId: other.trigger.id, occurrences: [occurrenceAt(base - minute)] }),
            recorded: yield* triggers.record({
              now,
              advances: [advanceOf({ ...other.trigger, cursor: base + minute })]
            })
          }
        })
      )
      const nothing = { theirs: null, written: [], recorded: [] }
      assert.deepStrictEqual(seen, { filled: [base - minute], removed: true, listed: ["mine"], ...nothing })
      assert.lengthOf(yield* triggers.history({ triggerId: other.trigger.id, before: null, limit: 10 }), 1)
    })
  )

  it.effect("a tenant finds its own records alone, whomever it asks for, and mends nothing", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const [mine, other] = [yield* claimedCampaign(2), yield* claimedCampaign(2)]
      const theirs = yield* endedJobs(other.owned, [{ state: "failed" }])
      const own = yield* endedJobs(mine.owned, [{ state: "failed" }])
      yield* (yield* Ledger).insert({ ...mine.owned, deliveries: jobs(1) })
      const ofAll = { ...allOf(mine.owned), workspaceId: null }
      const ofOther = allOf(other.owned)
      const at = { now: base, from: base, until: base + 60 * second }
      const all = { ...at, workspaceId: null }
      const { workspaceId } = mine.owned
      const seen = yield* asTenant(
        workspaceId,
        Effect.gen(function* () {
          const rows = [
            ...(yield* records.depths(all)),
            ...(yield* records.passages(all)),
            ...(yield* records.ended({ filter: ofAll, after: null, limit: 100 })),
            ...(yield* records.open({ filter: { workspaceId: null }, limit: 100 }))
          ]
          const named = { ...at, workspaceId: other.owned.workspaceId }
          return {
            owners: [...new Set(rows.map((row) => row.workspaceId))],
            own: yield* Effect.forEach(own, (id) => records.find({ workspaceId: null, id })),
            none: [
              ...(yield* Effect.forEach([...theirs, ...other.ids], (id) =>
                records.find({ workspaceId: null, id })
              )).filter((found) => found !== null),
              ...(yield* records.depths(named)),
              ...(yield* records.passages(named)),
              ...(yield* records.ended({ filter: ofOther, after: null, limit: 100 })),
              ...(yield* records.retry({ filter: ofOther, ids: theirs, limit: 100, now: base }))
            ],
            count: yield* records.countEnded(ofOther)
          }
        })
      )
      assert.deepStrictEqual(seen.owners, [workspaceId])
      assert.deepStrictEqual(
        seen.own.map((found) => found?.record.state),
        ["failed"]
      )
      const refused: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        records.retry({ filter: failedOf(mine.owned), ids: null, limit: 10, now: base }),
        records.forget({ filter: failedOf(mine.owned), ids: null, limit: 10 }),
        records.clear({ filter: { workspaceId }, limit: 10, reason: "mine", now: base })
      ]
      for (const effect of refused) {
        const exit = yield* Effect.exit(asTenant(workspaceId, effect))
        assert.strictEqual(exit._tag, "Failure")
      }
      assert.strictEqual(yield* records.countEnded(failedOf(mine.owned)), 1)
    })
  )
})
