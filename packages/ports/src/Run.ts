/**
 * What the TriggerStore tells of an occurrence: as it runs, ended, waits, or is on record.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type Outcome, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Merging, type StoredTrigger } from "./StoredTrigger.ts"

export interface Run {
  readonly occurrenceId: bigint
  readonly triggerId: TriggerId
  readonly workspaceId: WorkspaceId
  /** Of its trigger. */
  readonly name: string
  readonly nominal: number
  readonly dueAt: number
  readonly zone: string
  readonly outcome: Outcome
  readonly reason: Reason | null
  /** The other nominal times it stands for. */
  readonly covers: Merging | null
  readonly deliveryId: DeliveryId | null
  readonly campaignId: CampaignId | null
}

/** How a run ended: as its delivery or campaign did. */
export interface EndedRun extends Run {
  readonly state: FinalState
  /** Why it did not complete. */
  readonly failure: string | null
  /** When its work was over; of a cancelled campaign: when that was noticed. */
  readonly endedAt: number
  readonly output: string | null
}

/** An occurrence that waits, and the trigger it is of. */
export interface Waiting extends Run {
  readonly trigger: StoredTrigger
}

/** Everything recorded about an occurrence. */
export interface RecordedOccurrence extends Run {
  readonly detail: string | null
  readonly rules: string
  /** When it was decided on, last. */
  readonly recordedAt: number
  /** Null: it never ran, or is not marked as ended. */
  readonly state: FinalState | null
  readonly failure: string | null
  readonly endedAt: number | null
  readonly output: string | null
}
