/**
 * New work, and questions about work.
 */
import * as BatchCounts from "./BatchCounts.ts"
import * as DoubtStatements from "./DoubtStatements.ts"

/** Inserts what `given` selects, counts it for its campaigns and batches, and answers the ids in the order of `place`. */
const inserting = (given: string, now: string): string => `with x as materialized (${given}),
added as (
  insert into deliveries (workspace_id, lane, campaign_id, pipeline_id, due_at, deadline, payload, dispatched_at, batch_id,
    temporary, tags)
  select workspace_id, lane, campaign_id, pipeline_id, greatest(due_at, ${now}), deadline, payload::json, ${now}, batch_id,
    temporary, case when tags is not null then array(select json_array_elements_text(tags::json)) end from x
  order by place
  returning id, workspace_id, campaign_id, batch_id),
counted as (
  update campaign_counts c set planned = c.planned + g.n, open = c.open + g.n,
    first_id = least(c.first_id, g.first_id), last_id = greatest(c.last_id, g.last_id)
  from (
    select campaign_id, workspace_id, count(*) as n, min(id) as first_id, max(id) as last_id
    from added where campaign_id > 0 group by campaign_id, workspace_id) g
  where c.campaign_id = g.campaign_id and c.workspace_id = g.workspace_id
  returning 1),
${BatchCounts.planned("added", "counted")}
select id from added order by id`

/** What is unnested for each delivery, from $3 on. */
const columns = `$3::smallint[], $4::int[], $5::smallint[], $6::bigint[], $7::bigint[], $8::text[], $9::int[],
    $10::boolean[], $11::text[]`
const names = "lane, campaign_id, pipeline_id, due_at, deadline, payload, batch_id, temporary, tags, place"

/**
 * Ids increase in the order given. $1 workspace, $2 now; per delivery $3 lane, $4 campaign or 0, $5 pipeline,
 * $6 due_at, $7 deadline, $8 payload, $9 batch, $10 whether it is temporary, $11 tags as JSON. Answers no row when
 * there is no such workspace.
 */
export const insert = inserting(
  `
  select $1::int as workspace_id, x.*
  from unnest(${columns}) with ordinality as x (${names})
  where exists (select 1 from workspaces where id = $1)`,
  "$2"
)

/** The same for workspaces that are known to exist: per delivery $1 its workspace. */
export const insertOfMany = inserting(
  `
  select x.* from unnest($1::int[], ${columns}) with ordinality as x (workspace_id, ${names})`,
  "$2"
)

/** Of a source's head. What is paused waits for a command, not for its time; what is set aside is not due. */
const isDue = `(d.due_at <= $1
  and ($8::smallint[] is null or d.lane = any ($8::smallint[]))
  and ($4::text[] is null or d.due_at <= $5 or exists (
    select 1 from (
      select n.pipeline_id, n.due_at from deliveries n
      where n.workspace_id = d.workspace_id and n.lane = d.lane and n.campaign_id = d.campaign_id
      order by n.due_at, n.id limit $6) first
    where first.due_at <= $1 and first.pipeline_id in (select id from pipelines where name = any ($4::text[]))))
  and not exists (
  select 1 from campaigns c where c.id = d.campaign_id and c.status = 'paused')
  and exists (select 1 from workspaces w where w.id = d.workspace_id and w.quarantine is null
    and (w.paused_lanes >> d.lane) & 1 = 0))`

/**
 * Walks from source to source of open work by the index, one probe each, and from a workspace that is due on to the
 * next workspace, until it has found enough: its cost is the number of workspaces with open work, whatever their
 * backlog. $1 by, $2 now, $3 limit, $4 pipelines or null for any, $5 by for work of others, $6 how far to look past
 * it, $7 after this workspace, $8 lanes or null for any.
 */
export const dueWorkspaces = `with recursive source as (
  (select workspace_id, lane, campaign_id, due.is_due, due.is_due::int as found
   from deliveries d, lateral (select ${isDue} as is_due) due where workspace_id > $7
   order by workspace_id, lane, campaign_id, due_at, id limit 1)
  union all
  select next.*, s.found + next.is_due::int from source s, lateral (
    select d.workspace_id, d.lane, d.campaign_id, ${isDue} as is_due from deliveries d
    where (d.workspace_id, d.lane, d.campaign_id) > (s.workspace_id,
      case when s.is_due then 32767::smallint else s.lane end,
      case when s.is_due then 2147483647 else s.campaign_id end)
    order by d.workspace_id, d.lane, d.campaign_id, d.due_at, d.id limit 1) next
  where s.found < $3),
${DoubtStatements.walk("$7")},
due as (
  select workspace_id from source where is_due
  union
  ${DoubtStatements.found("$4", "$5")}
  union
  select c.workspace_id from claims c join workspaces w on w.id = c.workspace_id
  where coalesce(w.owned_until, $2) <= $2 and c.workspace_id > $7)
select id, owner, owned_until::float8 as owned_until from workspaces join due on due.workspace_id = id
where quarantine is null order by id limit $3`

/**
 * What stands in claims is counted with what is open of it, by the keys of both. $1 workspace. Answers no row when there
 * is no such workspace, one with a null lane when nothing is held.
 */
export const holding = `with held as (
  select c.lane, count(*)::int as held
  from claims c cross join lateral unnest(c.ids) as h (id) join deliveries d on d.id = h.id
  where c.workspace_id = $1 group by c.lane),
marked as (
  select count(*)::int as started
  from claims c cross join lateral unnest(c.started) as h (id) join deliveries d on d.id = h.id
  where c.workspace_id = $1)
select w.owner, w.owned_until::float8 as owned_until, marked.started, held.lane, held.held
from workspaces w cross join marked left join held on true where w.id = $1`

export interface HoldingRow {
  readonly owner: string | null
  readonly owned_until: number | null
  readonly started: number
  readonly lane: number | null
  readonly held: number | null
}

/** $1 workspace, $2 since. */
export const attemptsSince = `select coalesce(sum(attempts), 0)::float8 as attempts
from tallies where workspace_id = $1 and at >= $2`

export interface DoneRow {
  readonly id: bigint
  readonly state: number
  readonly attempt: number
  readonly settled_at: number
  readonly provider_id: string | null
  readonly error_class: number | null
  readonly reason: string | null
  readonly payload: string | null
}

const done = (further: string): string => `select id, state, attempt, settled_at::float8 as settled_at, provider_id,
  error_class, reason, payload::text as payload
from deliveries_done where campaign_id = $1 and state = any ($2::smallint[]) and id > $3 ${further}
order by id limit $4`

/** $1 campaign, $2 states, $3 after this id, $4 limit. Reads the index of ids between the campaign's first and last. */
export const doneOfAll = done(`and id >= (select first_id from campaign_counts where campaign_id = $1)
  and id <= (select last_id from campaign_counts where campaign_id = $1)`)

/** The same when no completed ones are asked for, by an index that has no others. */
export const doneUncompleted = done("and state <> 1")
