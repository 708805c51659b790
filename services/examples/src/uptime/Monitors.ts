/**
 * The monitors of a site, and what their checks found.
 *
 * A monitor's checks are due on a grid of its own, `every` apart: what is late moves none of those after it, and a time
 * that nobody came to is not made up for. Monitors of one interval are spread over it, a second apart.
 */
import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

export interface NewMonitor {
  readonly id: string
  readonly url: string
  /** Whole seconds between two checks, at least 1. */
  readonly every: number
  /** Its checks overtake those of others. */
  readonly important?: boolean | undefined
}

/** A check that is due: `slot` is its place on the monitor's grid, in milliseconds since the epoch. */
export interface Due {
  readonly id: string
  readonly url: string
  readonly important: boolean
  readonly slot: number
}

export interface Finding {
  readonly id: string
  readonly slot: number
  /** When it was found, in milliseconds since the epoch. */
  readonly at: number
  /** Null: there was no answer. */
  readonly status: number | null
  /** Milliseconds. */
  readonly latency: number
  /** Why the target counts as failing; null: it does not. */
  readonly problem: string | null
}

export type Change = "down" | "up"

/** A monitor is down after this many failures in a row, and up again after one success. */
export const failuresToDown = 2

/** Findings that the memory layer keeps of a monitor. */
const kept = 1000

/** The latest slot that is not after `now`, of a grid that has `slot`. */
const latest = (slot: number, every: number, now: number): number =>
  slot + Math.floor((now - slot) / (every * 1000)) * every * 1000

interface Health {
  readonly failures: number
  readonly down: boolean
}

const judge = ({ down, failures }: Health, problem: string | null): Health & { readonly change: Change | null } => {
  if (problem === null) return { failures: 0, down: false, change: down ? "up" : null }
  const isDown = down || failures + 1 >= failuresToDown
  return { failures: failures + 1, down: isDown, change: isDown && !down ? "down" : null }
}

export class Monitors extends Context.Service<
  Monitors,
  {
    /** Takes a monitor on, with its first check within `every` of `now`. One whose id is known is left as it is. */
    readonly put: (monitor: NewMonitor, now: number) => Effect.Effect<void, SqlError.SqlError>
    /** With its history. */
    readonly remove: (id: string) => Effect.Effect<void, SqlError.SqlError>
    readonly exists: (id: string) => Effect.Effect<boolean, SqlError.SqlError>
    /** At most `limit` that are due, the longest first, each with the latest of its slots. */
    readonly due: (now: number, limit: number) => Effect.Effect<ReadonlyArray<Due>, SqlError.SqlError>
    /** These slots are seen to: each monitor is next due at the slot after. */
    readonly planned: (due: ReadonlyArray<Due>) => Effect.Effect<void, SqlError.SqlError>
    /**
     * Keeps what a check found, once for each slot, and runs `tell` when that changes the monitor's state; on Postgres in
     * one transaction with it. Nothing is kept of a monitor that is gone.
     */
    readonly record: <E, R>(
      finding: Finding,
      tell: (change: Change) => Effect.Effect<unknown, E, R>
    ) => Effect.Effect<void, E | SqlError.SqlError, R>
    /** The last findings, oldest first. */
    readonly history: (id: string, limit: number) => Effect.Effect<ReadonlyArray<Finding>, SqlError.SqlError>
  }
>()("fibercast/examples/uptime/Monitors") {
  /** Keeps the last 1000 findings of a monitor. */
  static readonly layerMemory: Layer.Layer<Monitors> = Layer.sync(Monitors, () => {
    type Row = Omit<Due, "slot"> &
      Health & { readonly every: number; readonly nextAt: number; readonly found: Array<Finding> }
    const all = new Map<string, Row>()
    let taken = 0
    return Monitors.of({
      put: ({ every, id, important = false, url }, now) =>
        Effect.sync(() => {
          if (all.has(id)) return
          const nextAt = first(now, every, taken++)
          all.set(id, { id, url, important, every, nextAt, failures: 0, down: false, found: [] })
        }),
      remove: (id) => Effect.sync(() => void all.delete(id)),
      exists: (id) => Effect.sync(() => all.has(id)),
      due: (now, limit) =>
        Effect.sync(() =>
          [...all.values()]
            .filter(({ nextAt }) => nextAt <= now)
            .toSorted((one, other) => one.nextAt - other.nextAt)
            .slice(0, limit)
            .map(({ every, id, important, nextAt, url }) => ({ id, url, important, slot: latest(nextAt, every, now) }))
        ),
      planned: (due) =>
        Effect.sync(() => {
          for (const { id, slot } of due) {
            const row = all.get(id)
            if (row !== undefined) all.set(id, { ...row, nextAt: slot + row.every * 1000 })
          }
        }),
      record: (finding, tell) =>
        Effect.suspend(() => {
          const row = all.get(finding.id)
          if (row === undefined || row.found.some(({ slot }) => slot === finding.slot)) return Effect.void
          const { change, ...health } = judge(row, finding.problem)
          all.set(row.id, { ...row, ...health, found: [...row.found, finding].slice(-kept) })
          return change === null ? Effect.void : Effect.asVoid(tell(change))
        }),
      history: (id, limit) => Effect.sync(() => (all.get(id)?.found ?? []).slice(-limit))
    })
  })

  static readonly layerSql: Layer.Layer<Monitors, SqlError.SqlError, SqlClient.SqlClient> = Layer.effect(
    Monitors,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table if not exists uptime_monitors (
        id text primary key, place int generated always as identity, url text not null, every int not null,
        important boolean not null, next_at double precision not null, failures int not null default 0,
        down boolean not null default false)`
      yield* sql`create index if not exists uptime_monitors_due on uptime_monitors (next_at)`
      yield* sql`create table if not exists uptime_findings (
        id text not null references uptime_monitors on delete cascade, slot double precision not null,
        at double precision not null, status int, latency double precision not null, problem text,
        primary key (id, slot))`
      return Monitors.of({
        put: ({ every, id, important = false, url }, now) =>
          sql.withTransaction(
            Effect.gen(function* () {
              const [row] = yield* sql<{ readonly place: number }>`
                insert into uptime_monitors (id, url, every, important, next_at)
                values (${id}, ${url}, ${every}, ${important}, 'infinity'::double precision)
                on conflict do nothing returning place`
              if (row === undefined) return
              yield* sql`update uptime_monitors set next_at = ${first(now, every, row.place)} where id = ${id}`
            })
          ),
        remove: (id) => Effect.asVoid(sql`delete from uptime_monitors where id = ${id}`),
        exists: (id) => Effect.map(sql`select 1 from uptime_monitors where id = ${id}`, (rows) => rows.length > 0),
        due: (now, limit) =>
          Effect.map(
            sql<Omit<Due, "slot"> & { readonly every: number; readonly nextAt: number }>`
              select id, url, important, every, next_at as "nextAt" from uptime_monitors
              where next_at <= ${now} order by next_at limit ${limit}`,
            (rows) => rows.map(({ every, nextAt, ...monitor }) => ({ ...monitor, slot: latest(nextAt, every, now) }))
          ),
        planned: (due) =>
          due.length === 0
            ? Effect.void
            : Effect.asVoid(sql`update uptime_monitors m set next_at = d.slot + m.every * 1000.0
                from json_to_recordset(${JSON.stringify(due)}::json) d(id text, slot double precision)
                where m.id = d.id`),
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
          )
      })
    })
  )
}

/** The first slot of the monitor that was taken on as the `place`-th, on a whole second after `now`. */
function first(now: number, every: number, place: number): number {
  return (Math.floor(now / 1000) + 1 + (place % every)) * 1000
}
