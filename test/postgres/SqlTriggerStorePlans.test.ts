import { assert, it } from "@effect/vitest"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Deferred, Effect, Fiber } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { base, freshWorkspace, jobs } from "../conformance/Given.ts"
import { advanceOf, definitionOf, minute, occurrenceAt, stores, waitingAt } from "./GivenDue.ts"

/** A value of each type that statements take. */
const values: Readonly<Record<string, string>> = {
  smallint: "1",
  integer: "1",
  bigint: "1",
  text: "'a'",
  boolean: "true",
  "smallint[]": "'{1}'",
  "integer[]": "'{1}'",
  "bigint[]": "'{1}'",
  "text[]": "'{a}'"
}

interface Plan {
  readonly statement: string
  readonly plan: string
}

/** The plans that this connection keeps for statements about triggers. */
const keptPlans: Effect.Effect<ReadonlyArray<Plan>, SqlError.SqlError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const statements = yield* sql<{ readonly name: string; readonly statement: string; readonly types: string }>`
    SELECT name, statement, array_to_json(parameter_types::text[])::text AS types FROM pg_prepared_statements
    WHERE statement ~ 'triggers|occurrences' AND statement NOT LIKE '%pg_prepared%'`
  return yield* Effect.forEach(statements, ({ name, statement, types }) => {
    const parameters = Array.from(JSON.parse(types), (type) => values[String(type)] ?? "null")
    const explain = `EXPLAIN EXECUTE "${name}" ${parameters.length === 0 ? "" : `(${parameters.join(", ")})`}`
    return Effect.map(sql.unsafe<{ readonly "QUERY PLAN": string }>(explain).unprepared, (rows) => ({
      statement,
      plan: rows.map((row) => row["QUERY PLAN"]).join("\n")
    }))
  })
})

/** Of some plans, those that read one of these tables from end to end. */
const scanning = (plans: ReadonlyArray<Plan>, tables: string): ReadonlyArray<Plan> =>
  plans.filter(({ plan }) => new RegExp(`Seq Scan on (${tables})`).test(plan))

/** Of some plans, those that sort what they could read in order, and so read more than they are asked for. */
const sorting = (plans: ReadonlyArray<Plan>): ReadonlyArray<Plan> =>
  plans
    .filter(({ plan }) =>
      /Sort Key:.*\n\s*->  Index.* using (triggers_due|occurrences_over|.*nominal_at_key)/.test(plan)
    )
    .filter(({ statement }) => !statement.includes("for update"))

/** Has every statement that schedulers run all the time planned by this connection. */
const planned = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
  const triggers = yield* TriggerStore
  const { fill } = triggers
  const put = (name: string) =>
    triggers.put({
      workspaceId,
      app: null,
      definition: definitionOf(name),
      seen: null,
      zone: "UTC",
      cursor: base,
      nextDue: null,
      rules: "r1",
      now: base
    })
  const trigger = (yield* put("one")) ?? (yield* Effect.die("not put"))
  yield* triggers.due({ app: "a", now: base, after: null, limit: 500 })
  yield* triggers.nextDue({ app: "a", after: base })
  yield* triggers.holders({ workspaceId, overlapKey: "one" })
  yield* triggers.ready({ app: "a", limit: 100 })
  yield* triggers.end({ app: "a", now: base, limit: 100 })
  yield* triggers.forget({ before: 0, limit: 100 })
  yield* triggers.history({ triggerId: trigger.id, before: null, limit: 10 })
  yield* triggers.nominals({ triggerId: trigger.id, from: 0, to: 1, limit: 10 })
  yield* triggers.record({
    now: base,
    advances: [
      advanceOf(trigger, {
        busy: { running: 0, waiting: 0 },
        displace: true,
        occurrences: [waitingAt(base)],
        nextDue: null
      })
    ]
  })
  const [waiting] = yield* triggers.history({ triggerId: trigger.id, before: null, limit: 10 })
  yield* triggers.release({
    now: base,
    occurrenceId: waiting?.occurrenceId ?? 0n,
    outcome: "late",
    reason: "overlap",
    detail: null,
    work: occurrenceAt(base).work
  })
  yield* fill({ now: base, triggerId: trigger.id, occurrences: [occurrenceAt(base - minute)] })
  yield* triggers.remove({ triggerId: trigger.id, revision: trigger.revision, now: base })
})

/** 10,000 triggers with 20 finished occurrences each, 40 open runs, 10 that wait, and a backlog of other work. */
const filled = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
  const sql = yield* SqlClient.SqlClient
  const ledger = yield* Ledger
  yield* sql`INSERT INTO triggers (workspace_id, cursor, next_due, skips_paused, created_at, app, name, zone, rules,
      overlap_key, definition)
    SELECT ${workspaceId}, ${base}, ${base} + n * 1000, true, 0, CASE WHEN n % 2 = 0 THEN 'a' END, 't' || n, 'UTC', 'r',
      'k' || n, ${JSON.stringify(definitionOf("t"))}::json FROM generate_series(1, 10000) n`
  yield* sql`INSERT INTO occurrences (trigger_id, workspace_id, nominal_at, due_at, recorded_at, ended_at, delivery_id,
      outcome, run_state, overlap_key, zone, rules)
    SELECT t.id, t.workspace_id, ${base} - n * 60000, ${base} - n * 60000, ${base} - n * 60000, ${base} - n * 60000, n,
      1, 1, t.overlap_key, 'UTC', 'r'
    FROM generate_series(1, 20) n, triggers t WHERE t.workspace_id = ${workspaceId}`
  yield* ledger.insert({ workspaceId, now: base, deliveries: jobs(20_000) })
  yield* sql`INSERT INTO deliveries_done (id, due_at, settled_at, workspace_id, campaign_id, pipeline_id, state, attempt)
    SELECT -n, ${base}, ${base}, ${workspaceId}, 0, 1, 1, 1 FROM generate_series(1, 20000) n`
  yield* sql`INSERT INTO occurrences (trigger_id, workspace_id, nominal_at, due_at, recorded_at, delivery_id, outcome,
      run_state, overlap_key, zone, rules)
    SELECT min(t.id) + n, ${workspaceId}, ${base}, ${base}, ${base},
      (SELECT max(id) FROM deliveries) - n, CASE WHEN n < 40 THEN 1 ELSE 5 END, CASE WHEN n < 40 THEN 0 END, 'k' || n,
      'UTC', 'r'
    FROM generate_series(0, 49) n, triggers t WHERE t.workspace_id = ${workspaceId} GROUP BY n`
})

/** A table of triggers is small, and is looked into again once its statistics are. */
const growing = "occurrence|deliveries|claims"

it.layer(stores, { timeout: "60 seconds" })("SqlTriggerStore's plans", (it) => {
  it.effect("statements stay index scans, planned while there was nothing or beside 200,000 occurrences", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [workspace, other] = [yield* freshWorkspace, yield* freshWorkspace]
      const ledger = yield* Ledger
      // Another that gives the pipeline its number would wait for the transaction below.
      yield* ledger.insert({ workspaceId: workspace.id, now: base, deliveries: jobs(1) })
      const isFilled = yield* Deferred.make<void>()
      const isPlanned = yield* Deferred.make<void>()
      const early = yield* Effect.forkChild(
        sql.withTransaction(
          Effect.gen(function* () {
            yield* planned(other.id)
            yield* Deferred.succeed(isPlanned, undefined)
            yield* Deferred.await(isFilled)
            return yield* keptPlans
          })
        )
      )
      yield* Effect.raceFirst(Deferred.await(isPlanned), Effect.andThen(Fiber.join(early), Effect.never))
      yield* filled(workspace.id)
      yield* Deferred.succeed(isFilled, undefined)
      const plannedEarly = yield* Fiber.join(early)
      assert.isAtLeast(plannedEarly.length, 20)
      assert.deepStrictEqual(scanning(plannedEarly, growing), [])
      assert.deepStrictEqual(sorting(plannedEarly), [])

      yield* sql`VACUUM ANALYZE`.unprepared
      const plans = yield* sql.withTransaction(Effect.andThen(planned(workspace.id), keptPlans))
      assert.deepStrictEqual(scanning(plans, `triggers|${growing}`), [])
      assert.deepStrictEqual(sorting(plans), [])
    })
  )
})
