/**
 * What of a claim may be sent now, and what of it still stands.
 *
 * Why nothing slips in between: the workspace, then the campaign, then the claims are locked in that order, and each
 * is judged as it stands when its lock is got. So a take-over, a pause, another `begin` and whatever leaves a claim
 * is either seen, or waits until this has ended. Only the deliveries and the recalls are as the snapshot has them. A
 * recall between that and the lock of the workspace shows by `recall_no`, as for a claim: it is stale, and to be made
 * again. A delivery that ended since is still named by its claim with its started mark, if it had one: who asks for
 * it with the mark does not get it.
 *
 * A delivery of a paused lane is to be given back.
 *
 * A delivery is looked up by its id, a claim by its key: by the range of those that are named, of which there are one
 * or two, as a workspace may have many, and more that ended of late.
 */
import { owned } from "./Ownership.ts"

/**
 * $1 workspace, $2 epoch; per delivery $3 claim, $4 id, $5 when it was due; $6 the least claim, $7 the
 * greatest.
 */
const isNamed = `claim_id = any ($3::bigint[]) and claim_id >= $6 and claim_id <= $7`

/** Deliveries that are open and of the try that is named, and whether their claims hold them and have them marked. */
const found = `x as materialized (
  select * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) with ordinality as x (claim_id, id, was_due, place)),
found as materialized (
  select x.place, x.claim_id, x.id,
    (x.claim_id, x.id) in (select claim_id, unnest(ids) from held) as is_held,
    (x.claim_id, x.id) in (select claim_id, unnest(started) from held) as is_started
  from deliveries d join x on x.id = d.id and x.was_due = d.due_at
  where d.id = any ($4::bigint[]) and d.workspace_id = $1)`

/**
 * $8 campaign or 0, $9 its epoch. Answers no row when the epoch is lost, one row of nulls when it is stale or nothing
 * may be begun.
 */
const beginning = (lock: string, further: string): string => `with ${owned},
seen as materialized (
  select owned.recall_no <> w.recall_no as is_stale from owned, workspaces w where w.id = $1),
running as materialized (
  select id from campaigns
  where workspace_id = $1 and id = $8 and status = 'running' and epoch = $9
    and exists (select 1 from seen where not is_stale) for share),
held as materialized (
  select claim_id, ids, started, lane from claims
  where workspace_id = $1 and ${isNamed} and campaign_id = $8
    and exists (select 1 from seen where not is_stale) and (select count(*) from running) >= 0
  order by claim_id ${lock}),
${found},
begun as materialized (
  select place, claim_id, id, ($8 = 0 or exists (select 1 from running))
    and id not in (select delivery_id from recalls where delivery_id = any ($4::bigint[]))
    and claim_id not in (select claim_id from held, owned where (owned.paused_lanes >> lane) & 1 = 1) as is_go
  from found where is_held and not is_started)${further}
select seen.is_stale, begun.id, begun.is_go from seen left join begun on true order by begun.place`

/** For work that may be sent twice: nothing is written. */
export const begin = beginning("for share", "")

/** What may go is marked as started. */
export const beginMarked = beginning(
  "for no key update",
  `,
marked as (
  update claims c set started = c.started || g.ids
  from (select claim_id, array_agg(id) as ids from begun where is_go group by claim_id) g
  where c.workspace_id = $1 and c.claim_id = g.claim_id and c.claim_id >= $6 and c.claim_id <= $7)`
)

/**
 * Of claims, those that may be sent as a whole. In one snapshot, without a lock, so that it writes nothing and waits for
 * nobody. $1 workspace, $2 epoch, $3 claims, $4 campaign or 0, $5 its epoch, $6 the least claim, $7 the greatest. Answers no
 * row when the epoch is lost, a null when there is none.
 */
export const claims = `with owner as materialized (
  select recall_no, paused_lanes from workspaces where id = $1 and epoch = $2 and owner is not null)
select c.claim_id from owner left join claims c
  on c.workspace_id = $1 and ${isNamed} and c.campaign_id = $4
  and c.recall_no = owner.recall_no and c.started = '{}' and (owner.paused_lanes >> c.lane) & 1 = 0
  and ($4 = 0 or exists (
    select 1 from campaigns where workspace_id = $1 and id = $4 and status = 'running' and epoch = $5))`

export interface BegunRow {
  readonly is_stale: boolean
  readonly id: bigint
  readonly is_go: boolean | null
}

/**
 * In one snapshot, without a lock. Answers no row when the epoch is lost, one row of nulls when nothing is held as
 * named.
 */
export const standing = `with held as materialized (
  select claim_id, ids, started from claims where workspace_id = $1 and ${isNamed}),
${found}
select found.id, found.is_started as started
from workspaces w left join found on is_held
where w.id = $1 and w.epoch = $2 and w.owner is not null order by found.place`

export interface StandingRow {
  readonly id: bigint | null
  readonly started: boolean
}
