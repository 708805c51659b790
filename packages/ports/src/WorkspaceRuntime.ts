/**
 * The WorkspaceRuntime runs workspace actors: at most one per workspace, started when there is work.
 *
 * Callers may rely on this: `ask` reaches the running actor or starts it first; an actor that
 * crashes is restarted on its own, and no other workspace notices.
 */
import { type CampaignId, type CampaignStatus } from "@fibercast/domain/Campaign"
import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Array, Context, type Effect, Schema } from "effect"
import { type CampaignNotFound } from "./CampaignStore.ts"
import { type LedgerUnavailable } from "./Ledger.ts"

/** The actor does not answer: it is set aside, held by another node, or shutting down. */
export class WorkspaceUnavailable extends Schema.TaggedError<WorkspaceUnavailable>()("WorkspaceUnavailable", {
  workspaceId: Schema.Int,
  reason: Schema.String
}) {
  override get message(): string {
    return `workspace ${this.workspaceId} does not answer: ${this.reason}`
  }
}

/** How a pause took effect. */
export interface Quiet {
  /** Milliseconds from the command until the last send that was under way had ended. */
  readonly millis: number
  /** Sends that were under way when the command came, and went out. */
  readonly escaped: number
}

/** How a pause or a cancel of a campaign took effect. */
export interface Silence extends Quiet {
  /** The campaign's status now. A command that does not fit it, as pausing what is over, changes nothing. */
  readonly status: CampaignStatus
  /** Deliveries the command settled as cancelled; 0 for a pause. */
  readonly cancelled: number
}

export type Command = { readonly campaignId: CampaignId; readonly note: string | null } & (
  | { readonly _tag: "Pause" }
  | { readonly _tag: "Resume" }
  | { readonly _tag: "Cancel" }
)

/** Of all work of some lanes, whatever campaign it is of. */
export type LaneCommand =
  | {
      readonly _tag: "PauseLanes"
      readonly lanes: Array.NonEmptyReadonlyArray<Lane>
      readonly note: string | null
    }
  | { readonly _tag: "ResumeLanes"; readonly lanes: ReadonlyArray<Lane> }

export class WorkspaceRuntime extends Context.Service<
  WorkspaceRuntime,
  {
    /** Carry a command out and say how it went. */
    readonly ask: (
      workspaceId: WorkspaceId,
      command: Command
    ) => Effect.Effect<Silence, WorkspaceUnavailable | LedgerUnavailable | CampaignNotFound>
    /** The same for lanes. The pause is written before it is answered; a resume answers zeros. */
    readonly askLanes: (
      workspaceId: WorkspaceId,
      command: LaneCommand
    ) => Effect.Effect<Quiet, WorkspaceUnavailable | LedgerUnavailable>
    /** Workspaces whose actor runs here. */
    readonly running: Effect.Effect<ReadonlyArray<WorkspaceId>>
  }
>()("fibercast/ports/WorkspaceRuntime") {}
