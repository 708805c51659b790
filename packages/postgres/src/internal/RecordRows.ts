/**
 * A delivery as it is read for people, open or ended; and its attempts.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { CampaignId } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { lanes } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type AttemptRecord, type DeliveryRecord } from "@fibercast/ports/Records"
import { errorClassOf, finalStateOf } from "./Codes.ts"

const ofBoth = `d.id, d.workspace_id, d.campaign_id, d.batch_id, d.lane, d.attempt, d.due_at::float8 as due_at,
  d.dispatched_at::float8 as dispatched_at, array_to_json(d.tags)::text as tags, d.payload::text as payload,
  (select name from pipelines where id = d.pipeline_id) as pipeline`

/** Of a row `d` of `deliveries`, its claim `c`, its workspace `w` and its recall `r`; the last three may be missing. */
const ofOpen = `${ofBoth}, d.deadline::float8 as deadline, d.rescues, c.claimed_at::float8 as claimed_at,
  coalesce(d.id = any (c.started), false) as is_started, w.owner, r.reason as recalled, null::smallint as state,
  null::float8 as settled_at, null::text as provider_id, null::smallint as error_class, null::text as reason`

/** Of a row `d` of `deliveries_done`; with the same columns. */
export const ofEnded = `${ofBoth}, null::float8 as deadline, 0::smallint as rescues, null::float8 as claimed_at,
  false as is_started, null::text as owner, null::text as recalled, d.state, d.settled_at::float8 as settled_at,
  d.provider_id, d.error_class, d.reason`

/** What `from` has of open deliveries `d`, each with what is known of it besides. */
export const selectOpen = (from: string): string => `select ${ofOpen}
from ${from} d left join workspaces w on w.id = d.workspace_id left join recalls r on r.delivery_id = d.id
  left join lateral (
    select claimed_at, started from claims
    where workspace_id = d.workspace_id and min_id <= d.id and max_id >= d.id and d.id = any (ids) limit 1) c on true`

/** Of `attempts`. */
export const attempts = `a.attempt, a.at::float8 as at, a.outcome, a.error_class, a.reason`

export interface RecordRow {
  readonly id: bigint
  readonly workspace_id: number
  readonly campaign_id: number
  readonly batch_id: number | null
  readonly lane: number | null
  readonly attempt: number
  readonly due_at: number
  readonly dispatched_at: number | null
  /** JSON. */
  readonly tags: string | null
  readonly payload: string | null
  readonly pipeline: string | null
  readonly deadline: number | null
  readonly rescues: number
  readonly claimed_at: number | null
  readonly is_started: boolean
  readonly owner: string | null
  readonly recalled: string | null
  /** Null: it is open. */
  readonly state: number | null
  readonly settled_at: number | null
  readonly provider_id: string | null
  readonly error_class: number | null
  readonly reason: string | null
}

export interface AttemptRow {
  readonly attempt: number
  readonly at: number
  readonly outcome: number
  readonly error_class: number | null
  readonly reason: string | null
}

const campaignOf = (code: number): CampaignId | null => (code === 0 ? null : CampaignId.make(code))

export const recordOf = (row: RecordRow): DeliveryRecord => ({
  id: DeliveryId.make(row.id, { disableChecks: true }),
  workspaceId: WorkspaceId.make(row.workspace_id),
  campaignId: campaignOf(row.campaign_id),
  batchId: row.batch_id === null ? null : BatchId.make(row.batch_id),
  pipeline: row.pipeline ?? "",
  lane: row.lane === null ? null : (lanes[row.lane] ?? null),
  tags: row.tags === null ? [] : JSON.parse(row.tags),
  state: row.state === null ? (row.claimed_at === null ? "scheduled" : "claimed") : finalStateOf(row.state),
  dispatchedAt: row.dispatched_at,
  dueAt: row.due_at,
  deadline: row.deadline,
  attempt: row.attempt,
  rescues: row.rescues,
  claim: row.claimed_at === null ? null : { claimedAt: row.claimed_at, isStarted: row.is_started, owner: row.owner },
  recalled: row.recalled,
  settledAt: row.settled_at,
  providerId: row.provider_id,
  errorClass: errorClassOf(row.error_class),
  reason: row.reason,
  payload: row.payload
})

export const attemptOf = (row: AttemptRow): AttemptRecord => ({
  attempt: row.attempt,
  at: row.at,
  outcome: row.outcome === 2 ? "failed" : row.outcome === 6 ? "unknown" : "retry",
  errorClass: errorClassOf(row.error_class),
  reason: row.reason
})
