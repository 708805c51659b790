/**
 * The statements that put things right: ended work is opened again or forgotten, open work is cleared away.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type EndedFilter, type WorkFilter } from "@fibercast/ports/Records"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { ending, recorded } from "./FinishStatements.ts"
import { int4, int8, text } from "./Parameters.ts"
import { Given, isEnded, isOpen } from "./RecordFilters.ts"
import { type Statement } from "./RecordStatements.ts"

/** What a campaign skipped may be a row that it never made a delivery of. */
const isRetriable = `d.state <> 1 and (d.state <> 3 or d.campaign_id = 0) and not exists (
  select 1 from campaigns c where c.id = d.campaign_id and c.status = 'cancelled')`

/** What may be opened again, as it stands; without a lock. */
export const retriable = (filter: EndedFilter, ids: ReadonlyArray<DeliveryId> | null, limit: number): Statement => {
  const given = new Given()
  const text = `select d.id, d.workspace_id, d.campaign_id, d.settled_at from deliveries_done d
where ${isEnded(filter, given, ids)} and ${isRetriable} order by d.id limit ${given.add(int8(limit))}`
  return { text, parameters: given.parameters }
}

export interface RetriableRow {
  readonly id: bigint
  readonly workspace_id: number
  readonly campaign_id: number
  readonly settled_at: bigint
}

export interface ReopenedRow {
  readonly id: bigint
  readonly batch_id: number | null
  readonly state: number
}

/**
 * The locks under which work of a workspace is opened, each a statement of its own, in this order. The workspace:
 * nothing of it is settled meanwhile. Counts, then campaigns, as a campaign that completes takes them: it waits, and
 * then finds open work, or has completed before. A campaign that still reads its audience cannot complete, and takes
 * its row before its counts: so does this.
 *
 * $1 workspace; of the others $1 campaigns.
 */
export const lockWorkspace = `select 1 from workspaces where id = $1 for no key update`
export const lockCounts = `select 1 from campaign_counts n
where campaign_id = any ($1::int[]) and (select expanded from campaigns where id = n.campaign_id)
order by campaign_id for no key update of n`
export const lockCampaigns = `select id from campaigns
where id = any ($1::int[]) and status <> 'cancelled' order by id for no key update`

/**
 * Who counts what is opened as open again. A batch is to be counted here as well.
 */
const uncounted = `uncounted as (
  update campaign_counts c set open = c.open + g.n, failed = c.failed - g.failed, skipped = c.skipped - g.skipped,
    cancelled = c.cancelled - g.cancelled, expired = c.expired - g.expired, unknown = c.unknown - g.unknown
  from (
    select campaign_id, count(*) as n, count(*) filter (where state = 2) as failed,
      count(*) filter (where state = 3) as skipped, count(*) filter (where state = 4) as cancelled,
      count(*) filter (where state = 5) as expired, count(*) filter (where state = 6) as unknown
    from gone where campaign_id > 0 group by campaign_id) g
  where c.campaign_id = g.campaign_id),
resumed as (
  update campaigns set status = 'running', completed_at = null
  where id in (select campaign_id from gone) and status = 'completed')`

/**
 * Moves rows back. Of several who would, one finds each row; the others wait for it and find it gone. A row is due
 * now, and never when it was due before: that names another try. A claim that it ended in may stand still, for the rest
 * of what it holds: it names it no more. $1 workspace, $2 ids, $3 when each ended,
 * $4 campaigns that may have work opened, 0 among them, $5 now. Answers what was opened, the batch it is of, and the
 * state that it had.
 */
export const reopen = `with x as materialized (
  select * from unnest($2::bigint[], $3::bigint[]) as x (id, settled_at)),
gone as (
  delete from deliveries_done d using x
  where d.id = x.id and d.settled_at = x.settled_at and d.workspace_id = $1 and d.payload is not null
    and d.campaign_id = any ($4::int[])
  returning d.id, d.due_at, d.campaign_id, d.pipeline_id, d.lane, d.state, d.payload, d.dispatched_at, d.batch_id, d.tags),
unasked as (
  delete from recalls where delivery_id = any (array(select id from gone))),
unclaimed as (
  update claims c set recall_no = null, ids = array(select unnest(c.ids) except select id from gone),
    started = array(select unnest(c.started) except select id from gone)
  where c.workspace_id = $1 and c.ids && array(select id from gone)),
${uncounted},
opened as (
  insert into deliveries (id, due_at, workspace_id, campaign_id, lane, pipeline_id, payload, dispatched_at, batch_id, tags)
  overriding system value
  select id, $5 + (due_at = $5)::int, $1, campaign_id,
    coalesce(lane, (select c.lane from campaigns c where c.id = campaign_id), 2), pipeline_id, payload, dispatched_at,
    batch_id, tags
  from gone returning id)
select id, gone.batch_id, gone.state from opened join gone using (id) order by id`

/** Counts it as open for its batches. $1 workspace; for each that was opened $2 its batch, $3 the state that it had. */
export const reopenBatches = `select fibercast_reopen_batches($1, $2, $3)`

export const forget = (filter: EndedFilter, ids: ReadonlyArray<DeliveryId> | null, limit: number): Statement => {
  const given = new Given()
  const text = `with chosen as materialized (
  select d.id, d.settled_at from deliveries_done d
  where ${isEnded(filter, given, ids)} and d.payload is not null order by d.id limit ${given.add(int8(limit))}),
forgotten as (
  update deliveries_done d set payload = null, reason = null from chosen c
  where d.id = c.id and d.settled_at = c.settled_at and d.payload is not null
  returning d.id),
untold as (
  update attempts set reason = null
  where delivery_id = any (array(select id from forgotten)) and reason is not null)
select count(*)::int as count from forgotten`
  return { text, parameters: given.parameters }
}

/** Whose work there is to clear; without a lock. */
export const toClear = (filter: WorkFilter, limit: number): Statement => {
  const given = new Given()
  const text = `select distinct workspace_id from (
  select d.workspace_id from deliveries d where ${isOpen(filter, given)}
    and d.id not in (select unnest(ids) from claims) limit ${given.add(int8(limit))}) open
order by workspace_id`
  return { text, parameters: given.parameters }
}

/** The workspace's row is locked already, as for `RecallStatements`. $1 workspace, $2 reason, $3 now; then the filter's. */
export const clear = (
  workspaceId: WorkspaceId,
  filter: WorkFilter,
  options: { readonly limit: number; readonly reason: string; readonly now: number }
): Statement => {
  const given = new Given()
  given.add(int4(workspaceId))
  given.add(text(options.reason))
  given.add(int8(options.now))
  const sql = `with chosen as materialized (
  select d.id from deliveries d where ${isOpen({ ...filter, workspaceId }, given)}
    and d.id not in (select unnest(ids) from claims where workspace_id = $1) limit ${given.add(int8(options.limit))}),
gone as (
  delete from deliveries d where d.id = any (array(select id from chosen))
  returning ${ending("4::smallint", "null::smallint", "null::text", "$2::text")}),
${recorded}
select count(*)::int as count from gone`
  return { text: sql, parameters: given.parameters }
}
