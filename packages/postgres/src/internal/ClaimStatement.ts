/**
 * Claims: reads a source in (due_at, id) order after the cursor and records the batch, in one statement. No
 * delivery is written.
 *
 * Why nothing is claimed twice: a settle deletes deliveries, puts them off and changes claims in one statement, and
 * this statement sees both tables in one snapshot. So a delivery is either still named by its claim, and left out,
 * or settled: gone, or named no more and due later. Two claims of one workspace at the same time would not see each other: the caller
 * must make one at a time.
 *
 * Only claims that can name a delivery after the cursor are looked into: those that reach beyond it, as what a claim
 * names is due when it was due as it was claimed. For an owner that reads onward there are none, and a claim costs the same however much
 * it holds. `not in` is meant: it is hashed and keeps the order of the index, where a join would sort the backlog.
 *
 * Nothing is claimed that was taken back. A claim that had to wait for a recall sees the deliveries from before it:
 * the workspace's `recall_no` in its snapshot is then not the one it locked. It claims nothing, and says that it is
 * stale: it is to be made again.
 *
 * Nothing is claimed of a paused lane. A pause writes the workspace's row, so a claim has ended before it, or sees it.
 *
 * $1 workspace, $2 epoch, $3 lane, $4 campaign or 0, $5 cursor's due_at, $6 cursor's id, $7 now, $8 limit.
 * Answers no row when the epoch is lost, one row of nulls when it is stale, the lane is paused or nothing
 * is due.
 */
import { owned } from "./Ownership.ts"

export const claim = `with ${owned},
seen as materialized (
  select owned.recall_no <> w.recall_no as is_stale, (owned.paused_lanes >> $3) & 1 = 1 as is_paused
  from owned, workspaces w where w.id = $1),
picked as materialized (
  select id, due_at, deadline, pipeline_id, attempt, rescues, payload, batch_id from deliveries
  where workspace_id = $1 and lane = $3 and campaign_id = $4 and (due_at, id) > ($5, $6) and due_at <= $7
    and id not in (
      select unnest(ids) from claims
      where workspace_id = $1 and lane = $3 and campaign_id = $4 and (last_due, max_id) > ($5, $6))
    and id not in (select delivery_id from recalls where workspace_id = $1)
    and exists (select 1 from seen where not is_stale and not is_paused)
  order by due_at, id limit $8),
made as (
  insert into claims (workspace_id, epoch, lane, campaign_id, claimed_at, last_due, min_id, max_id, ids, recall_no)
  select $1, $2, $3, $4, $7, max(due_at), min(id), max(id), array_agg(id), (select recall_no from owned)
  from picked having count(*) > 0
  returning claim_id)
select seen.is_stale, made.claim_id, picked.id, picked.due_at::float8 as due_at, picked.deadline::float8 as deadline,
  picked.pipeline_id, picked.attempt, picked.rescues, picked.payload::text as payload,
  picked.batch_id
from seen left join (picked cross join made) on true
order by picked.due_at, picked.id`

export interface ClaimedRow {
  readonly is_stale: boolean
  readonly claim_id: bigint | null
  readonly id: bigint
  readonly due_at: number
  readonly deadline: number | null
  readonly pipeline_id: number
  readonly attempt: number
  readonly rescues: number
  readonly payload: string
  readonly batch_id: number | null
}

/** Ends every claim but those that stay. $1 workspace, $2 epoch, $3 the claims that stay. No row: the epoch is lost. */
export const giveBack = `with ${owned},
freed as (
  delete from claims where workspace_id = $1 and claim_id <> all ($3::bigint[]) and exists (select 1 from owned))
select 1 from owned`

/** Marks those of the ids that the claim holds. $1 workspace, $2 epoch, $3 claim, $4 ids. No row: the epoch is lost. */
export const start = `with ${owned},
marked as (
  update claims set started = started || array(select unnest($4::bigint[]) intersect select unnest(ids))
  where workspace_id = $1 and claim_id = $3 and exists (select 1 from owned))
select 1 from owned`
