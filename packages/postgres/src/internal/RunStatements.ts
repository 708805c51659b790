/**
 * The statements about runs: which are open, what waits for them, and how they end. `o` is the row of an occurrence,
 * `columns` is what a run is read from, `endColumns` how it ended.
 *
 * Whether a run is open is read from the ledger in the same snapshot: its delivery is still there, or its campaign is
 * not over. `run_state` only says that nobody wrote its end yet, and keeps the index small. The questions are asked
 * as scalars, one probe each: as joins they could be answered by reading all open work.
 */
import { reasonCode } from "./Codes.ts"
import * as TriggerStatements from "./TriggerStatements.ts"

export const columns = `o.id as occurrence_id, o.trigger_id, o.workspace_id as run_workspace_id, t.name as run_name,
  o.nominal_at::float8 as nominal_at, o.due_at::float8 as due_at, o.zone as run_zone, o.outcome, o.reason,
  o.covers_from::float8 as covers_from, o.covers_count, o.delivery_id, o.campaign_id`

export const endColumns = `o.run_state, o.failure, o.ended_at::float8 as ended_at, o.output`

const isOpen = (o: string): string => `coalesce((select true from deliveries d where d.id = ${o}.delivery_id),
    (select c.status not in ('completed', 'cancelled') or n.open > 0
     from campaigns c join campaign_counts n on n.campaign_id = c.id where c.id = ${o}.campaign_id), false)`

/** Of what waits: not behind a pause of its trigger, or a person asked for it. */
const isInLine = (o: string): string => `(select t.paused_since is null from triggers t where t.id = ${o}.trigger_id)
    or coalesce(${o}.reason, 0) in (${reasonCode("backfill")}, ${reasonCode("test")})`

/** $1 workspace, $2 overlap key. */
export const holders = `select ${columns} from occurrences o join triggers t on t.id = o.trigger_id
where o.workspace_id = $1 and o.overlap_key = $2 and o.run_state = 0 and ${isOpen("o")}
order by o.id`

/** $1 workspace, $2 overlap key. */
export const waiting = `select count(*)::int as waiting from occurrences o
where o.workspace_id = $1 and o.overlap_key = $2 and o.outcome = 5 and (${isInLine("o")})`

/** Per key $1 workspace, $2 overlap key. Answers one row each, in the order given. */
export const busy = `select
  (select count(*)::int from occurrences o
   where o.workspace_id = x.workspace_id and o.overlap_key = x.overlap_key and o.run_state = 0 and ${isOpen("o")}) as running,
  (select count(*)::int from occurrences o
   where o.workspace_id = x.workspace_id and o.overlap_key = x.overlap_key and o.outcome = 5
     and (${isInLine("o")})) as waiting
from unnest($1::int[], $2::text[]) with ordinality as x (workspace_id, overlap_key, place)
order by x.place`

/**
 * Locks keys until the end of the transaction, in an order that all callers share: of those who ask what a key is
 * doing and then act on it, one goes after the other. What they read must be a later statement: this one's snapshot
 * is older than its locks. Per key $1 workspace, $2 overlap key.
 */
export const lockKeys = `select pg_advisory_xact_lock(lock) from (
  select distinct hashtextextended(workspace_id || '/' || overlap_key, 4650721940) as lock
  from unnest($1::int[], $2::text[]) as x (workspace_id, overlap_key) order by 1) locks`

/** An open run of the same key; null: there is none. */
const openOf = (key: string): string => `(select r.id from occurrences r
    where r.workspace_id = ${key}.workspace_id and r.overlap_key = ${key}.overlap_key and r.run_state = 0
      and ${isOpen("r")}
    limit 1)`

/**
 * Walks from key to key that something waits for, by the index: its cost is the number of those keys, and of what
 * it passes by because its trigger is paused. $1 app, $2 the
 * occurrence to come after, $3 limit.
 */
export const ready = `with recursive line as (
  (select o.workspace_id, o.overlap_key, o.id from occurrences o where o.outcome = 5 and (${isInLine("o")})
   order by o.workspace_id, o.overlap_key, o.id limit 1)
  union all
  select next.* from line, lateral (
    select o.workspace_id, o.overlap_key, o.id from occurrences o
    where o.outcome = 5 and (o.workspace_id, o.overlap_key) > (line.workspace_id, line.overlap_key) and (${isInLine("o")})
    order by o.workspace_id, o.overlap_key, o.id limit 1) next),
ready as materialized (
  select line.id from line where line.id > $2 and ${openOf("line")} is null)
select ${columns}, ${TriggerStatements.columns}
from ready join occurrences o on o.id = ready.id join triggers t on t.id = o.trigger_id
where t.app is null or t.app = $1
order by o.id limit $3`

/** $1 occurrence. Answers no row when it does not wait any more, or its trigger was removed. */
export const lockTriggerOfWaiting = `select o.trigger_id, o.workspace_id, o.overlap_key
from occurrences o join triggers t on t.id = o.trigger_id
where o.id = $1 and o.outcome = 5 and t.removed_at is null for no key update of t`

/**
 * Answers no row when it does not wait any more, or is to run while a run of its key is open. In the latter case its
 * key was locked by an EARLIER statement. $1 occurrence, $2 whether it is to run.
 */
export const lockWaiting = `select o.reason from occurrences o
where o.id = $1 and o.outcome = 5 and (not $2 or ${openOf("o")} is null)
for update of o`

/**
 * Each run that is over is marked by one caller only. Its end is looked for in the days since it was recorded; a
 * day before it, for clocks that differ. What left no record within a day has completed: it is of temporary work; later,
 * the record may have been dropped. $1 app, $2 now, $3 limit, $4 what is said when nothing is kept.
 */
export const end = `with over as materialized (
  select o.id, o.delivery_id, o.campaign_id, o.recorded_at from occurrences o
  where o.run_state = 0 and not ${isOpen("o")}
    and (select t.app is null or t.app = $1 from triggers t where t.id = o.trigger_id)
  limit $3 for update of o skip locked),
endings as materialized (
  select over.id,
    coalesce(done.state, case c.status when 'completed' then 1 when 'cancelled' then 4 end,
      case when over.recorded_at > $2 - 86400000 then 1 else 6 end)::smallint as state,
    case when done.state is not null then done.reason when c.id is not null then c.note else $4 end as failure,
    coalesce(done.settled_at, c.completed_at, $2) as ended_at
  from over
    left join lateral (
      select d.state, d.reason, d.settled_at from deliveries_done d
      where d.id = over.delivery_id and d.settled_at >= over.recorded_at - 86400000 limit 1) done on true
    left join campaigns c on c.id = over.campaign_id)
update occurrences o set run_state = e.state, failure = case when e.state <> 1 then e.failure end,
  ended_at = e.ended_at
from endings e, triggers t where o.id = e.id and t.id = o.trigger_id
returning ${columns}, ${endColumns}`
