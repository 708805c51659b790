/**
 * The statements that drop what is old: `PruneStatements` of one table at a time. Names of tables are those that
 * `tables` answered.
 */

/** What is kept by days, and the instant that says of which. */
const instants = { deliveries_done: "settled_at", attempts: "at", tallies: "at" } as const
export type History = keyof typeof instants

/** For the transaction; a number that nobody else uses. */
export const tryLock = `select pg_try_advisory_xact_lock(4650721940) as got`

export const retentions = `select id, retention::float8 as retention from pipelines order by id`

/** The oldest day first, records before attempts and tallies; the default ones at the end. */
export const tables = `select c.relname as name, p.relname as history
from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
where i.inhparent in ('deliveries_done'::regclass, 'attempts'::regclass, 'tallies'::regclass)
  and c.relname ~ ('^' || p.relname || '_([0-9]{8}|default)$')
order by substring(c.relname from '[a-z0-9]+$'), p.relname desc`

/** Locks the whole history, for as long as that takes. */
export const drop = (table: string, history: History): string => {
  if (!table.startsWith(`${history}_`) || !/^\w+$/u.test(table))
    throw new RangeError(`${table} is no day of ${history}`)
  return `drop table ${table}`
}

/** Rows `d` of a table, and up to when each is old. $1 pipelines, $2 up to when; $3 up to when of any other. */
const judged = (table: string, history: History): string =>
  history === "tallies"
    ? `${table} d cross join (select coalesce($3::bigint, 0) as before
      where coalesce(cardinality($1::smallint[]), 0) + coalesce(cardinality($2::bigint[]), 0) >= 0) p`
    : `${table} d left join unnest($1::smallint[], $2::bigint[]) as p (id, before) on p.id = d.pipeline_id`

const isOld = (history: History): string => `d.${instants[history]} < coalesce(p.before, $3::bigint)`

export const keeps = (table: string, history: History): string =>
  `select exists (select 1 from ${judged(table, history)} where not ${isOld(history)}) as keeps`

/** $4 limit. A row that is changed meanwhile is elsewhere, and stays until the next time. */
export const deleteOld = (table: string, history: History): string => `with gone as (
  delete from ${table} where ctid = any (array(
    select d.ctid from ${judged(table, history)} where ${isOld(history)} limit $4))
  returning 1)
select count(*)::int as count from gone`

/**
 * $1 now, $2 limit. A key is taken no more when its time is up; without a time, when its delivery is not open. Who takes
 * one over meanwhile changes the row, which is then elsewhere, and stays.
 */
export const deleteKeys = `with gone as (
  delete from keys where ctid = any (array(
    (select ctid from keys where until <= $1 limit $2)
    union all
    (select ctid from keys k where taken in (1, 2)
      and not exists (select 1 from deliveries d where d.id = k.delivery_id) limit $2)
    limit $2))
  returning 1)
select count(*)::int as count from gone`

/**
 * $1 before, $2 limit. What is being counted for one that is over is waited for by nobody: it stays until the next time.
 */
export const deleteBatches = `with chosen as materialized (
  select batch_id from batch_standings where ended_at < $1 and open = 0
  order by ended_at limit $2 for update skip locked),
stood as (delete from batch_standings where batch_id = any (array(select batch_id from chosen))),
gone as (delete from batches where id = any (array(select batch_id from chosen)) returning 1)
select count(*)::int as count from gone`
