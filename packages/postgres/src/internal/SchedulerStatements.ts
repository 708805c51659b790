/**
 * The statements about those who schedule, and what all of them go by.
 */

const pulseColumns = `s.maintenance_since::float8 as maintenance_since,
  s.maintenance_note`

/** $1 scheduler, $2 app, $3 started_at, $4 now, $5 milliseconds after which nobody schedules, $6 forgotten before. */
export const beat = `with forgotten as (
  delete from schedulers where scheduler in (
    select scheduler from schedulers where passed_at < $6 and scheduler <> $1 for update skip locked)),
passed as (
  insert into schedulers as p (scheduler, app, started_at, passed_at) values ($1, $2, $3, $4)
  on conflict (scheduler) do update set app = $2, started_at = $3, passed_at = $4, retired = false),
own as (
  insert into app_pulses as a (app, passed_at, alive_since) select $2, $4, $4 where $2 is not null
  on conflict (app) do update set
    alive_since = case when a.passed_at < $4 - $5 then $4 else a.alive_since end,
    passed_at = greatest(a.passed_at, $4)
  returning alive_since)
update scheduling s set
  alive_since = case when s.passed_at is null or s.passed_at < $4 - $5 then $4 else s.alive_since end,
  passed_at = greatest(s.passed_at, $4)
returning ${pulseColumns}, s.alive_since::float8 as alive_since,
  coalesce((select alive_since from own), s.alive_since)::float8 as own_alive_since`

export const schedulers = `select scheduler, app, started_at::float8 as started_at, passed_at::float8 as passed_at
from schedulers where not retired order by passed_at desc, scheduler`

/** $1 scheduler. */
export const retire = `update schedulers set retired = true where scheduler = $1`

/** Triggers that will fire again, by app, and when a scheduler that looks after them last passed. */
export const attendance = `select t.app, count(*)::int as triggers, min(t.created_at)::float8 as since,
  (select max(p.passed_at) from schedulers p where t.app is null or p.app = t.app)::float8 as passed_at
from triggers t where t.removed_at is null and t.next_due is not null
group by t.app order by t.app collate "C" nulls first`

export const pulse = `select ${pulseColumns} from scheduling s`

/** $1 now, $2 note. */
export const maintain = `update scheduling set maintenance_since = coalesce(maintenance_since, $1), maintenance_note = $2`

export const maintained = `update scheduling set maintenance_since = null, maintenance_note = null`
