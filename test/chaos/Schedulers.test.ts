import { assert, describe, it } from "@effect/vitest"
import * as Planner from "@fibercast/domain/Planner"
import { Console, Effect, Random } from "effect"
import { type SqlClient } from "effect/sql"
import * as ChaosCampaign from "../support/ChaosCampaign.ts"
import * as MovablePostgres from "../support/MovablePostgres.ts"
import * as SchedulerProcess from "../support/SchedulerProcess.ts"

/** Milliseconds that its clock is wrong by. */
type Skew = number

const kills = 8

/** Where a run happens that takes at least once: `nominal` may be there more than once. */
const prepared = Effect.gen(function* () {
  const server = yield* MovablePostgres.make
  const sql = yield* server.client
  yield* sql`CREATE TABLE ran (name text NOT NULL, nominal bigint NOT NULL, pid int NOT NULL)`
  return { sql, url: server.url }
}).pipe(Effect.orDie)

/** Kills one of them after another, each replaced at once by one whose clock is as wrong; the last ones stay. */
const killing = Effect.fnUntraced(function* (url: string, skews: ReadonlyArray<Skew>) {
  const start = (skew: Skew) => Effect.map(SchedulerProcess.spawn(url, skew), (child) => ({ skew, child }))
  const running = yield* Effect.forEach(skews, start)
  for (let kill = 0; kill < kills; kill++) {
    yield* Effect.sleep(yield* Random.nextIntBetween(1500, 4000))
    const at = yield* Random.nextIntBetween(0, running.length - 1)
    const victim = running[at]
    if (victim === undefined) continue
    yield* Effect.sync(() => process.kill(victim.child.pid, "SIGKILL"))
    running[at] = yield* start(victim.skew)
  }
  return running
})

/** By trigger: the nominal times recorded, and those that the plan has in the time they cover. */
const recorded = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const rows = yield* sql<{ readonly name: string; readonly from: number; readonly to: number }>`
    SELECT name, created_at::float8 AS "from", cursor::float8 AS "to" FROM triggers ORDER BY name`
  return yield* Effect.forEach(rows, ({ from, name, to }) =>
    Effect.gen(function* () {
      const scheduled = SchedulerProcess.scheduled.find(({ definition }) => definition.trigger.name === name)
      const occurrences = yield* sql<{ readonly nominal: number; readonly outcome: number; readonly ran: boolean }>`
        SELECT o.nominal_at::float8 AS nominal, o.outcome,
          EXISTS (SELECT 1 FROM ran WHERE ran.name = t.name AND ran.nominal = o.nominal_at) AS ran
        FROM occurrences o JOIN triggers t ON t.id = o.trigger_id WHERE t.name = ${name} ORDER BY nominal`
      if (scheduled === undefined) return yield* Effect.die(new Error(`${name} is no trigger of the test`))
      const planned = Planner.plan(scheduled.definition.trigger, from, to).map(({ nominal }) => nominal)
      return { name, planned, occurrences }
    })
  )
}, Effect.orDie)

const conserved = Effect.fnUntraced(function* (what: string, sql: SqlClient.SqlClient) {
  const triggers = yield* recorded(sql)
  assert.lengthOf(triggers, SchedulerProcess.scheduled.length)
  for (const { name, occurrences, planned } of triggers) {
    assert.isAbove(planned.length, 2, name)
    assert.deepStrictEqual(
      occurrences.map(({ nominal }) => nominal),
      planned,
      `${name}: recorded, and planned`
    )
  }
  const [counts] = yield* Effect.orDie(sql<Readonly<Record<"runs" | "works" | "twice" | "total", number>>>`
    SELECT (SELECT count(*) FROM occurrences WHERE delivery_id IS NOT NULL)::int AS runs,
      ((SELECT count(*) FROM deliveries WHERE workspace_id > 0) + (SELECT count(*) FROM deliveries_done))::int AS works,
      (SELECT count(*) - count(DISTINCT (name, nominal)) FROM ran)::int AS twice,
      (SELECT count(*) FROM ran)::int AS total`)
  assert.strictEqual(counts?.works, counts?.runs, "deliveries, and runs")
  const all = triggers.flatMap(({ occurrences }) => occurrences)
  const of = (code: number) => all.filter(({ outcome }) => outcome === code).length
  yield* Console.log(
    `${what}: ${kills} kills, ${all.length} occurrences, ${of(1)} fired, ${of(2)} late, ${of(3)} skipped, ` +
      `${of(4)} missed, ${of(5)} waiting; none lost, none doubled; ${counts?.total} runs seen, ${counts?.twice} of them again`
  )
  return all
})

/** Everything that was recorded as run has run. */
const caughtUp = (sql: SqlClient.SqlClient) =>
  sql`SELECT 1 FROM occurrences o JOIN triggers t ON t.id = o.trigger_id
    WHERE o.nominal_at < (SELECT max(nominal_at) - 10000 FROM occurrences)
      AND (o.outcome = 5 OR o.run_state = 0) LIMIT 1`.pipe(
    Effect.map((rows) => rows.length === 0),
    Effect.orDie,
    Effect.delay("200 millis"),
    Effect.repeat({ until: (held) => held })
  )

describe("schedulers on one database, killed with -9 and replaced", () => {
  it.live("two whose clocks are right: no occurrence is lost, none doubled, and each that is to run has run", () =>
    ChaosCampaign.seeded(
      Effect.gen(function* () {
        const { sql, url } = yield* prepared
        const running = yield* killing(url, [0, 0])
        yield* caughtUp(sql)
        for (const { child } of running) yield* Effect.sync(() => process.kill(child.pid, "SIGKILL"))
        for (const { child } of running) yield* Effect.ignore(child.exitCode)
        const all = yield* conserved("two, right", sql)
        const newest = Math.max(...all.map(({ nominal }) => nominal))
        const toRun = all.filter(({ nominal, outcome }) => outcome <= 2 && nominal < newest - 10_000)
        assert.isAbove(toRun.length, 20)
        assert.deepStrictEqual(
          toRun.filter(({ ran }) => !ran),
          []
        )
      })
    )
  )

  it.live("three whose clocks differ by up to three minutes: no occurrence is lost, none doubled", () =>
    ChaosCampaign.seeded(
      Effect.gen(function* () {
        const { sql, url } = yield* prepared
        const running = yield* killing(url, [-90_000, 0, 90_000])
        for (const { child } of running) yield* Effect.sync(() => process.kill(child.pid, "SIGKILL"))
        for (const { child } of running) yield* Effect.ignore(child.exitCode)
        yield* conserved("three, apart", sql)
      })
    )
  )
})
