/**
 * How statements that record and end deliveries count them for batches: parts to be written into them.
 *
 * Work without a batch pays for one look at its own rows: where none names a batch, the tables of batches are not read.
 * Rows are locked in the order of their ids, and after the campaigns' counts, so that statements which end work of the
 * same batches at the same time wait for each other and not in a circle. `after` is what counted those; it returns rows.
 */

const isAny = (rows: string): string => `exists (select 1 from ${rows} where batch_id is not null)`

const locked = (rows: string, after: string): string => `batches_locked as materialized (
  select batch_id from batch_standings
  where ${isAny(rows)} and (select count(*) from ${after}) >= 0
    and batch_id = any (array(select batch_id from ${rows} where batch_id is not null))
  order by batch_id for no key update)`

/** `rows` has (batch_id, workspace_id) of what was recorded. */
export const planned = (rows: string, after: string): string => `${locked(rows, after)},
batches_counted as (
  update batch_standings s set planned = s.planned + g.n, open = s.open + g.n
  from (
    select batch_id, workspace_id, count(*) as n from ${rows} where batch_id is not null
    group by batch_id, workspace_id) g
  where ${isAny(rows)} and (select count(*) from batches_locked) > 0
    and s.batch_id = g.batch_id and s.workspace_id = g.workspace_id)`

/** `rows` has (batch_id, state) of what reached a final state. */
export const settled = (rows: string, after: string): string => `${locked(rows, after)},
batches_counted as (
  update batch_standings s set open = s.open - g.n, completed = s.completed + g.completed,
    failed = s.failed + g.failed, skipped = s.skipped + g.skipped, cancelled = s.cancelled + g.cancelled,
    expired = s.expired + g.expired, unknown = s.unknown + g.unknown
  from (
    select batch_id, count(*) as n, count(*) filter (where state = 1) as completed,
      count(*) filter (where state = 2) as failed, count(*) filter (where state = 3) as skipped,
      count(*) filter (where state = 4) as cancelled, count(*) filter (where state = 5) as expired,
      count(*) filter (where state = 6) as unknown
    from ${rows} where batch_id is not null group by batch_id) g
  where ${isAny(rows)} and (select count(*) from batches_locked) > 0 and s.batch_id = g.batch_id)`
