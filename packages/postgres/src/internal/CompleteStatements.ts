/**
 * Settles of what only completed, which is most of what ends: the same consequences as `FinishStatements.settle` writes,
 * by less. What fails, is put off or given back is not asked for, and nothing needs explaining.
 *
 * In both $1 is the workspace, $2 the epoch and $3 now. They answer no row when the epoch is lost.
 */
import * as FinishStatements from "./FinishStatements.ts"
import { owned } from "./Ownership.ts"

const consequences = (claims: string): string => `${FinishStatements.recorded},
${FinishStatements.tallied("(select count(*) from gone)")},
${FinishStatements.freed(claims)}
select (select count(*)::int from gone) as final, 0 as later from owned`

const completed = (providerId: string): string =>
  FinishStatements.ending("1::smallint", "null::smallint", providerId, "null::text")

/**
 * Per delivery $4 id, $5 when it was due; $6 providers' ids, or nothing at all; $7 finished claims, $8 the least id, $9 the
 * greatest. As there, a delivery is settled only while a claim names it, and a try is known by its due time.
 */
export const deliveries = `with ${owned},
x as materialized (
  select * from unnest($4::bigint[], $5::bigint[], $6::text[]) as x (id, was_due, provider_id)
  where exists (select 1 from owned)),
held as materialized (
  select unnest(ids) as id from claims where workspace_id = $1 and min_id <= $9 and max_id >= $8),
valid as materialized (
  select x.* from x join held on held.id = x.id),
gone as (
  delete from deliveries d using valid x
  where d.id = x.id and d.workspace_id = $1 and d.due_at = x.was_due
  returning ${completed("x.provider_id")}),
${consequences("$7")}`

/**
 * $4 claims, whole: of what each names all is completed that is open, without a provider's id. A claim names the tries that
 * it was made for and no others, as what is put off or given back leaves it in the same statement.
 */
export const claims = `with ${owned},
held as materialized (
  select unnest(ids) as id from claims
  where workspace_id = $1 and claim_id = any ($4::bigint[]) and exists (select 1 from owned)),
gone as (
  delete from deliveries d using held x
  where d.id = x.id and d.workspace_id = $1
  returning ${completed("null::text")}),
${consequences("$4")}`
