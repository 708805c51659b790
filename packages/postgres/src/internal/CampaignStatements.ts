/**
 * The statements of campaigns. `row` is what a campaign is read from.
 */
import * as ConsequenceStatements from "./ConsequenceStatements.ts"

const columns = `c.id, c.workspace_id, c.key, c.spec::text as spec, c.status, c.epoch, c.note, c.template_hash,
  c.audience_hash, c.expanded_rows, c.expanded, c.created_at::float8 as created_at, c.started_at::float8 as started_at,
  c.completed_at::float8 as completed_at, n.planned::float8 as planned, n.open::float8 as open,
  n.completed::float8 as completed, n.failed::float8 as failed, n.skipped::float8 as skipped,
  n.cancelled::float8 as cancelled, n.expired::float8 as expired, n.unknown::float8 as unknown`

const select = `select ${columns} from campaigns c join campaign_counts n on n.campaign_id = c.id`

/** $1 workspace, $2 lane, $3 pipeline, $4 due_at, $5 deadline, $6 key, $7 spec, $8, $9 hashes, $10 now. */
export const create = `with made as (
  insert into campaigns (workspace_id, lane, pipeline_id, due_at, deadline, status, key, spec, template_hash,
    audience_hash, created_at)
  values ($1, $2, $3, $4, $5, 'scheduled', $6, $7::text::json, $8, $9, $10)
  on conflict (workspace_id, key) do nothing returning id)
insert into campaign_counts (campaign_id, workspace_id) select id, $1 from made returning campaign_id as id`

/** $1 workspace, $2 key. */
export const idByKey = `select id from campaigns where workspace_id = $1 and key = $2`

/** $1 workspace, $2 key. */
export const byKey = `${select} where c.workspace_id = $1 and c.key = $2`

/** $1 workspace, $2 campaign. */
export const byId = `${select} where c.workspace_id = $1 and c.id = $2`

/** $1 workspace, $2 limit. */
export const newest = `${select} where c.workspace_id = $1 order by c.id desc limit $2`

const isActive = `c.status <> 'completed' and (c.status <> 'cancelled' or n.open > 0)`

/** $1 workspace. */
export const active = `${select} where c.workspace_id = $1 and ${isActive} order by c.id`

/** $1 by, $2 pipelines or null for any, $3 by for campaigns of others. */
export const activeWorkspaces = `select distinct w.id, w.owner, w.owned_until::float8 as owned_until
from campaigns c join campaign_counts n on n.campaign_id = c.id join workspaces w on w.id = c.workspace_id
where c.status <> 'completed' and w.quarantine is null and (c.status = 'running'
  or c.status = 'scheduled' and (not c.expanded or c.due_at <= $1) or c.status = 'cancelled' and n.open > 0)
  and ($2::text[] is null or c.pipeline_id in (select id from pipelines where name = any ($2::text[]))
    or greatest(c.created_at, c.due_at) <= $3)
union
select w.id, w.owner, w.owned_until::float8 from workspaces w
where w.quarantine is null and w.id in (${ConsequenceStatements.dueWorkspaces})
order by 1`

/** $1 workspace, $2 campaign, $3 statuses it must be in, $4 the new one, $5 note, $6 now. */
export const transition = `update campaigns c set status = $4, note = $5,
  epoch = c.epoch + ($4 in ('paused', 'cancelled') or c.status = 'paused')::int,
  started_at = case when $4 = 'running' then coalesce(c.started_at, $6) else c.started_at end,
  completed_at = case when $4 = 'completed' then $6 else c.completed_at end
where c.workspace_id = $1 and c.id = $2 and c.status = any ($3::text[])
  and ($4 <> 'completed' or (c.expanded and exists (
    select 1 from campaign_counts n where n.campaign_id = c.id and n.open = 0 for share)))`

/** Locks the campaign: its pages are appended one at a time, and none once it is cancelled. $1 campaign. */
export const lockForPage = `select workspace_id, lane, pipeline_id, due_at::float8 as due_at,
  deadline::float8 as deadline, expanded_rows, expanded or status = 'cancelled' as is_closed
from campaigns where id = $1 for no key update`

/**
 * Claims each identity (in the column `address`) for the row that first has it. Answers the rows that come too late, with
 * the first row. $1 campaign, $2 workspace, $3 rows, $4 identities.
 */
export const claimIdentities = `with x as materialized (
  select * from unnest($3::int[], $4::text[]) as x (place, address)),
fresh as (
  insert into recipients (campaign_id, workspace_id, first_row, address)
  select $1, $2, min(place), address from x group by address order by address
  on conflict do nothing returning address, first_row)
select x.place, coalesce(fresh.first_row, known.first_row) as first_row
from x left join fresh on fresh.address = x.address
  left join recipients known on known.campaign_id = $1 and known.address = x.address
where coalesce(fresh.first_row, known.first_row) is distinct from x.place`

/**
 * $1 campaign, $2 workspace, $3 now, $4 lane, $5 pipeline, $6 due_at, $7 deadline, $8 payloads in order; of the
 * skipped $9 reasons and $10 payloads; $11 rows read, $12 whether that was the last.
 */
export const appendPage = `with added as (
  insert into deliveries (workspace_id, lane, campaign_id, pipeline_id, due_at, deadline, payload, dispatched_at)
  select $2, $4, $1, $5, $6, $7, payload::json, $3
  from unnest($8::text[]) with ordinality as x (payload, place) order by place
  returning id),
skipped as (
  insert into deliveries_done (id, due_at, settled_at, workspace_id, campaign_id, pipeline_id, state, attempt,
    reason, payload, lane, dispatched_at)
  select nextval(pg_get_serial_sequence('deliveries', 'id')), $6, $3, $2, $1, $5, 3, 0, reason, payload::json, $4, $3
  from unnest($9::text[], $10::text[]) as x (reason, payload)
  returning id),
range as (select min(id) as first_id, max(id) as last_id from (table added union all table skipped) page),
counted as (
  update campaign_counts c set first_id = least(c.first_id, range.first_id),
    last_id = greatest(c.last_id, range.last_id), planned = planned + cardinality($8::text[]) + cardinality($9::text[]),
    open = open + cardinality($8::text[]), skipped = skipped + cardinality($9::text[])
  from range where campaign_id = $1)
update campaigns set expanded_rows = $11, expanded = $12 where id = $1`
