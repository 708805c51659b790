import { assert, it } from "@effect/vitest"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { base, claimedCampaign, second } from "../conformance/Given.ts"
import { allOf, endedJobs, failedOf, workspaceOfEnded } from "../conformance/GivenRecords.ts"
import { stores } from "./GivenDays.ts"
import { heldOpen } from "./internal/Sessions.ts"

const day = 86_400_000

interface Scans {
  readonly name: string
  readonly scans: number
  readonly probes: number
}

/** What this session has read that is not reported yet: from one end to the other, and by index. */
const read = Effect.fnUntraced(function* (tables: string) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<Scans>`
    SELECT relname AS name, seq_scan::int AS scans, coalesce(idx_scan, 0)::int AS probes
    FROM pg_stat_xact_user_tables WHERE relname LIKE ${tables} ORDER BY 1`
})

/** How often the effect reads each table, of those that it looks into. */
const scansOf = <A, E, R>(effect: Effect.Effect<A, E, R>, tables: string, seqscan = "off") =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        // Off: however little is in them, what can be found by index is.
        yield* sql`SELECT set_config('enable_seqscan', ${seqscan}, true)`
        const before = new Map((yield* read(tables)).map((row) => [row.name, row]))
        yield* effect
        return (yield* read(tables)).flatMap(({ name, probes, scans }) => {
          const since = before.get(name) ?? { scans: 0, probes: 0 }
          const more = { name, scans: scans - since.scans, probes: probes - since.probes }
          return more.scans + more.probes > 0 ? [more] : []
        })
      })
    )
  })

it.layer(stores, { timeout: "30 seconds" })("SqlRecords' plans", (it) => {
  it.effect("depths read open work once, those of one workspace by index", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const { owned } = yield* claimedCampaign(3)
      const all = yield* scansOf(records.depths({ workspaceId: null, now: base }), "deliveries", "on")
      assert.deepStrictEqual(all, [{ name: "deliveries", scans: 1, probes: 0 }])
      const one = yield* scansOf(records.depths({ workspaceId: owned.workspaceId, now: base }), "deliveries")
      assert.deepStrictEqual(one, [{ name: "deliveries", scans: 0, probes: 1 }])
    })
  )

  it.effect("what failed is found and opened by index, however many days are kept", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const { owned } = yield* workspaceOfEnded([{ state: "failed" }, { state: "unknown" }, { state: "completed" }])
      const filter = failedOf(owned)
      const asked: ReadonlyArray<Effect.Effect<unknown, LedgerUnavailable>> = [
        records.ended({ filter, after: null, limit: 10 }),
        records.countEnded({ ...filter, states: ["failed", "unknown"] }),
        records.retry({ filter, ids: null, limit: 10, now: base })
      ]
      for (const effect of asked) {
        const scans = yield* scansOf(effect, "deliveries%")
        assert.isAbove(scans.length, 0)
        for (const scan of scans) assert.strictEqual(scan.scans, 0, scan.name)
      }
    })
  )

  it.effect("what ended in a span is looked for in the tables of its days alone", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const { owned } = yield* workspaceOfEnded([{ state: "completed" }])
      yield* endedJobs({ ...owned, now: base + 3 * day }, [{ state: "completed" }])
      const tablesOf = (span: { readonly from?: number; readonly until?: number }) =>
        Effect.map(scansOf(records.countEnded({ ...allOf(owned), ...span }), "deliveries_done%"), (scans) =>
          scans.map(({ name }) => name)
        )
      assert.include(yield* tablesOf({}), "deliveries_done_default")
      assert.deepStrictEqual(yield* tablesOf({ from: base, until: base + second }), ["deliveries_done_20231114"])
      const passed = records.passages({ workspaceId: null, from: base + 3 * day, until: base + 4 * day })
      const scans = yield* scansOf(passed, "deliveries_done_2%")
      assert.deepStrictEqual(
        scans.map(({ name }) => name),
        ["deliveries_done_20231117", "deliveries_done_20231118"]
      )
    })
  )

  it.effect("what reads waits for nobody who writes", () =>
    Effect.gen(function* () {
      const records = yield* Records
      const sql = yield* SqlClient.SqlClient
      const { batch, ids, owned } = yield* claimedCampaign(3)
      const writing = yield* heldOpen(
        Effect.all([
          sql`SELECT 1 FROM workspaces FOR UPDATE`,
          sql`SELECT 1 FROM deliveries WHERE workspace_id = ${owned.workspaceId} FOR UPDATE`,
          sql`SELECT 1 FROM claims FOR UPDATE`,
          sql`SELECT 1 FROM campaigns FOR UPDATE`,
          sql`LOCK TABLE deliveries_done, deliveries, claims IN ROW EXCLUSIVE MODE`
        ])
      )
      const { workspaceId } = owned
      assert.lengthOf(yield* records.depths({ workspaceId, now: base }), 1)
      yield* records.passages({ workspaceId, from: base, until: base + second })
      assert.lengthOf(yield* records.open({ filter: { workspaceId }, limit: 10 }), batch.deliveries.length)
      assert.deepStrictEqual(yield* records.ended({ filter: allOf(owned), after: null, limit: 10 }), [])
      for (const id of ids) assert.isNotNull(yield* records.find({ workspaceId, id }))
      yield* writing.release
    })
  )
})
