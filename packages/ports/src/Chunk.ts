/**
 * A chunk is a handful of claimed deliveries on their way from the owner of a workspace to a sender.
 *
 * It carries what a sender needs to judge and to send them, and the epoch of its owner, under which their ends are
 * written. A sender that gets it late, twice, or after its owner was replaced finds out from the Ledger before it sends.
 * `ChunkText` is how it travels.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { CampaignId, Guarantee } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Lane } from "@fibercast/domain/Lane"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import { Schema } from "effect"

/** One delivery of a chunk, as it was claimed. */
export const ChunkDelivery = Schema.Struct({
  id: DeliveryId,
  claimId: Schema.BigInt,
  claimedAt: Schema.Int,
  pipeline: Schema.String,
  attempt: Schema.Int,
  rescues: Schema.Int,
  dueAt: Schema.Int,
  deadline: Schema.NullOr(Schema.Int),
  payload: Schema.String,
  batchId: Schema.NullOr(BatchId)
})
export type ChunkDelivery = typeof ChunkDelivery.Type

/** When a limit lets it go: from `at` on, and no later than `slack` milliseconds after, or it loses its turn. */
export const Slot = Schema.Struct({ at: Schema.Finite, slack: Schema.Finite })
export type Slot = typeof Slot.Type

export const Chunk = Schema.Struct({
  /** Unique for good: a stream that is given it twice keeps it once. */
  id: Schema.NonEmptyString,
  lane: Lane,
  workspaceId: WorkspaceId,
  /** Of the workspace, when the chunk was made. */
  epoch: Epoch,
  /** The node that owns the workspace: whom to report to. */
  owner: Schema.NonEmptyString,
  /** As the owner last saw it; null for background jobs. */
  campaign: Schema.NullOr(Schema.Struct({ id: CampaignId, epoch: Schema.Int })),
  /** Of all its deliveries. */
  guarantee: Guarantee,
  /** It carries all that the claims which it names were made of. */
  isWhole: Schema.Boolean,
  /** Nobody may begin any of it after this instant, in epoch milliseconds. */
  validUntil: Schema.Int,
  /** Null: at once. */
  slot: Schema.NullOr(Slot),
  /** Never empty. */
  deliveries: Schema.NonEmptyArray(ChunkDelivery)
})
export type Chunk = typeof Chunk.Type
