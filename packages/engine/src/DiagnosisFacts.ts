/**
 * What a diagnosis is made from: nodes, workspaces, their open work, campaigns and schedulers, as they stand at one instant.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type Rate } from "@fibercast/domain/Limits"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type KnownNode } from "@fibercast/ports/NodeRegistry"
import { type Unattended } from "./SchedulerHealth.ts"

/** Clocks that differ by more break limits that several nodes share; by the second, due times. Milliseconds. */
export const clockTolerance = { limits: 64, dueTimes: 1000 }

export type NodeFact = Pick<
  KnownNode,
  "name" | "id" | "roles" | "state" | "seenAt" | "lanes" | "pipelines" | "clockAhead" | "brokenAccounts"
>

export interface WorkspaceFact {
  readonly id: WorkspaceId
  readonly name: string
  readonly quarantine: string | null
  readonly paused: { readonly lanes: ReadonlyArray<Lane>; readonly note: string | null } | null
  /** Attempts that may begin at most. */
  readonly rate: Rate | null
  /** How many background jobs may be open. */
  readonly backlog: number | null
  readonly owner: string | null
  readonly ownedUntil: number | null
  /** Deliveries that claims hold. */
  readonly claimed: number
}

/** Open work of one pipeline in one lane. */
export interface WorkFact {
  readonly workspaceId: WorkspaceId
  readonly lane: Lane
  readonly pipeline: string
  readonly open: number
  /** Due by now and held by no claim, but what is of a paused campaign. */
  readonly waiting: number
  /** Due, of paused campaigns. */
  readonly paused: number
  readonly oldestDue: number | null
  /** When the next is due that is not yet. */
  readonly nextDue: number | null
}

export interface CampaignFact {
  readonly workspaceId: WorkspaceId
  readonly id: number
  readonly name: string
  readonly status: "scheduled" | "running" | "paused"
  readonly note: string | null
  readonly dueAt: number
  readonly open: number
}

export interface DiagnosisFacts {
  readonly now: number
  /** By how many milliseconds this machine's clock is ahead of the database's. */
  readonly clockAhead: number
  /** Seen within a day. */
  readonly nodes: ReadonlyArray<NodeFact>
  readonly workspaces: ReadonlyArray<WorkspaceFact>
  readonly work: ReadonlyArray<WorkFact>
  readonly campaigns: ReadonlyArray<CampaignFact>
  readonly unattended: ReadonlyArray<Unattended>
}
