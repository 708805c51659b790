import { assert, it } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import * as SqlBatchStore from "@fibercast/postgres/SqlBatchStore"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type BatchId } from "@fibercast/domain/Batch"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { base, claimed, claimedCampaign, ended, jobs, later, ownedWorkspace } from "../conformance/Given.ts"
import { batchOf, claimedNow, created, isDue, settle, stage, work, workAll } from "../conformance/GivenBatches.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { heldOpen, someoneWaits } from "./internal/Sessions.ts"

const stores = Layer.mergeAll(
  SqlLedger.layer,
  SqlCampaignStore.layer,
  SqlWorkspaceStore.layer,
  SqlBatchStore.layer
).pipe(Layer.provideMerge(TestDatabase.layer))

/** As `deliveries_done` keeps them. */
const codes = { completed: 1, failed: 2, skipped: 3, cancelled: 4, expired: 5, unknown: 6 } as const

const reopen = Effect.fnUntraced(function* ({ workspaceId }: Owned, id: BatchId, states: ReadonlyArray<FinalState>) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql.unsafe<{ readonly id: number }>(
    `select id from fibercast_reopen_batches(${workspaceId}, array[${states.map(() => id).join()}]::int[],
      array[${states.map((state) => codes[state]).join()}]::smallint[]) as id`
  ).unprepared
  return rows.map((row) => row.id)
})

/** What of the plan that this connection keeps for a statement was run, given that it was run once more. */
const ranOf = Effect.fnUntraced(function* (words: string, parameters: string) {
  const sql = yield* SqlClient.SqlClient
  const [statement] = yield* sql<{ readonly name: string }>`
    SELECT name FROM pg_prepared_statements WHERE position(${words} IN statement) > 0 AND statement NOT LIKE '%pg_prepared%'`
  const rows = yield* sql.unsafe<{ readonly "QUERY PLAN": string }>(
    `EXPLAIN (ANALYZE, TIMING FALSE, COSTS FALSE, BUFFERS FALSE) EXECUTE "${statement?.name}" ${parameters}`
  ).unprepared
  return rows.map((row) => row["QUERY PLAN"])
})

it.layer(stores, { timeout: "60 seconds" })("SqlBatchStore's rows", (it) => {
  it.effect("a batch's standing stays on its page however often it changes", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { owned } = yield* created([stage(...Array.from({ length: 300 }, (_, at) => String(at)))])
      const taken = yield* claimedNow(owned)
      for (const name of taken.keys()) yield* settle(owned, taken, { [name]: "completed" })
      const [size] = yield* sql<{ readonly pages: number }>`
        SELECT (pg_relation_size('batch_standings') / 8192)::int AS pages`
      // Never pruned, 300 versions fill six pages. A statistics run of the server may keep versions for a moment.
      assert.isAtMost(size?.pages ?? Infinity, 3)
    })
  )

  it.effect("work without a batch reads nothing of batches when it is recorded and when it ends", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const { batch, owned } = yield* claimedCampaign(4)
      const [, second, third, fourth] = batch.deliveries
      if (second === undefined || third === undefined || fourth === undefined)
        throw new Error("nothing is left to settle")
      const { dueAt, id } = second
      const { epoch, workspaceId } = owned
      const plans = yield* sql.withTransaction(
        Effect.gen(function* () {
          const settlements = batch.deliveries.slice(0, 1).map((delivery) => ended(delivery, "completed"))
          yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
          yield* ledger.settle({ ...owned, settlements: [ended(third, "failed")], finishedClaims: [] })
          yield* ledger.insert({ ...owned, deliveries: jobs(1) })
          return [
            yield* ranOf(
              "$9 and max_id",
              `(${workspaceId}, ${epoch}, 1, '{${id}}', '{${dueAt}}', '{}', '{}', ${id}, ${id})`
            ),
            yield* ranOf(
              "later as",
              `(${workspaceId}, ${epoch}, 1, '{${fourth.id}}', '{${fourth.dueAt}}', '{1}', '{null}', '{null}', '{null}', '{null}',
                '{}', false, ${fourth.id}, ${fourth.id}, '{}', '{}')`
            ),
            yield* ranOf(
              "select $1::int as workspace_id",
              `(${workspaceId}, 1, '{1}', '{0}', '{1}', '{1}', '{null}', '{"{}"}', '{null}', '{null}', '{null}')`
            )
          ]
        })
      )
      for (const plan of plans) {
        const scans = plan.filter((line) => /Scan.* on batch_standings/u.test(line))
        assert.isAtLeast(scans.length, 2)
        for (const scan of scans) assert.include(scan, "never executed")
      }
    })
  )

  it.effect("what there is to do is found by an index that has nothing else, whatever the number of batches", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const batches = yield* BatchStore
      const { owned } = yield* created([stage("a")])
      yield* sql`WITH b AS (INSERT INTO batches (workspace_id, name, stage, stages, to_come, waiting, created_at)
          SELECT ${owned.workspaceId}, 'old', 1, 1, '[]', 0, 0 FROM generate_series(1, 20000) RETURNING id)
        INSERT INTO batch_standings (batch_id, workspace_id, allowed, catches, status, ended_at)
        SELECT id, ${owned.workspaceId}, 0, false, 'completed', 0 FROM b`.unprepared
      yield* sql`VACUUM ANALYZE batch_standings`.unprepared
      const plans = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* batches.advance({ workspaceId: owned.workspaceId, now: base, limit: 10 })
          yield* batches.dueWorkspaces
          return [
            yield* ranOf("order by batch_id limit $2", `(${owned.workspaceId}, 10)`),
            yield* ranOf("where w.id in (select workspace_id from batch_standings", "")
          ]
        })
      )
      for (const plan of plans) {
        assert.match(plan.join("\n"), /batch_standings_due/u)
        assert.notMatch(plan.join("\n"), /Seq Scan on batch_standings/u)
      }
    })
  )

  it.effect("settles of the same batches from several sessions at once are all counted", () =>
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const { workspaceId } = owned
      const ids: Array<BatchId> = []
      for (let at = 0; at < 6; at += 1) {
        const nothing = { then: null, catch: null, finally: null, allowFailures: null }
        const stages = [stage(...Array.from({ length: 40 }, (_, job) => `${at} ${job}`))]
        ids.push(yield* batches.create({ workspaceId, name: String(at), ...nothing, stages, now: base }))
      }
      const { deliveries } = yield* claimed(owned)
      // Each settles one job of each batch, in an order of its own.
      const share = (of: number) => deliveries.filter((_, at) => at % 40 === of)
      const settleShare = (of: number) => {
        const some = of % 2 === 0 ? share(of) : share(of).toReversed()
        return ledger.settle({ ...owned, settlements: some.map((one) => ended(one, "completed")), finishedClaims: [] })
      }
      yield* Effect.forEach(
        Array.from({ length: 40 }, (_, of) => of),
        settleShare,
        { concurrency: 4, discard: true }
      )
      for (const id of ids) {
        assert.deepStrictEqual((yield* batchOf(owned, id)).counts, { ...none, planned: 40, completed: 40 })
      }
    })
  )

  it.effect("a batch and its jobs exist if and only if the caller's transaction commits", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const batches = yield* BatchStore
      const { id: workspaceId } = yield* Effect.map(ownedWorkspace(), (owned) => ({ ...owned, id: owned.workspaceId }))
      const nothing = { then: null, catch: null, finally: null, allowFailures: 0 }
      const wanted = { workspaceId, name: "one", ...nothing, stages: [stage("a")], now: base }
      const rolledBack = sql.withTransaction(Effect.andThen(batches.create(wanted), Effect.fail("no")))
      assert.strictEqual(yield* Effect.flip(rolledBack), "no")
      assert.deepStrictEqual(yield* batches.list({ workspaceId, before: null, limit: 10 }), [])
      const [open] = yield* sql<{ readonly n: number }>`
        SELECT count(*)::int AS n FROM deliveries WHERE workspace_id = ${workspaceId}`
      assert.strictEqual(open?.n, 0)
    })
  )

  it.effect("a batch that a transaction adds to is left alone until that ends, and then has what was added", () =>
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const { id: batchId, owned } = yield* created([stage("a")])
      yield* work(owned)
      const { workspaceId } = owned
      const adding = yield* heldOpen(batches.add({ workspaceId, batchId, jobs: stage("b"), now: base }))
      assert.deepStrictEqual(yield* batches.advance({ workspaceId, now: base, limit: 10 }), [])
      yield* adding.release
      assert.deepStrictEqual(yield* batches.advance({ workspaceId, now: base, limit: 10 }), [])
      assert.deepStrictEqual((yield* batchOf(owned, batchId)).counts, { ...none, planned: 2, open: 1, completed: 1 })
    })
  )

  it.effect("a settle that comes while a batch is stopped waits, and is counted after it", () =>
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const { id, owned } = yield* created([stage("a", "b", "c")])
      const taken = yield* claimedNow(owned)
      yield* settle(owned, taken, { a: "failed" })
      const { workspaceId } = owned
      const stopping = yield* heldOpen(batches.advance({ workspaceId, now: base, limit: 10 }))
      const settling = yield* Effect.forkChild(settle(owned, taken, { b: "completed" }))
      yield* someoneWaits
      yield* stopping.release
      yield* Fiber.join(settling)
      const counts = { ...none, planned: 3, open: 1, failed: 1, completed: 1 }
      assert.deepInclude(yield* batchOf(owned, id), { status: "failed", counts })
    })
  )

  it.effect("what ended and is opened again goes on with its batch, once no more failed than it allows", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { id, owned } = yield* created([stage("a", "b"), stage("c")])
      assert.deepStrictEqual(yield* workAll(owned, { a: "failed", b: "failed" }), [
        ["a", "b"],
        ["catch", "finally"]
      ])
      const again = later(owned, 10)
      assert.deepStrictEqual(yield* reopen(owned, id, ["failed"]), [])
      const failed = yield* batchOf(owned, id)
      assert.deepInclude(failed, { status: "failed", counts: { ...none, planned: 2, open: 1, failed: 1 } })
      assert.isFalse(yield* isDue(owned))
      assert.deepStrictEqual(yield* reopen(owned, id, ["failed"]), [id])
      const open = { ...none, planned: 2, open: 2 }
      assert.deepInclude(yield* batchOf(owned, id), { status: "running", endedAt: null, note: null, counts: open })
      // As who opens them again records them; that they are open is counted already.
      const deliveries = ["a", "b"].map((name) => ({
        pipeline: "jobs",
        lane: "normal" as const,
        campaignId: null,
        dueAt: again.now,
        deadline: null,
        payload: JSON.stringify(name)
      }))
      const ids = yield* ledger.insert({ ...again, deliveries })
      const sql = yield* SqlClient.SqlClient
      yield* sql.unsafe(`update deliveries set batch_id = ${id} where id in (${ids.join()})`).unprepared
      // What followed before does not follow again.
      assert.deepStrictEqual(yield* workAll(again), [["a", "b"], ["c"], ["then"]])
      assert.deepInclude(yield* batchOf(owned, id), { status: "completed", stage: 2 })
    })
  )

  it.effect("a cancelled batch stays so, whatever of it is opened again", () =>
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const { id: batchId, owned } = yield* created([stage("a")])
      const { workspaceId } = owned
      yield* batches.cancel({ workspaceId, batchId, reason: "wrong file", now: base })
      yield* batches.advance({ workspaceId, now: base, limit: 10 })
      assert.deepStrictEqual(yield* reopen(owned, batchId, ["cancelled"]), [])
      assert.deepInclude(yield* batchOf(owned, batchId), {
        status: "cancelled",
        note: "wrong file",
        endedAt: base,
        counts: { ...none, planned: 1, open: 1 }
      })
      assert.isFalse(yield* isDue(owned))
    })
  )
})
