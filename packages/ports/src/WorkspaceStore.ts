/**
 * The WorkspaceStore keeps the tenants: their name, their zone and their limits.
 */
import { type Limits } from "@fibercast/domain/Limits"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context, type Effect, Schema } from "effect"
import { type LedgerUnavailable } from "./Ledger.ts"

export interface Workspace {
  readonly id: WorkspaceId
  readonly name: string
  /** IANA zone that wall times without one are read in. */
  readonly zone: string
  readonly limits: Limits
  /** Why it is set aside after crashing again and again; null while it is well. */
  readonly quarantine: string | null
}

/** A workspace, and who works it. */
export interface OwnedWorkspace extends Workspace {
  /** Null: nobody does. */
  readonly owner: string | null
  /** When the owner's lease ends, or has ended; epoch milliseconds. */
  readonly ownedUntil: number | null
}

export class WorkspaceNotFound extends Schema.TaggedError<WorkspaceNotFound>()("WorkspaceNotFound", {
  workspaceId: Schema.Int
}) {
  override get message(): string {
    return `there is no workspace ${this.workspaceId}`
  }
}

export class WorkspaceStore extends Context.Service<
  WorkspaceStore,
  {
    /** The workspace of this name, created if there is none. An existing one keeps its zone and limits. */
    readonly ensure: (options: {
      readonly name: string
      readonly zone: string
      readonly limits: Limits
    }) => Effect.Effect<Workspace, LedgerUnavailable>
    /** The workspace of this name; null if there is none. */
    readonly find: (name: string) => Effect.Effect<Workspace | null, LedgerUnavailable>
    readonly get: (id: WorkspaceId) => Effect.Effect<Workspace, LedgerUnavailable | WorkspaceNotFound>
    /** All of them, by id. */
    readonly list: Effect.Effect<ReadonlyArray<OwnedWorkspace>, LedgerUnavailable>
    readonly setLimits: (id: WorkspaceId, limits: Limits) => Effect.Effect<void, LedgerUnavailable | WorkspaceNotFound>
    /** Set it aside with a reason, or bring it back with null. */
    readonly setQuarantine: (
      id: WorkspaceId,
      reason: string | null
    ) => Effect.Effect<void, LedgerUnavailable | WorkspaceNotFound>
  }
>()("fibercast/ports/WorkspaceStore") {}
