/**
 * The statements of batches. Whoever changes one has locked its standing in an EARLIER statement of the transaction:
 * what is read then is how it stands. Who takes work back as well has locked the workspace before that, as everything
 * that ends deliveries has its lock before those of standings.
 */

const columns = `b.id, b.workspace_id, b.name, s.status, b.allow_failures, b.stage, b.stages, b.waiting, s.note,
  b.created_at::float8 as created_at, s.ended_at::float8 as ended_at, s.catches,
  s.planned::float8 as planned, s.open::float8 as open, s.completed::float8 as completed, s.failed::float8 as failed,
  s.skipped::float8 as skipped, s.cancelled::float8 as cancelled, s.expired::float8 as expired,
  s.unknown::float8 as unknown`

const select = `select ${columns} from batches b join batch_standings s on s.batch_id = b.id`

/**
 * $1 workspace, $2 name, $3 how many failures it allows, $4 stage, $5 stages, $6 what is to come, $7 jobs of that, $8 then,
 * $9 catch, $10 finally, $11 now. Answers no row when there is no such workspace.
 */
export const create = `with made as (
  insert into batches (workspace_id, name, allow_failures, stage, stages, to_come, waiting, then_job, catch_job,
    finally_job, created_at)
  select $1, $2, $3, $4, $5, $6::text::json, $7, $8::text::json, $9::text::json, $10::text::json, $11
  where exists (select 1 from workspaces where id = $1)
  returning id)
insert into batch_standings (batch_id, workspace_id, allowed, catches)
select id, $1, coalesce($3, 2147483647), $9::text is not null from made returning batch_id as id`

/** $1 workspace, $2 batch. */
export const byId = `${select} where b.workspace_id = $1 and b.id = $2`

/** $1 workspace, $2 before this batch, $3 limit. */
export const newest = `${select} where b.workspace_id = $1 and b.id < $2 order by b.id desc limit $3`

/** $1 workspace, $2 batch. */
export const lock = `select 1 from batch_standings where workspace_id = $1 and batch_id = $2 for no key update`

/** The same, if it has something to do and nobody else has it in hand. */
export const lockDue = `select 1 from batch_standings where workspace_id = $1 and batch_id = $2 and is_due
for no key update skip locked`

/** Without a lock. $1 workspace, $2 limit. */
export const due = `select batch_id as id from batch_standings where workspace_id = $1 and is_due
order by batch_id limit $2`

/** Reads the index of what is due, and nothing else of batches. */
export const dueWorkspaces = `select w.id, w.owner, w.owned_until::float8 as owned_until from workspaces w
where w.id in (select workspace_id from batch_standings where is_due) and w.quarantine is null order by w.id`

/** What is still to be dispatched. $1 workspace, $2 batch. */
export const toCome = `select to_come::text as to_come, then_job::text as then_job, catch_job::text as catch_job,
  finally_job::text as finally_job from batches where workspace_id = $1 and id = $2`

/** $1 workspace, $2 batch, $3 what is to come after it, $4 jobs of that. */
export const begun = `update batches set stage = stage + 1, to_come = $3::text::json, waiting = $4
where workspace_id = $1 and id = $2`

/** $1 workspace, $2 batch. */
export const caught = `with job as (
  update batches set catch_job = null where workspace_id = $1 and id = $2)
update batch_standings set catches = false where workspace_id = $1 and batch_id = $2`

/** $1 workspace, $2 batch, $3 status, $4 note. */
export const stopped = `update batch_standings set status = $3, note = $4
where workspace_id = $1 and batch_id = $2`

/** $1 workspace, $2 batch, $3 status, $4 now. */
export const ended = `with jobs as (
  update batches set finally_job = null, then_job = case when $3 = 'completed' then null else then_job end
  where workspace_id = $1 and id = $2)
update batch_standings set status = $3, ended_at = $4 where workspace_id = $1 and batch_id = $2`

/** $1 workspace, $2 batch. */
export const open = `select id from deliveries where workspace_id = $1 and batch_id = $2 order by id`
