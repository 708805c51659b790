/**
 * The statements that write and read the records of occurrences.
 */
import * as RunStatements from "./RunStatements.ts"

/** As they stand, locked in the order of their ids; removed ones are left out. $1 triggers. */
export const lockAdvancing = `select t.id, t.workspace_id, t.overlap_key, t.revision, t.cursor::float8 as cursor,
  t.paused_since is not null as is_paused
from triggers t where t.id = any ($1::int[]) and t.removed_at is null
order by t.id for no key update`

/** Those of these nominal times that are recorded. Per nominal time $1 trigger, $2 itself. */
export const recorded = `select o.trigger_id, o.nominal_at::float8 as nominal_at
from unnest($1::int[], $2::bigint[]) as x (trigger_id, nominal_at)
  join occurrences o on o.trigger_id = x.trigger_id and o.nominal_at = x.nominal_at`

/** Of one trigger's nominal times, those recorded, locked. $1 trigger, $2 nominals. */
export const lockRecorded = `select nominal_at::float8 as nominal_at, outcome, reason from occurrences
where trigger_id = $1 and nominal_at = any ($2::bigint[]) order by id for update`

/**
 * Of what ran, its work is open. Per occurrence $1 trigger, $2 workspace, $3 nominal, $4 due, $5 outcome, $6 reason,
 * $7 detail, $8 zone, $9 rules, $10 covers from, $11 covers count, $12 overlap key, $13 delivery, $14 campaign;
 * $15 now.
 */
export const insert = `insert into occurrences as o (trigger_id, workspace_id, nominal_at, due_at, recorded_at, outcome,
  reason, detail, zone, rules, covers_from, covers_count, overlap_key, delivery_id, campaign_id, run_state)
select trigger_id, workspace_id, nominal_at, due_at, $15, outcome, reason, detail, zone, rules, covers_from,
  covers_count, overlap_key, delivery_id, campaign_id, case when outcome <= 2 then 0 end
from unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[], $5::smallint[], $6::smallint[], $7::text[], $8::text[],
  $9::text[], $10::bigint[], $11::int[], $12::text[], $13::bigint[], $14::int[])
  with ordinality as x (trigger_id, workspace_id, nominal_at, due_at, outcome, reason, detail, zone, rules,
    covers_from, covers_count, overlap_key, delivery_id, campaign_id, place)
order by place`

/** The same, over what is recorded of those nominal times. */
export const overwrite = `${insert}
on conflict (trigger_id, nominal_at) do update set due_at = excluded.due_at, recorded_at = excluded.recorded_at,
  outcome = excluded.outcome, reason = excluded.reason, detail = excluded.detail, zone = excluded.zone,
  rules = excluded.rules, covers_from = excluded.covers_from, covers_count = excluded.covers_count,
  overlap_key = excluded.overlap_key, delivery_id = excluded.delivery_id, campaign_id = excluded.campaign_id,
  run_state = excluded.run_state, failure = null, ended_at = null, output = null`

/**
 * Per trigger $1 its id, $2 its cursor from now on, $3 next_due, $4 rules, $5 merging from, $6 merging count. The
 * triggers are locked already.
 */
export const advance = `update triggers t set cursor = x.cursor, next_due = x.next_due, rules = x.rules,
  merging_from = x.merging_from, merging_count = x.merging_count,
  planned_from = case when t.rules = x.rules then t.planned_from else t.cursor end
from unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::int[])
  as x (id, cursor, next_due, rules, merging_from, merging_count)
where t.id = x.id`

const dropped = (waiting: string): string => `with dropped as materialized (${waiting} order by o.id for update of o)
update occurrences o set outcome = 3, reason = $3, detail = null, recorded_at = $4
from dropped where o.id = dropped.id
returning o.trigger_id, o.workspace_id, dropped.reason`

/** What waits is skipped. Per key $1 workspace, $2 overlap key; $3 reason, $4 now. Answers what each was before. */
export const displace = dropped(`select o.id, o.reason
  from unnest($1::int[], $2::text[]) as x (workspace_id, overlap_key)
    join occurrences o on o.workspace_id = x.workspace_id and o.overlap_key = x.overlap_key
  where o.outcome = 5`)

/** The same for what waits of one trigger. $1 workspace, $2 trigger. */
export const drop = dropped(`select o.id, o.reason from occurrences o
  where o.workspace_id = $1 and o.trigger_id = $2 and o.outcome = 5`)

/** It waits and is locked. $1 occurrence, $2 outcome, $3 reason, $4 detail, $5 delivery, $6 campaign, $7 now. */
export const release = `update occurrences set outcome = $2, reason = $3, detail = $4, delivery_id = $5,
  campaign_id = $6, recorded_at = $7, run_state = case when $2 <= 2 then 0 end
where id = $1`

/** $1 trigger, $2 nominal, $3 text. */
export const output = `update occurrences set output = $3 where trigger_id = $1 and nominal_at = $2`

/** $1 trigger, $2 before this nominal time, $3 limit. */
export const history = `select ${RunStatements.columns}, ${RunStatements.endColumns}, o.detail, o.rules as run_rules,
  o.recorded_at::float8 as recorded_at
from occurrences o join triggers t on t.id = o.trigger_id
where o.trigger_id = $1 and o.nominal_at < $2 order by o.nominal_at desc limit $3`

/** $1 delivery. */
export const runOf = `select ${RunStatements.columns}
from occurrences o join triggers t on t.id = o.trigger_id where o.delivery_id = $1`

/** $1 trigger, $2 from, $3 to, $4 limit. */
export const nominals = `select o.nominal_at::float8 as nominal_at from occurrences o
where o.trigger_id = $1 and o.nominal_at >= $2 and o.nominal_at < $3 order by o.nominal_at limit $4`

/** Open runs and what waits stay. $1 before, $2 limit. */
export const forget = `with over as materialized (
  select id from occurrences
  where outcome <> 5 and run_state is distinct from 0 and coalesce(ended_at, recorded_at) < $1
  order by coalesce(ended_at, recorded_at) limit $2 for update skip locked),
gone as (delete from occurrences where id = any (array(select id from over)) returning 1)
select count(*)::int as forgotten from gone`

/**
 * Rows are written in one order by all, so that two callers never wait for each other. Per row $1 trigger,
 * $2 workspace, $3 outcome, $4 reason or 0, $5 how many more, or fewer.
 */
export const tally = `insert into occurrence_tallies as t (trigger_id, workspace_id, outcome, reason, count)
select x.* from unnest($1::int[], $2::int[], $3::smallint[], $4::smallint[], $5::bigint[])
  as x (trigger_id, workspace_id, outcome, reason, count)
order by trigger_id, outcome, reason
on conflict (trigger_id, outcome, reason) do update set count = t.count + excluded.count`

const tallyColumns = `trigger_id, outcome, reason, count::float8 as count`
const tallied = `count > 0 order by trigger_id, outcome, reason`

/** $1 workspace. */
export const tallies = `select ${tallyColumns} from occurrence_tallies where workspace_id = $1 and ${tallied}`

export const allTallies = `select ${tallyColumns} from occurrence_tallies where ${tallied}`
