/**
 * Batches: which stages they have, what follows, and how they stand.
 *
 * - What is still to be dispatched is in `batches`: `to_come` has the stages that have not begun, and `then_job`,
 *   `catch_job` and `finally_job` are null once they were dispatched. So each happens once.
 * - `batch_standings` is a table of its own, as its rows change with each settled batch of deliveries. It has all that it
 *   takes to say whether there is something to do: `catches` is whether `catch_job` is still to be dispatched, `allowed`
 *   is the greatest int where any number may fail. Failures are in the sense of `Batch.failures`.
 * - `is_due` is a column, and not the predicate of its index: an update that leaves it as it was stays on its page.
 *
 * `fibercast_reopen_batches` is for who opens again what ended, in the same transaction: of each such delivery the batch
 * that it is of and the state that it had, as `deliveries_done` has them. The batch counts it as open again. One that was
 * completed or failed, and has no more failures then than it allows, goes on: it answers those.
 */
import * as Migration from "../Migration.ts"

const walled = ["batches", "batch_standings"]

const goesOn = `s.status <> 'cancelled'
            and s.failed - g.failed + s.unknown - g.unknown + s.expired - g.expired <= s.allowed`

export const migration = Migration.make({
  id: 8,
  name: "batches",
  statements: [
    `create table batches (
      id int generated always as identity primary key,
      workspace_id int not null references workspaces,
      name text not null,
      allow_failures int,
      stage int not null,
      stages int not null,
      to_come json not null,
      waiting int not null,
      then_job json,
      catch_job json,
      finally_job json,
      created_at bigint not null
    )`,
    `create index batches_listed on batches (workspace_id, id)`,

    `create table batch_standings (
      batch_id int primary key references batches,
      workspace_id int not null,
      status text not null default 'running',
      ended_at bigint,
      allowed int not null,
      catches boolean not null,
      planned bigint not null default 0,
      open bigint not null default 0,
      completed bigint not null default 0,
      failed bigint not null default 0,
      skipped bigint not null default 0,
      cancelled bigint not null default 0,
      expired bigint not null default 0,
      unknown bigint not null default 0,
      is_due boolean not null generated always as (ended_at is null and (open = 0
        or status = 'running' and failed + unknown + expired > allowed
        or catches and failed + unknown + expired > 0)) stored,
      note text,
      constraint conserved check (planned = open + completed + failed + skipped + cancelled + expired + unknown)
    ) with (fillfactor = 20)`,
    `create index batch_standings_due on batch_standings (workspace_id, batch_id) where is_due`,

    `create function fibercast_reopen_batches(workspace int, batch_ids int[], states smallint[]) returns setof int
    language sql as $$
      with g as materialized (
        select batch_id, count(*) as n, count(*) filter (where state = 1) as completed,
          count(*) filter (where state = 2) as failed, count(*) filter (where state = 3) as skipped,
          count(*) filter (where state = 4) as cancelled, count(*) filter (where state = 5) as expired,
          count(*) filter (where state = 6) as unknown
        from unnest(batch_ids, states) as x (batch_id, state) where batch_id is not null group by batch_id),
      locked as materialized (
        select batch_id from batch_standings
        where workspace_id = workspace and batch_id = any (array(select batch_id from g))
        order by batch_id for no key update),
      counted as (
        update batch_standings s set open = s.open + g.n, completed = s.completed - g.completed,
          failed = s.failed - g.failed, skipped = s.skipped - g.skipped, cancelled = s.cancelled - g.cancelled,
          expired = s.expired - g.expired, unknown = s.unknown - g.unknown,
          status = case when ${goesOn} then 'running' else s.status end,
          ended_at = case when ${goesOn} then null else s.ended_at end,
          note = case when ${goesOn} then null else s.note end
        from g
        where s.batch_id = g.batch_id and s.workspace_id = workspace and (select count(*) from locked) > 0
        returning s.batch_id, s.status)
      select batch_id from counted where status = 'running' order by batch_id
    $$`,

    ...walled.flatMap((table) => [
      `alter table ${table} enable row level security`,
      `create policy own_workspace on ${table} to fibercast_tenant
        using (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)
        with check (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)`,
      `grant select, insert, update on ${table} to fibercast_tenant`
    ])
  ]
})
