/**
 * The statements that read what is known of deliveries. None takes a lock.
 *
 * What failed or is in doubt is found by an index of its own, one entry for each; what ended otherwise by the tables of
 * the days that are asked for, which a plan made with the values at hand leaves the others out of.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type EndedFilter, type WorkFilter } from "@fibercast/ports/Records"
import { Given, isEnded, isOpen, isRecorded } from "./RecordFilters.ts"
import { int8 } from "./Parameters.ts"
import { attempts, ofEnded, selectOpen } from "./RecordRows.ts"

export interface Statement {
  readonly text: string
  readonly parameters: Given["parameters"]
}

/** One that was opened again by this moment is in one of the two tables: both are read in one snapshot. */
export const find = (filter: WorkFilter, id: DeliveryId): Statement => {
  const given = new Given()
  const isIt = `d.id = ${given.add(int8(id))}`
  const open = selectOpen(`(select d.* from deliveries d where ${isIt} and ${isOpen(filter, given)})`)
  const text = `with found as (
${open}
union all
select ${ofEnded} from deliveries_done d where ${isIt} and ${isRecorded(filter, given)})
select found.*, (
  select coalesce(json_agg(t order by t.at, t.attempt), '[]')::text
  from (select ${attempts} from attempts a where a.delivery_id = found.id) t) as attempts
from found`
  return { text, parameters: given.parameters }
}

/** $1 delivery, $2 now, $3 limit. Walks the source from its head. */
export const before = `with it as materialized (select workspace_id, lane, campaign_id, due_at, id from deliveries where id = $1)
select count(*)::int as count from (
  select 1 from it, lateral (
    select id from deliveries d
    where d.workspace_id = it.workspace_id and d.lane = it.lane and d.campaign_id = it.campaign_id
      and (d.due_at, d.id) < (it.due_at, it.id) and d.due_at <= $2
      and d.id not in (select unnest(ids) from claims where workspace_id = (select workspace_id from it))
    order by d.due_at, d.id limit $3) first) counted`

export const ended = (filter: EndedFilter, after: DeliveryId | null, limit: number): Statement => {
  const given = new Given()
  const isNext = after === null ? "" : ` and d.id > ${given.add(int8(after))}`
  const text = `select ${ofEnded} from deliveries_done d
where ${isEnded(filter, given)}${isNext} order by d.id limit ${given.add(int8(limit))}`
  return { text, parameters: given.parameters }
}

export const countEnded = (filter: EndedFilter): Statement => {
  const given = new Given()
  const text = `select count(*)::float8 as count from deliveries_done d where ${isEnded(filter, given)}`
  return { text, parameters: given.parameters }
}

/** Claims are looked for of those alone that are answered. */
export const open = (filter: WorkFilter, limit: number): Statement => {
  const given = new Given()
  const text = `with chosen as materialized (
  select d.* from deliveries d where ${isOpen(filter, given)} order by d.due_at, d.id limit ${given.add(int8(limit))})
${selectOpen("chosen")}
order by d.due_at, d.id`
  return { text, parameters: given.parameters }
}

export const countOpen = (filter: WorkFilter): Statement => {
  const given = new Given()
  const text = `select count(*)::float8 as count from deliveries d where ${isOpen(filter, given)}`
  return { text, parameters: given.parameters }
}

export const pipelines = `select name from pipelines order by name collate "C" limit 10000`

/** Nothing is written where it is said already. $1 names of pipelines, $2 milliseconds, null or -1. */
export const retain = `update pipelines p set retention = x.retention
from unnest($1::text[], $2::bigint[]) as x (name, retention)
where p.name = x.name and p.retention is distinct from x.retention`
