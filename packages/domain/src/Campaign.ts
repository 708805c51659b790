/**
 * A campaign is a scheduled batch of deliveries: a template, an audience and a pipeline.
 */
import { Schema } from "effect"
import { AudienceSpec } from "./Audience.ts"
import { Counts } from "./Counts.ts"
import { Lane } from "./Lane.ts"
import { Rate } from "./Limits.ts"
import { WorkspaceId } from "./Workspace.ts"

/** Positive integer, given by the CampaignStore. */
export const CampaignId = Schema.Int.check(Schema.isGreaterThan(0)).pipe(Schema.brand("CampaignId"))
export type CampaignId = typeof CampaignId.Type

/**
 * `scheduled` (its audience is being read, or waits for the due time) → `running` → `completed`.
 * `paused` sends nothing until resumed; `cancelled` is final.
 */
export const CampaignStatus = Schema.Literals(["scheduled", "running", "paused", "completed", "cancelled"])
export type CampaignStatus = typeof CampaignStatus.Type

/** How often a campaign may be sent again after doubt. */
export const Guarantee = Schema.Literals(["at-least-once", "at-most-once"])
export type Guarantee = typeof Guarantee.Type

/** What the operator asked for; frozen when the campaign is created. */
export const CampaignSpec = Schema.Struct({
  name: Schema.NonEmptyString,
  pipeline: Schema.NonEmptyString,
  lane: Lane,
  guarantee: Guarantee,
  /** Liquid source. */
  template: Schema.String,
  audience: AudienceSpec,
  /** The column that holds the address. */
  addressColumn: Schema.NonEmptyString,
  /** The column that tells recipients apart; left out: the address does. */
  identityColumn: Schema.optionalKey(Schema.NonEmptyString),
  /** ISO 3166 alpha-2 region of numbers written without a country code. */
  region: Schema.NullOr(Schema.String),
  rate: Schema.NullOr(Rate),
  /** The wall time that was asked for, as written, and its zone; null: as soon as it is launched. */
  wallTime: Schema.NullOr(Schema.String),
  zone: Schema.NullOr(Schema.String),
  /** The instant they mean, or the launch. Milliseconds since the epoch. */
  dueAt: Schema.Int,
  /** Not sent after this instant, but `expired`. Milliseconds since the epoch. */
  deadline: Schema.NullOr(Schema.Int)
})
export type CampaignSpec = typeof CampaignSpec.Type

export const Campaign = Schema.Struct({
  id: CampaignId,
  workspaceId: WorkspaceId,
  /** Unique within the workspace: launching the same key again finds this campaign. */
  key: Schema.NonEmptyString,
  spec: CampaignSpec,
  status: CampaignStatus,
  /** Bumped by pause, resume and cancel: what was read under a lower one is stale. */
  epoch: Schema.Int,
  /** Why it is paused or cancelled; null otherwise. */
  note: Schema.NullOr(Schema.String),
  templateHash: Schema.String,
  audienceHash: Schema.String,
  /** Where the reading of the audience stands: records read so far. */
  expandedRows: Schema.Int,
  /** Whether the whole audience was read. */
  expanded: Schema.Boolean,
  counts: Counts,
  createdAt: Schema.Int,
  startedAt: Schema.NullOr(Schema.Int),
  completedAt: Schema.NullOr(Schema.Int)
})
export type Campaign = typeof Campaign.Type

/** A campaign that sends nothing any more, whatever is still open. */
export const isOver = (status: CampaignStatus): boolean => status === "completed" || status === "cancelled"
