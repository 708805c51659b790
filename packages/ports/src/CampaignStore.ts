/**
 * The CampaignStore keeps campaigns: what was asked for, how far their audience is read, how they stand.
 *
 * Callers may rely on this:
 * - `create` is idempotent by (workspace, key).
 * - `append` writes a page of the audience, its deliveries, its skipped rows, the counts and the
 *   cursor in one transaction: after a crash the next page begins where the last committed one ended.
 * - Within a campaign an identity is delivered to once; a repeated one is skipped, as `same recipient as row 17`. The
 *   address is the identity of who has no other: then it is skipped as `same number as row 17`.
 * - A skipped row is a final record at once; its payload is `{ row, input }`.
 * - Each of a campaign's consequences happens once, whoever calls `advance` and however often, whatever crashes: it is
 *   dispatched in the transaction that says so.
 * - A change of status that senders must notice bumps the campaign's epoch.
 */
import { type Campaign, type CampaignId, type CampaignSpec, type CampaignStatus } from "@fibercast/domain/Campaign"
import { type SkippedRow } from "@fibercast/domain/Recipient"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context, type Effect, Schema } from "effect"
import { type Consequences } from "./BatchStore.ts"
import { type DueWorkspace, type LedgerUnavailable } from "./Ledger.ts"

/** No such campaign in this workspace. */
export class CampaignNotFound extends Schema.TaggedError<CampaignNotFound>()("CampaignNotFound", {
  campaignId: Schema.Int
}) {
  override get message(): string {
    return `there is no campaign ${this.campaignId} in this workspace`
  }
}

/** The key is taken by a campaign that asks for something else. */
export class CampaignConflict extends Schema.TaggedError<CampaignConflict>()("CampaignConflict", {
  campaignId: Schema.Int,
  key: Schema.String,
  /** What differs: `template`, `audience`, `rate`, … */
  differs: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `campaign ${this.campaignId} already has the key "${this.key}" with another ${this.differs.join(", ")}`
  }
}

export interface NewCampaign {
  readonly workspaceId: WorkspaceId
  readonly key: string
  readonly spec: CampaignSpec
  readonly templateHash: string
  readonly audienceHash: string
  /** What is dispatched when it comes to something. Not compared: of a key that is taken, what was asked for first. */
  readonly consequences?: Consequences | undefined
  readonly now: number
}

/** What a call of `advance` did. */
export interface AdvancedCampaign {
  readonly campaignId: CampaignId
  /** Consequences that were dispatched; 0: it is over, and none was left that this leads to. */
  readonly dispatched: number
}

/** Why a recipient is skipped that was in the audience before. */
export const repeats = ({ identity }: Pick<AppendedRecipient, "identity">, firstRow: number | undefined): string =>
  `same ${identity === undefined ? "number" : "recipient"} as row ${firstRow}`

/** A recipient with its delivery's payload. */
export interface AppendedRecipient {
  readonly row: number
  readonly address: string
  /** What tells it apart within the campaign; all of a campaign have one, or none has. Left out: the address. */
  readonly identity?: string | undefined
  /** JSON text. */
  readonly payload: string
}

export interface Page {
  readonly campaignId: CampaignId
  /** The page continues at this many rows read; one that was appended already, leaves a gap, or is of a cancelled campaign changes nothing. */
  readonly from: number
  /** Rows read after this page. */
  readonly to: number
  /** Whether the audience ends with this page. */
  readonly last: boolean
  readonly recipients: ReadonlyArray<AppendedRecipient>
  readonly skipped: ReadonlyArray<SkippedRow>
  readonly now: number
}

export interface Appended {
  readonly inserted: number
  /** Skipped because the identity was in the audience before. */
  readonly duplicates: number
  readonly skipped: number
}

export class CampaignStore extends Context.Service<
  CampaignStore,
  {
    /** The campaign, and whether this call created it. */
    readonly create: (
      campaign: NewCampaign
    ) => Effect.Effect<{ readonly campaign: Campaign; readonly created: boolean }, LedgerUnavailable | CampaignConflict>

    readonly get: (
      workspaceId: WorkspaceId,
      campaignId: CampaignId
    ) => Effect.Effect<Campaign, LedgerUnavailable | CampaignNotFound>

    /** Newest first; at most `limit`. */
    readonly list: (options: {
      readonly workspaceId: WorkspaceId
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Campaign>, LedgerUnavailable>

    /** Campaigns that are not over, by id; and cancelled ones that still have open work. */
    readonly active: (workspaceId: WorkspaceId) => Effect.Effect<ReadonlyArray<Campaign>, LedgerUnavailable>

    /**
     * Workspaces, not set aside, with a campaign that needs an actor by this instant: running, scheduled
     * and due or not yet read, or cancelled with work left open. With `pipelines` given, a campaign of another one
     * counts once it has been due and known for `strangeWait` milliseconds. Also those for which `advance` has something
     * to do, whatever the pipelines.
     */
    readonly activeWorkspaces: (
      by: number,
      pipelines?: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<DueWorkspace>, LedgerUnavailable>

    readonly append: (page: Page) => Effect.Effect<Appended, LedgerUnavailable | CampaignNotFound>

    /**
     * Change the status if it is one of `from`; otherwise the campaign is answered as it stands.
     * To and from `paused`, and to `cancelled`, bump the epoch. `running` sets `startedAt` once,
     * `completed` sets `completedAt`. `completed` is refused (answered as it stands) while anything is open or unread.
     */
    readonly transition: (options: {
      readonly workspaceId: WorkspaceId
      readonly campaignId: CampaignId
      readonly from: ReadonlyArray<CampaignStatus>
      readonly to: CampaignStatus
      readonly note: string | null
      readonly now: number
    }) => Effect.Effect<Campaign, LedgerUnavailable | CampaignNotFound>

    /**
     * Dispatches what is to follow from how the workspace's campaigns stand, in the sense of `Consequences`: `catch` at
     * the first failure, `then` when it has completed, however much of it failed, `finally` when it is over: completed, or
     * cancelled and nothing of it open. Of at most `limit` campaigns a call, which are answered, by id. A campaign is left
     * out that another call has in hand. With nothing to do it is one cheap question.
     */
    readonly advance: (options: {
      readonly workspaceId: WorkspaceId
      readonly now: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<AdvancedCampaign>, LedgerUnavailable>
  }
>()("fibercast/ports/CampaignStore") {}
