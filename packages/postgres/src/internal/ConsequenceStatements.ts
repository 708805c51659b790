/**
 * What follows campaigns. Failures are in the sense of `Batch.failures`.
 */

/**
 * Of a row `q`: something is to be dispatched, or forgotten, now. As a scalar it is one probe each of its campaign and its
 * counts; asked whether such a row exists, Postgres may join all campaigns there ever were.
 */
const stirs = `(
  select c.status = 'completed' or c.status = 'cancelled' and n.open = 0
    or q.catch_job is not null and n.failed + n.unknown + n.expired > 0
  from campaigns c join campaign_counts n on n.campaign_id = c.id where c.id = q.campaign_id)`

/** Workspaces with a campaign that something is to follow, also of one that is completed. */
export const dueWorkspaces = `select q.workspace_id from campaign_consequences q where ${stirs}`

/** $1 campaign, $2 workspace, $3 then, $4 catch, $5 finally. */
export const add = `insert into campaign_consequences (campaign_id, workspace_id, then_job, catch_job, finally_job)
values ($1, $2, $3::text::json, $4::text::json, $5::text::json)`

/** Without a lock. $1 workspace, $2 limit. */
export const due = `select q.campaign_id as id from campaign_consequences q
where q.workspace_id = $1 and ${stirs} order by q.campaign_id limit $2`

/** Unless it is gone, or somebody else has it in hand. $1 workspace, $2 campaign. */
export const lock = `select then_job::text as then_job, catch_job::text as catch_job, finally_job::text as finally_job
from campaign_consequences where workspace_id = $1 and campaign_id = $2 for no key update skip locked`

/** After the lock, in a statement of its own. $1 workspace, $2 campaign. */
export const stands = `select c.status = 'completed' as is_completed,
  c.status = 'completed' or c.status = 'cancelled' and n.open = 0 as is_over,
  n.failed + n.unknown + n.expired > 0 as has_failed
from campaigns c join campaign_counts n on n.campaign_id = c.id where c.workspace_id = $1 and c.id = $2`

/** $1 workspace, $2 campaign. */
export const caught = `update campaign_consequences set catch_job = null where workspace_id = $1 and campaign_id = $2`

/** $1 workspace, $2 campaign. */
export const ended = `delete from campaign_consequences where workspace_id = $1 and campaign_id = $2`
