/**
 * What a drain leaves in its tables: rows that died and were not cleaned away yet, and the size of tables and indexes, at
 * once and after the autovacuum that comes by the tables' own settings.
 */
import { Effect, Schedule } from "effect"
import * as Meter from "./Meter.ts"
import { type Servers } from "./Servers.ts"
import * as Session from "./Session.ts"

/** Names with their schema, as regular expressions. */
export interface Tables {
  /** That hold jobs which are not done. */
  readonly open: string
  /** That hold only done ones; null: none do. */
  readonly done: string | null
}

/** Sessions tell what they did to rows within so many seconds; the most that was seen until then counts. */
const telling = 12
/** No longer is waited for autovacuum, in seconds: two of its rounds and something. */
const patience = 150
/** What is left at most when it has been there. */
const rest = 0.05

const secondly = Schedule.spaced("1 second")

/** Of the columns. */
export const further = {
  dead: "dead rows",
  size: "MB",
  done: "of it done jobs, MB",
  deadLater: "dead rows after autovacuum",
  sizeLater: "MB after autovacuum",
  waited: "after, s"
}

/** By name, what the columns tell. */
export const watch = Effect.fnUntraced(function* (servers: Servers, { done, open }: Tables) {
  const sql = yield* Session.open(servers, "bench-bloat")
  const look = (pattern: string) =>
    Effect.map(
      sql<{ readonly dead: number; readonly size: number }>`
        WITH tables AS (
          SELECT c.oid, c.reltoastrelid AS toast FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind = 'r' AND n.nspname || '.' || c.relname ~ ${pattern})
        SELECT coalesce(sum(pg_stat_get_dead_tuples(oid) + CASE toast WHEN 0 THEN 0 ELSE pg_stat_get_dead_tuples(toast) END), 0)::float8 AS dead,
          coalesce(sum(pg_total_relation_size(oid)), 0)::float8 / 1e6 AS size FROM tables`,
      ([row]) => row ?? { dead: 0, size: 0 }
    )
  const all = Effect.gen(function* () {
    const ofOpen = yield* look(open)
    const ofDone = done === null ? null : yield* look(done)
    return { dead: ofOpen.dead + (ofDone?.dead ?? 0), size: ofOpen.size + (ofDone?.size ?? 0), done: ofDone?.size }
  })
  const began = yield* Meter.millis
  const seconds = Effect.map(Meter.millis, (now) => (now - began) / 1000)
  const { done: ofDone, size } = yield* all
  let most = 0
  const seen = Effect.tap(all, ({ dead }) =>
    Effect.sync(() => {
      most = Math.max(most, dead)
    })
  )
  yield* Effect.repeat(seen, secondly.pipe(Schedule.upTo({ times: telling })))
  const later = yield* Effect.repeat(all, {
    schedule: secondly.pipe(Schedule.upTo({ times: patience - telling })),
    until: ({ dead }) => dead <= most * rest
  }).pipe(Effect.andThen(all))
  const figures = { dead: most, size, deadLater: later.dead, sizeLater: later.size, waited: yield* seconds }
  return ofDone === undefined ? figures : { ...figures, done: ofDone }
}, Effect.orDie)
