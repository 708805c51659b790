/**
 * What take-overs have left in doubt and nobody was told of. `doubts` is empty but for a while after an owner was lost.
 */
import { owned } from "./Ownership.ts"

/** Whether it is for who runs these pipelines, null for any; `by` for those of others. */
const isFor = (pipelines: string, by: string): string =>
  `(${pipelines}::text[] is null or b.at <= ${by} or b.pipeline_id in (
    select id from pipelines where name = any (${pipelines}::text[])))`

/**
 * Records are looked up by their ids as an array: planned for any number of them, that is always by index.
 *
 * $1 workspace, $2 epoch, $3 pipelines, $4 by for those of others, $5 limit. Answers no row when the epoch is lost, one
 * with a null `taken` when there is none. A row with a null id was opened again or forgotten since.
 */
export const take = `with ${owned},
taken as (
  delete from doubts d using (
    select b.delivery_id from doubts b
    where b.workspace_id = $1 and ${isFor("$3", "$4")} and exists (select 1 from owned)
    order by b.delivery_id limit $5) b
  where d.delivery_id = b.delivery_id
  returning d.*),
ended as materialized (
  select e.* from deliveries_done e
  where e.id = any (array(select delivery_id from taken)) and e.state = 6 and e.payload is not null
    and e.lane is not null)
select t.delivery_id as taken, e.id, e.pipeline_id, e.lane, e.campaign_id, e.attempt, t.rescues,
  e.due_at::float8 as due_at, t.deadline::float8 as deadline, e.payload::text as payload, e.batch_id, e.reason
from owned left join taken t on true
left join ended e on e.id = t.delivery_id and e.settled_at = t.at`

export interface TakenRow {
  readonly taken: bigint | null
  readonly id: bigint | null
  readonly pipeline_id: number
  readonly lane: number
  readonly campaign_id: number
  readonly attempt: number
  readonly rescues: number
  readonly due_at: number
  readonly deadline: number | null
  readonly payload: string
  readonly batch_id: number | null
  readonly reason: string | null
}

/** It was opened again or forgotten. */
export const isGone = ({ id, taken }: TakenRow): boolean => taken !== null && id === null

/** Workspaces with some, from one to the next by the index. Two parts of a recursive query: what walks, what it finds. */
export const walk = (after: string): string => `doubtful as (
  (select workspace_id from doubts where workspace_id > ${after} order by workspace_id limit 1)
  union all
  select next.workspace_id from doubtful f, lateral (
    select workspace_id from doubts where workspace_id > f.workspace_id order by workspace_id limit 1) next)`

export const found = (pipelines: string, by: string): string => `select f.workspace_id from doubtful f where exists (
    select 1 from doubts b where b.workspace_id = f.workspace_id and ${isFor(pipelines, by)})`
