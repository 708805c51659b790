/**
 * Reads runs and records of occurrences from their rows.
 */
import { CampaignId } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { TriggerId } from "@fibercast/domain/TriggerId"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type EndedRun, type RecordedOccurrence, type Run } from "@fibercast/ports/Run"
import { finalStateOf, outcomeOf, reasonOf } from "./Codes.ts"

export interface RunRow {
  readonly occurrence_id: bigint
  readonly trigger_id: number
  readonly run_workspace_id: number
  readonly run_name: string
  readonly nominal_at: number
  readonly due_at: number
  readonly run_zone: string
  readonly outcome: number
  readonly reason: number | null
  readonly covers_from: number | null
  readonly covers_count: number | null
  readonly delivery_id: bigint | null
  readonly campaign_id: number | null
}

export interface EndedRow extends RunRow {
  readonly run_state: number
  readonly failure: string | null
  readonly ended_at: number
  readonly output: string | null
}

export interface RecordedRow extends RunRow {
  readonly run_state: number | null
  readonly failure: string | null
  readonly ended_at: number | null
  readonly output: string | null
  readonly detail: string | null
  readonly run_rules: string
  readonly recorded_at: number
}

export const runOf = (row: RunRow): Run => ({
  occurrenceId: row.occurrence_id,
  triggerId: TriggerId.make(row.trigger_id, { disableChecks: true }),
  workspaceId: WorkspaceId.make(row.run_workspace_id, { disableChecks: true }),
  name: row.run_name,
  nominal: row.nominal_at,
  dueAt: row.due_at,
  zone: row.run_zone,
  outcome: outcomeOf(row.outcome),
  reason: reasonOf(row.reason),
  covers: row.covers_from === null ? null : { from: row.covers_from, count: row.covers_count ?? 0 },
  deliveryId: row.delivery_id === null ? null : DeliveryId.make(row.delivery_id, { disableChecks: true }),
  campaignId: row.campaign_id === null ? null : CampaignId.make(row.campaign_id, { disableChecks: true })
})

export const endedRunOf = (row: EndedRow): EndedRun => ({
  ...runOf(row),
  state: finalStateOf(row.run_state),
  failure: row.failure,
  endedAt: row.ended_at,
  output: row.output
})

export const recordedOf = (row: RecordedRow): RecordedOccurrence => ({
  ...runOf(row),
  detail: row.detail,
  rules: row.run_rules,
  recordedAt: row.recorded_at,
  // 0 is a run whose end nobody wrote yet.
  state: row.run_state === null || row.run_state === 0 ? null : finalStateOf(row.run_state),
  failure: row.failure,
  endedAt: row.ended_at,
  output: row.output
})
