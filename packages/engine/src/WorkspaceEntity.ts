/**
 * A workspace as the nodes of a cluster speak of it: its address, and what can be asked of whoever owns it.
 *
 * Nothing of it is stored: what is asked of a node that dies is asked again of the next one, so it may be done twice.
 */
import { CampaignId, CampaignStatus } from "@fibercast/domain/Campaign"
import { Lane } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignNotFound } from "@fibercast/ports/CampaignStore"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { Effect, Schema } from "effect"
import { ClusterSchema, Entity, EntityId } from "effect/cluster"
import { Rpc } from "effect/rpc"
import { ActorStopped } from "./WorkspaceActor.ts"

const about = { campaignId: CampaignId, note: Schema.NullOr(Schema.String) }

const Command = Schema.Union([
  Schema.TaggedStruct("Pause", about),
  Schema.TaggedStruct("Resume", about),
  Schema.TaggedStruct("Cancel", about)
])

const LaneCommand = Schema.Union([
  Schema.TaggedStruct("PauseLanes", { lanes: Schema.NonEmptyArray(Lane), note: Schema.NullOr(Schema.String) }),
  Schema.TaggedStruct("ResumeLanes", { lanes: Schema.Array(Lane) })
])

const quiet = { millis: Schema.Number, escaped: Schema.Int }
const Quiet = Schema.Struct(quiet)
const Silence = Schema.Struct({ ...quiet, status: CampaignStatus, cancelled: Schema.Int })

/**
 * `Run` lasts as long as the actor works: so the workspace stays where it is while there is work, and is forgotten after.
 * When it must leave, `Run` is interrupted first, and what was asked is answered before it is gone.
 */
const Run = Rpc.make("Run").annotate(ClusterSchema.InterruptOnTermination, true)

/** Has the actor carry a command out; starts it if there is none. */
const Ask = Rpc.make("Ask", {
  payload: Command,
  success: Silence,
  error: Schema.Union([WorkspaceUnavailable, LedgerUnavailable, CampaignNotFound, ActorStopped])
})

/** The same of a command about lanes. */
const AskLanes = Rpc.make("AskLanes", {
  payload: LaneCommand,
  success: Quiet,
  error: Schema.Union([WorkspaceUnavailable, LedgerUnavailable, ActorStopped])
})

export const WorkspaceEntity = Entity.make("Workspace", [Run, Ask, AskLanes])

export const entityId = (workspaceId: WorkspaceId) => EntityId.make(String(workspaceId))

/** Of the workspace that the running handlers are of. */
export const currentWorkspace = Effect.map(Entity.CurrentAddress, ({ entityId }) => WorkspaceId.make(Number(entityId)))
