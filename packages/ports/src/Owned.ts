/**
 * Who owns a workspace, and how that is proved and lost.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { Schema } from "effect"

/** Another owner has taken the workspace over. Stop working for it; nothing was written. */
export class EpochLost extends Schema.TaggedError<EpochLost>()("EpochLost", {
  workspaceId: Schema.Int,
  epoch: Schema.Int
}) {
  override get message(): string {
    return `workspace ${this.workspaceId} was taken over from epoch ${this.epoch}`
  }
}

/** Another live owner holds the workspace. */
export class WorkspaceHeld extends Schema.TaggedError<WorkspaceHeld>()("WorkspaceHeld", {
  workspaceId: Schema.Int,
  owner: Schema.String,
  until: Schema.Number
}) {
  override get message(): string {
    return `workspace ${this.workspaceId} is held by ${this.owner} until ${this.until}`
  }
}

export interface TakeOver {
  readonly workspaceId: WorkspaceId
  /** Unique to this run of this process. */
  readonly owner: string
  readonly now: number
  /** How long the ownership holds without a heartbeat, in milliseconds. */
  readonly lease: number
  /** Take it even from an owner whose lease still runs: the caller knows that owner is dead. */
  readonly force: boolean
}

export interface TakenOver {
  readonly epoch: Epoch
  /** Claimed by the former owner and now claimable again. */
  readonly rescued: number
  /** Marked as started and unsettled: now `unknown`. */
  readonly unknown: number
}

/** Proof of ownership; part of every write by an owner. */
export interface Owned {
  readonly workspaceId: WorkspaceId
  readonly epoch: Epoch
  readonly now: number
}

/** Who holds a workspace, and how much of its work. */
export interface Holding {
  readonly owner: string | null
  readonly ownedUntil: number | null
  /** Deliveries in standing claims, begun or not. */
  readonly held: Readonly<Record<Lane, number>>
  /** Those of them that carry a started mark. */
  readonly started: number
}
