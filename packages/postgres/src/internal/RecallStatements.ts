/**
 * Taking work back. A delivery is held while a claim names it.
 *
 * The two that end deliveries come after the workspace's row was locked by an EARLIER statement of their transaction,
 * as `rescue` does: no claim is made and nothing is settled meanwhile, and what was claimed before is seen. A claim
 * that waits for the lock has an older snapshot: `lock` counts, so that it can tell. Deliveries are looked up by
 * their ids as an array: planned for any number of them, that is always by index.
 */
import { ending, recorded } from "./FinishStatements.ts"

/** Keeps claims and settles out, whoever asks, and makes those that wait look again. $1 workspace. */
export const lock = `update workspaces set recall_no = recall_no + 1 where id = $1 returning 1`

const gone = (reason: string): string => `gone as (
  delete from deliveries d using ending e
  where d.id = any (array(select id from ending)) and d.id = e.id and d.workspace_id = $1
  returning ${ending("4::smallint", "null::smallint", "null::text", reason)})`

/**
 * $1 workspace, $2 ids, $3 now, $4 reason, $5 whether by force, $6 the least id, $7 the greatest. Answers a row for
 * each delivery that was open. The first reason for which an owner is asked stays.
 */
export const recall = `with held as materialized (
  select unnest(ids) as id from claims where workspace_id = $1 and min_id <= $7 and max_id >= $6),
found as materialized (
  select d.id, held.id is not null as is_held
  from deliveries d left join held on held.id = d.id
  where d.id = any ($2::bigint[]) and d.workspace_id = $1),
ending as materialized (select id from found where $5 or not is_held),
${gone("$4::text")},
${recorded},
told as (
  insert into recalls (delivery_id, workspace_id, reason, at) select id, $1, $4, $3 from found where is_held
  on conflict do nothing)
select id, not $5 and is_held as is_asked from found order by id`

/** Whether the owner must stop anything; without a lock. $1 workspace, $2 epoch. No row: the epoch is lost. */
export const pending = `select exists (select 1 from recalls where workspace_id = $1) as is_any
from workspaces where id = $1 and epoch = $2 and owner is not null`

/** $1 workspace, $3 now. Answers what is to be stopped. */
export const recalled = `with entries as materialized (
  select delivery_id as id, reason from recalls where workspace_id = $1),
held as materialized (
  select unnest(ids) as id from claims where workspace_id = $1
    and min_id <= (select max(id) from entries) and max_id >= (select min(id) from entries)),
open as materialized (
  select d.id, held.id is not null as is_held
  from deliveries d left join held on held.id = d.id
  where d.id = any (array(select id from entries)) and d.workspace_id = $1),
ending as materialized (select id, reason from entries where id in (select id from open where not is_held)),
${gone("e.reason")},
${recorded},
forgotten as (
  delete from recalls r where r.workspace_id = $1 and r.delivery_id not in (select id from open where is_held))
select id, reason from entries where id not in (select id from ending) order by id`

export interface RecalledRow {
  readonly id: bigint
  readonly is_asked: boolean
}

export interface StopRow {
  readonly id: bigint
  readonly reason: string
}
