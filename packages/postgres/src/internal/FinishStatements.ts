/**
 * The statements that end deliveries: settle, rescue and cancel; `RecallStatements` are built as these. Each moves
 * rows out of the hot table and writes all consequences in the same transaction: the final record, the attempts that
 * need explaining, the tally of attempts for rate limits, and the counts of campaigns and batches.
 *
 * In all of them $1 is the workspace and $3 now. `gone` are the rows that reached a final state.
 */
import * as BatchCounts from "./BatchCounts.ts"
import { owned } from "./Ownership.ts"

/** The columns of `gone`, from the deleted delivery `d`, once state, class, provider id and reason are known. */
export const ending = (state: string, errorClass: string, providerId: string, reason: string): string =>
  `d.id, d.due_at, d.campaign_id, d.pipeline_id, ${state} as state,
    (d.attempt + (${state} in (1, 2, 6))::int)::smallint as attempt, ${errorClass} as error_class,
    ${providerId} as provider_id, ${reason} as reason, case when ${state} <> 1 then d.payload end as payload,
    d.lane, d.dispatched_at, d.batch_id, d.temporary, d.tags`

export const recorded = `recorded as (
  insert into deliveries_done (id, due_at, settled_at, workspace_id, campaign_id, pipeline_id, state, attempt,
    error_class, provider_id, reason, payload, lane, dispatched_at, batch_id, tags)
  select id, due_at, $3, $1, campaign_id, pipeline_id, state, attempt, error_class, provider_id, reason, payload, lane,
    dispatched_at, batch_id, tags
  from gone where state <> 1 or temporary is not true),
counted as (
  update campaign_counts c set open = c.open - g.n, completed = c.completed + g.completed,
    failed = c.failed + g.failed, skipped = c.skipped + g.skipped, cancelled = c.cancelled + g.cancelled,
    expired = c.expired + g.expired, unknown = c.unknown + g.unknown
  from (
    select campaign_id, count(*) as n, count(*) filter (where state = 1) as completed,
      count(*) filter (where state = 2) as failed, count(*) filter (where state = 3) as skipped,
      count(*) filter (where state = 4) as cancelled, count(*) filter (where state = 5) as expired,
      count(*) filter (where state = 6) as unknown
    from gone where campaign_id > 0 group by campaign_id) g
  where c.campaign_id = g.campaign_id
  returning 1),
${BatchCounts.settled("gone", "counted")}`

/** `count` is how many attempts ended. */
export const tallied = (count: string): string => `tallied as (
  insert into tallies (at, workspace_id, attempts) select $3, $1, n from (select ${count} as n) t where n > 0)`

/** Ends these claims. */
export const freed = (claims: string): string => `freed as (
  delete from claims where workspace_id = $1 and claim_id = any (${claims}::bigint[]) and exists (select 1 from owned))`

/** `charged` selects (id, campaign_id, attempt, state, error_class, reason, pipeline_id) of what to explain. */
const attempted = (charged: string, count: string): string => `explained as (
  insert into attempts (delivery_id, at, workspace_id, campaign_id, attempt, outcome, error_class, reason,
    pipeline_id) ${charged}),
${tallied(count)}`

const explained = `select id, $3, $1, campaign_id, attempt, state, error_class, reason, pipeline_id
  from gone where state in (2, 6)`
const charges = `(select count(*) from gone where state in (1, 2, 6))`

/**
 * $2 epoch; per delivery $4 id, $5 when it was due, $6 state, $7 due_at when put off, $8 provider id, $9 error class,
 * $10 reason; $11 finished claims, $12 whether anything leaves a claim open, $13 the least id, $14 the greatest;
 * per delivery given back $15 claim, $16 id.
 *
 * A delivery is settled only while a claim names it; cancelled and expired also without a claim. What is put off or
 * given back leaves its claim in the same statement, its started mark with it: a claim names nothing that waits to be
 * tried again, and whoever claims meanwhile sees both or neither.
 *
 * A settlement is of one try, and a try is known by its due time: each time that a delivery is put off it is due
 * later than before. That is asked of the row that is written, not of the snapshot. So what is put off and claimed
 * again is out of reach of whatever is said of the try before, repeated or late, whether or not that was charged. A
 * rescue leaves the due time, but nobody is heard any more who could speak of the try before it: the epoch is another.
 *
 * Claims are looked up by the range of their ids. Answers no row when the epoch is lost.
 */
export const settle = `with ${owned},
x as materialized (
  select * from unnest($4::bigint[], $5::bigint[], $6::smallint[], $7::bigint[], $8::text[], $9::smallint[],
    $10::text[]) as x (id, was_due, state, due_at, provider_id, error_class, reason)
  where exists (select 1 from owned)),
held as materialized (
  select unnest(ids) as id, claim_id from claims where workspace_id = $1 and min_id <= $14 and max_id >= $13),
valid as materialized (
  select x.*, held.claim_id from x left join held on held.id = x.id
  where held.id is not null or x.state in (4, 5)),
gone as (
  delete from deliveries d using valid x
  where d.id = x.id and d.workspace_id = $1 and d.due_at = x.was_due and x.state <= 6
  returning ${ending("x.state", "x.error_class", "x.provider_id", "x.reason")}),
later as (
  update deliveries d set due_at = x.due_at, attempt = d.attempt + (x.state = 7)::int from valid x
  where $12 and d.id = x.id and d.workspace_id = $1 and d.due_at = x.was_due and x.state > 6
    and x.due_at > x.was_due
  returning d.id, d.campaign_id, d.attempt, x.state, x.error_class, x.reason, d.pipeline_id, x.claim_id),
leaving as materialized (
  select claim_id, array_agg(id) as ids from (
    select claim_id, id from later
    union all select claim_id, id from unnest($15::bigint[], $16::bigint[]) as g (claim_id, id)
    where exists (select 1 from owned)) l
  where claim_id <> all ($11::bigint[]) group by claim_id),
parted as (
  update claims c set recall_no = null, ids = array(select unnest(c.ids) except select unnest(l.ids)),
    started = array(select unnest(c.started) except select unnest(l.ids))
  from leaving l where $12 and c.workspace_id = $1 and c.claim_id = l.claim_id),
${recorded},
${attempted(
  `${explained}
  union all select id, $3, $1, campaign_id, attempt, state, error_class, reason, pipeline_id
  from later where state = 7`,
  `${charges} + (select count(*) from later where state = 7)`
)},
${freed("$11")}
select (select count(*)::int from gone) as final, (select count(*)::int from later) as later from owned`

/**
 * Ends all claims of the workspace. The caller holds the workspace's row lock since an EARLIER statement of the
 * same transaction: in one statement the snapshot would be older than the lock, and miss a claim made meanwhile.
 * $2 reason. What is in doubt by it is remembered until somebody takes it to tell.
 */
export const rescue = `with ended as (
  delete from claims where workspace_id = $1 returning ids, started),
doubted as materialized (select unnest(started) as id from ended),
held as materialized (select unnest(ids) as id from ended),
gone as (
  delete from deliveries d using doubted x
  where d.id = x.id and d.workspace_id = $1
  returning ${ending("6::smallint", "8::smallint", "null::text", "$2::text")}, d.deadline, d.rescues),
remembered as (
  insert into doubts (delivery_id, workspace_id, pipeline_id, at, deadline, rescues)
  select id, $1, pipeline_id, $3, deadline, rescues from gone
  on conflict (delivery_id) do update set at = excluded.at, deadline = excluded.deadline, rescues = excluded.rescues),
back as (
  update deliveries d set rescues = d.rescues + 1 from held x
  where d.id = x.id and d.workspace_id = $1 and x.id not in (select id from doubted)
  returning 1),
${recorded},
${attempted(explained, charges)}
select (select count(*)::int from back) as rescued, (select count(*)::int from gone) as unknown`

/** As for \`rescue\`, the workspace's row is locked already. Per delivery $2 claim, $3 id, $4 when it was due. */
export const rescueHeld = `with x as materialized (
  select * from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as x (claim_id, id, was_due)),
named as materialized (
  select claim_id, ids, started from claims where workspace_id = $1 and claim_id = any ($2::bigint[])),
back as (
  update deliveries d set rescues = d.rescues + 1 from x
  where d.id = x.id and d.workspace_id = $1 and d.due_at = x.was_due
    and (x.claim_id, x.id) in (select claim_id, unnest(ids) from named)
    and (x.claim_id, x.id) not in (select claim_id, unnest(started) from named)
  returning x.claim_id, d.id)
update claims c set recall_no = null, ids = array(select unnest(c.ids) except select unnest(l.ids))
from (select claim_id, array_agg(id) as ids from back group by claim_id) l
where c.workspace_id = $1 and c.claim_id = l.claim_id`

/** As for \`rescue\`, the workspace's row is locked already. $2 campaign, $4 reason, $5 limit. */
export const cancel = `with chosen as materialized (
  select open.id from unnest('{0,1,2,3}'::smallint[]) as every (lane), lateral (
    select id from deliveries
    where workspace_id = $1 and lane = every.lane and campaign_id = $2
      and id not in (select unnest(ids) from claims where workspace_id = $1 and campaign_id = $2)
    order by due_at, id limit $5) open
  limit $5),
gone as (
  delete from deliveries d where d.id = any (array(select id from chosen))
  returning ${ending("4::smallint", "null::smallint", "null::text", "$4::text")}),
${recorded}
select count(*)::int as cancelled from gone`
