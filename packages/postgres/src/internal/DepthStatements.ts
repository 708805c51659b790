/**
 * How much work there is, and how much came and ended: by workspace, lane and pipeline. Neither takes a lock.
 *
 * Open work is read once, from one end to the other, and joined with the ids that claims hold, of which there are few:
 * some seconds for ten million rows, on one core of the server, so that the drain goes on beside it.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Given, isIn } from "./RecordFilters.ts"
import { int8 } from "./Parameters.ts"
import { type Statement } from "./RecordStatements.ts"

/** Paused is a matter of the campaign, so that is asked once for each and not for each of its deliveries. */
export const depths = (workspaceId: WorkspaceId | null, now: number): Statement => {
  const given = new Given()
  const isAsked = isIn({ workspaceId }, given)
  const isDue = `d.due_at <= ${given.add(int8(now))}`
  const text = `with held as materialized (
  select unnest(d.ids) as id from claims d where ${isAsked}),
of_campaigns as materialized (
  select d.workspace_id, d.lane, d.pipeline_id, d.campaign_id, count(*) as open, count(*) filter (where ${isDue}) as due,
    count(held.id) as claimed, min(d.due_at) filter (where ${isDue} and held.id is null) as oldest_due,
    min(d.due_at) filter (where not ${isDue}) as next_due
  from deliveries d left join held on held.id = d.id
  where ${isAsked} group by d.workspace_id, d.lane, d.pipeline_id, d.campaign_id),
marked as (
  select o.*, exists (select 1 from campaigns c where c.id = o.campaign_id and c.status = 'paused') as is_paused
  from of_campaigns o)
select workspace_id, lane, p.name as pipeline, sum(open)::float8 as open, sum(due)::float8 as due,
  sum(claimed)::float8 as claimed, min(oldest_due) filter (where not is_paused)::float8 as oldest_due,
  min(next_due)::float8 as next_due, coalesce(sum(due) filter (where is_paused), 0)::float8 as paused
from marked join pipelines p on p.id = marked.pipeline_id
group by workspace_id, lane, p.name order by workspace_id, lane, p.name collate "C"`
  return { text, parameters: given.parameters }
}

export interface DepthRow {
  readonly workspace_id: number
  readonly lane: number
  readonly pipeline: string
  readonly open: number
  readonly due: number
  readonly claimed: number
  readonly oldest_due: number | null
  readonly next_due: number | null
  readonly paused: number
}

/** What ended since is in the tables of the days since; what was dispatched since is there too, or open. */
export const passages = (workspaceId: WorkspaceId | null, from: number, until: number): Statement => {
  const given = new Given()
  const isAsked = isIn({ workspaceId }, given)
  const [first, end] = [given.add(int8(from)), given.add(int8(until))]
  const ended = `d.settled_at < ${end}`
  const text = `with passed as (
  select d.workspace_id, d.lane, d.pipeline_id,
    count(*) filter (where d.dispatched_at >= ${first} and d.dispatched_at < ${end}) as dispatched,
    count(*) filter (where ${ended} and d.state = 1) as completed, count(*) filter (where ${ended} and d.state = 2) as failed,
    count(*) filter (where ${ended} and d.state = 3) as skipped, count(*) filter (where ${ended} and d.state = 4) as cancelled,
    count(*) filter (where ${ended} and d.state = 5) as expired, count(*) filter (where ${ended} and d.state = 6) as unknown
  from deliveries_done d where ${isAsked} and d.settled_at >= ${first} group by 1, 2, 3
  union all
  select d.workspace_id, d.lane, d.pipeline_id, count(*), 0, 0, 0, 0, 0, 0
  from deliveries d where ${isAsked} and d.dispatched_at >= ${first} and d.dispatched_at < ${end} group by 1, 2, 3)
select workspace_id, lane, p.name as pipeline, sum(dispatched)::float8 as dispatched, sum(completed)::float8 as completed,
  sum(failed)::float8 as failed, sum(skipped)::float8 as skipped, sum(cancelled)::float8 as cancelled,
  sum(expired)::float8 as expired, sum(unknown)::float8 as unknown
from passed join pipelines p on p.id = passed.pipeline_id
where dispatched + completed + failed + skipped + cancelled + expired + unknown > 0
group by workspace_id, lane, p.name order by workspace_id, lane nulls last, p.name collate "C"`
  return { text, parameters: given.parameters }
}

export interface PassageRow {
  readonly workspace_id: number
  readonly lane: number | null
  readonly pipeline: string
  readonly dispatched: number
  readonly completed: number
  readonly failed: number
  readonly skipped: number
  readonly cancelled: number
  readonly expired: number
  readonly unknown: number
}
