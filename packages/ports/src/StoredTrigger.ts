/**
 * A trigger as the TriggerStore keeps it.
 */
import { type TriggerDefinition } from "@fibercast/domain/TriggerDefinition"
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { type WorkspaceId } from "@fibercast/domain/Workspace"

export interface StoredTrigger {
  readonly id: TriggerId
  readonly workspaceId: WorkspaceId
  readonly app: string | null
  readonly definition: TriggerDefinition
  /** Raised by every change: of the definition, a pause, a resume, the removal. */
  readonly revision: number
  /** The zone it goes by: its own, or its workspace's. */
  readonly zone: string
  /** Every nominal time before it has its record, or lies before the trigger was defined. */
  readonly cursor: number
  /** When its next occurrence is meant to run; null: there is none. */
  readonly nextDue: number | null
  /** The fingerprint of the zone's rules under which `nextDue` was planned. */
  readonly rules: string
  /** Nominal times from here to the cursor were planned by the trigger and the zone's rules as they are now. */
  readonly plannedFrom: number
  /** It is paused since, and why; null: it is not. */
  readonly paused: { readonly since: number; readonly note: string | null } | null
  /** The last pause that has ended. */
  readonly pause: { readonly since: number; readonly until: number } | null
  /** Of the pile-up being merged: its first nominal time, and how many are passed over so far. */
  readonly merging: Merging | null
  /** When a trigger of this name was added first. */
  readonly createdAt: number
  /** Null: it is not removed. */
  readonly removedAt: number | null
}

export interface Merging {
  readonly from: number
  readonly count: number
}
