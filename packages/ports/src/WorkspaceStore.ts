/**
 * The WorkspaceStore keeps the tenants: their name, their zone, their limits, and which of their lanes are paused.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type LanePause } from "@fibercast/domain/LanePause"
import { type Limits } from "@fibercast/domain/Limits"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Array, Context, type Effect, Schema } from "effect"
import { type LedgerUnavailable } from "./Ledger.ts"

export interface Workspace {
  readonly id: WorkspaceId
  readonly name: string
  /** IANA zone that wall times without one are read in. */
  readonly zone: string
  readonly limits: Limits
  /** Why it is set aside after crashing again and again; null while it is well. */
  readonly quarantine: string | null
  /** Lanes of which nothing is claimed; null: none is paused. */
  readonly paused: LanePause | null
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
    /**
     * Pauses these lanes besides those that are: once this is answered nothing of them is claimed, by whomever. Its note
     * is the note of all. Answers the workspace as it stands then.
     */
    readonly pauseLanes: (
      id: WorkspaceId,
      pause: { readonly lanes: Array.NonEmptyReadonlyArray<Lane>; readonly note: string | null; readonly now: number }
    ) => Effect.Effect<Workspace, LedgerUnavailable | WorkspaceNotFound>
    /** These lanes are not paused any more, and whatever of them is due can be claimed. Answers as `pauseLanes`. */
    readonly resumeLanes: (
      id: WorkspaceId,
      lanes: ReadonlyArray<Lane>
    ) => Effect.Effect<Workspace, LedgerUnavailable | WorkspaceNotFound>
  }
>()("fibercast/ports/WorkspaceStore") {}
