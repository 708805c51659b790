/**
 * Monitors on Postgres, in tables of their own that are made when they are first needed.
 */
import { Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Grid from "./Grid.ts"
import { type Due, type Finding, type Health, judge, Monitors, type Standing } from "./Monitors.ts"

const tables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table if not exists uptime_monitors (
    id text primary key, place int generated always as identity, url text not null, every int not null,
    important boolean not null, next_at double precision not null, failures int not null default 0,
    down boolean not null default false, refused int not null default 0)`
  yield* sql`create index if not exists uptime_monitors_due on uptime_monitors (next_at)`
  yield* sql`create table if not exists uptime_findings (
    id text not null references uptime_monitors on delete cascade, slot double precision not null,
    at double precision not null, status int, latency double precision not null, problem text,
    primary key (id, slot))`
  yield* sql`create index if not exists uptime_findings_at on uptime_findings (at)`
})

export const layer: Layer.Layer<Monitors, SqlError.SqlError, SqlClient.SqlClient> = Layer.effect(
  Monitors,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* tables
    return Monitors.of({
      put: ({ every, id, important = false, url }, now) =>
        sql.withTransaction(
          Effect.gen(function* () {
            const [row] = yield* sql<{ readonly place: number }>`
              insert into uptime_monitors (id, url, every, important, next_at)
              values (${id}, ${url}, ${every}, ${important}, 'infinity'::double precision)
              on conflict do nothing returning place`
            if (row === undefined) return
            yield* sql`update uptime_monitors set next_at = ${Grid.first(now, every, row.place)} where id = ${id}`
          })
        ),
      remove: (id) => Effect.asVoid(sql`delete from uptime_monitors where id = ${id}`),
      exists: (id) => Effect.map(sql`select 1 from uptime_monitors where id = ${id}`, (rows) => rows.length > 0),
      plan: ({ limit, now }, dispatch) =>
        sql.withTransaction(
          Effect.gen(function* () {
            const rows = yield* sql<Omit<Due, "slot"> & { readonly nextAt: number }>`
              select id, url, every, important, failures > 0 as failing, next_at as "nextAt" from uptime_monitors
              where next_at <= ${now} order by important desc, next_at, refused desc limit ${limit} for update`
            if (rows.length === 0) return 0
            const due = rows.map(({ nextAt, ...one }) => ({ ...one, slot: Grid.latest(nextAt, one.every, now) }))
            const refused = yield* dispatch(due)
            const next = due.map(({ every, id, slot }) => ({
              id,
              next: slot + every * 1000,
              lost: refused.has(id) ? 1 : 0
            }))
            yield* sql`update uptime_monitors m set next_at = d.next, refused = m.refused + d.lost
              from json_to_recordset(${JSON.stringify(next)}::json) d(id text, next double precision, lost int)
              where m.id = d.id`
            return due.length
          })
        ),
      record: ({ at, id, latency, problem, slot, status }, tell) =>
        sql.withTransaction(
          Effect.gen(function* () {
            const [row] = yield* sql<Health>`
              select failures, down from uptime_monitors where id = ${id} for update`
            if (row === undefined) return
            const kept = yield* sql`insert into uptime_findings (id, slot, at, status, latency, problem)
              values (${id}, ${slot}, ${at}, ${status}, ${latency}, ${problem}) on conflict do nothing returning id`
            if (kept.length === 0) return
            const { change, down, failures } = judge(row, problem)
            yield* sql`update uptime_monitors set failures = ${failures}, down = ${down} where id = ${id}`
            if (change !== null) yield* tell(change)
          })
        ),
      history: (id, limit) =>
        Effect.map(
          sql<Finding>`select id, slot, at, status, latency, problem from uptime_findings
            where id = ${id} order by slot desc limit ${limit}`,
          (rows) => rows.toReversed()
        ),
      standing: sql<Standing>`select id, url, down, refused from uptime_monitors order by id collate "C"`,
      prune: (before, limit) =>
        Effect.map(
          sql`delete from uptime_findings where ctid in (
            select ctid from uptime_findings where at < ${before} order by at limit ${limit}) returning 1`,
          (rows) => rows.length
        )
    })
  })
)
