/**
 * The Ledger is the record of truth: what is due, who holds it, how it ended.
 *
 * Callers may rely on this:
 * - A delivery has exactly one final state; a settle of a final delivery changes nothing.
 * - The started mark is written per delivery, not per claim, so one claim may mix guarantees.
 * - Only the owner of a workspace claims and settles, under the epoch that `takeOver` gave it. When
 *   another has taken over, every call under the old epoch fails with `EpochLost` and changes nothing.
 * - A claim is one record of a batch. While it stands, nothing that it holds is claimed again. What is settled, put
 *   off or given back leaves it at once: a retry is claimed when it is due, however long the rest of its batch takes.
 * - Counts of a campaign change in the same transaction as its deliveries.
 * - Whoever was told the epoch may `begin` and `settle` parts of a claim for the owner: several may do so at once.
 * - Of a lane that is paused nothing is claimed, and nothing more is begun.
 * - Anybody may take work back. What a claim holds is left to its owner unless it is taken by force; once
 *   asked for, it is not claimed again.
 * - `now` and every instant are milliseconds since the epoch, taken from `Clock` by the caller.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type ClaimedDelivery, type DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context, type Effect, Schema } from "effect"
import { type Dispatch, type Dispatched } from "./Dispatch.ts"
import { type Doubt, type TakeDoubts } from "./Doubt.ts"
import { type Begin, type BeginClaims, type Begun, type HeldDelivery, type Standing } from "./HandOver.ts"
import { type EpochLost, type Holding, type Owned, type TakenOver, type TakeOver, type WorkspaceHeld } from "./Owned.ts"
import { type Recall, type Recalled, type Stop } from "./Recall.ts"
import { type Settle, type Settled } from "./Settlement.ts"

/**
 * The store could not be reached, or refused. Nobody knows whether the call was written; all but `claim`
 * may simply be made again. After a `claim`, `giveBack` first: it may stand although nobody knows of it.
 */
export class LedgerUnavailable extends Schema.TaggedError<LedgerUnavailable>()("LedgerUnavailable", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const { cause } = this
    return `the ledger could not ${this.operation}${cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : ""}`
  }
}

/** Where work is claimed from: one campaign, or the background jobs, of one lane. */
export interface Source {
  readonly lane: Lane
  /** Null: background jobs. */
  readonly campaignId: CampaignId | null
}

/** A place in the claim order of a source. */
export interface Cursor {
  readonly dueAt: number
  readonly id: DeliveryId
}

export interface Claim extends Owned {
  readonly source: Source
  /** At most this many, from 1 to 5000. */
  readonly limit: number
  /** Only deliveries after this place in (dueAt, id) order; null: from the start. */
  readonly after: Cursor | null
}

/** What one claim holds when it is made, in (dueAt, id) order; never empty. */
export interface Batch {
  readonly claimId: bigint
  readonly claimedAt: number
  readonly deliveries: ReadonlyArray<ClaimedDelivery>
}

/** How long work waits for somebody who runs its pipeline before it counts as due for all, in milliseconds. */
export const strangeWait = 30_000

/** How far one looks past work of others for one's own. */
export const strangersPassed = 50

/** A workspace with claimable or soon claimable work. */
export interface DueWorkspace {
  readonly workspaceId: WorkspaceId
  readonly owner: string | null
  readonly ownedUntil: number | null
}

/** A final record with what operators need to act on it. */
export interface DoneDelivery {
  readonly id: DeliveryId
  readonly state: FinalState
  /** Attempts that ended, its own included if it completed, failed or is unknown. */
  readonly attempt: number
  readonly settledAt: number
  readonly providerId: string | null
  readonly errorClass: ErrorClass | null
  readonly reason: string | null
  /** JSON text. Kept for all states but `completed`. */
  readonly payload: string | null
}

export class Ledger extends Context.Service<
  Ledger,
  {
    /** Record new deliveries in one transaction, in the order given. Joins the caller's transaction where the store has one. */
    readonly insert: (options: {
      readonly workspaceId: WorkspaceId
      readonly now: number
      readonly deliveries: ReadonlyArray<NewDelivery>
    }) => Effect.Effect<ReadonlyArray<DeliveryId>, LedgerUnavailable>

    /**
     * Record background jobs, or say why not: one answer each, in the order given. In one transaction; joins the caller's
     * where the store has one. Of one call, a dispatch sees what those before it have recorded, and one that is refused
     * stands in no other's way.
     *
     * A unique key or an idempotency key holds whoever dispatches at the same time: one of them is inserted, the others
     * wait until that is certain. A cap may be exceeded by what other transactions are recording meanwhile. A key
     * that a transaction has taken, and what it has replaced, keeps others waiting until it ends.
     */
    readonly dispatch: (options: {
      readonly workspaceId: WorkspaceId
      readonly now: number
      readonly dispatches: ReadonlyArray<Dispatch>
    }) => Effect.Effect<ReadonlyArray<Dispatched>, LedgerUnavailable>

    /**
     * Become the owner: bumps the epoch and rescues what the former owner's claims held unsettled.
     * What carries a started mark becomes `unknown` (at-most-once: it may have been sent); the rest
     * becomes claimable again, uncharged, `rescues` one higher. What is in doubt now is remembered for `takeDoubts`.
     */
    readonly takeOver: (options: TakeOver) => Effect.Effect<TakenOver, LedgerUnavailable | WorkspaceHeld>

    /** Keep the ownership for another `lease` milliseconds. Answers the lanes that are paused. */
    readonly heartbeat: (
      options: Owned & { readonly lease: number }
    ) => Effect.Effect<ReadonlyArray<Lane>, LedgerUnavailable | EpochLost>

    /**
     * Give the ownership up; standing claims are given back as by `takeOver`. From then on its epoch is
     * an old one. Does nothing under an old epoch.
     */
    readonly abandon: (options: Owned) => Effect.Effect<void, LedgerUnavailable>

    /**
     * Take what take-overs and owners that gave up have left in doubt and nobody was told of, in no order: each goes to one call,
     * and whoever made that is to tell it. Empty: there is no more of it. What was opened again or forgotten since is not
     * among it.
     */
    readonly takeDoubts: (options: TakeDoubts) => Effect.Effect<ReadonlyArray<Doubt>, LedgerUnavailable | EpochLost>

    /** Claim due deliveries of a source that no claim holds. Null when there are none, or its lane is paused. */
    readonly claim: (options: Claim) => Effect.Effect<Batch | null, LedgerUnavailable | EpochLost>

    /**
     * Give back every claim of this owner but these: what a claim whose answer was lost left standing. Its
     * deliveries become claimable again, unchanged.
     */
    readonly giveBack: (
      options: Owned & { readonly except: ReadonlyArray<bigint> }
    ) => Effect.Effect<void, LedgerUnavailable | EpochLost>

    /**
     * Write the started mark on deliveries that a standing claim holds; for at-most-once work it must
     * succeed before they are sent. The mark is of that try: it goes with its claim, or when the delivery leaves that.
     */
    readonly start: (
      options: Owned & { readonly claimId: bigint; readonly ids: ReadonlyArray<DeliveryId> }
    ) => Effect.Effect<void, LedgerUnavailable | EpochLost>

    /**
     * What of this may be sent now; with `mark` the started mark is written on it in the same call. However many ask at
     * once for the same deliveries, with `mark` each goes to one of them. A pause, a recall or a take-over is seen, or
     * comes after. An answer that was lost is not told again: what it marked is begun, by nobody.
     */
    readonly begin: (options: Begin) => Effect.Effect<Begun, LedgerUnavailable | EpochLost>

    /**
     * Of these claims, those of which everything may be sent now, in any order: they stand with all that they were made of,
     * none of it marked, and nothing was recalled or cleared in the workspace since. Of the others `begin` tells what may be sent.
     * For work that may be sent twice, and is begun for the first time: nothing is written, and what of it has ended is
     * not told apart. A pause, a recall or a take-over is seen, or comes after.
     */
    readonly beginClaims: (options: BeginClaims) => Effect.Effect<ReadonlyArray<bigint>, LedgerUnavailable | EpochLost>

    /**
     * Which of these are still held as named, neither ended, put off nor given back, in the order given; and whether
     * each carries a started mark. One without may be begun as soon as this is answered.
     */
    readonly standing: (
      options: Owned & { readonly held: ReadonlyArray<HeldDelivery> }
    ) => Effect.Effect<ReadonlyArray<Standing>, LedgerUnavailable | EpochLost>

    /**
     * A sender died with these in hand: they leave their claims, claimable again, uncharged, `rescues` one higher. What
     * is not held as named any more, or carries a started mark, is left as it is.
     */
    readonly rescue: (
      options: Owned & { readonly held: ReadonlyArray<HeldDelivery> }
    ) => Effect.Effect<void, LedgerUnavailable | EpochLost>

    /** Write how deliveries ended, with all their consequences, in one transaction. */
    readonly settle: (options: Settle) => Effect.Effect<Settled, LedgerUnavailable | EpochLost>

    /**
     * Settle open deliveries of a campaign as cancelled, at most `limit` a call, except those in a
     * standing claim (their sender settles them). Answers how many; 0 means none is left but claimed ones.
     */
    readonly cancel: (
      options: Owned & { readonly campaignId: CampaignId; readonly limit: number; readonly reason: string }
    ) => Effect.Effect<number, LedgerUnavailable | EpochLost>

    /**
     * Take open deliveries back, as cancelled with the reason. Those that a claim holds, which what was put off is
     * not until it is claimed again, are left to its owner, who is told by `recalled`, and are settled at once only by force. Repeating it is harmless. Joins the
     * caller's transaction where the store has one; the workspace claims and settles nothing until that ends.
     */
    readonly recall: (options: Recall) => Effect.Effect<Recalled, LedgerUnavailable>

    /**
     * What the owner must stop of what it holds, by id. A delivery is named again until it is no longer open;
     * one that is not open, taken by force or ended by itself, is named once and then forgotten. What was put off
     * or given back since it was asked for, held by nobody and not claimed again, is settled as cancelled by this
     * call, and not named.
     */
    readonly recalled: (options: Owned) => Effect.Effect<ReadonlyArray<Stop>, LedgerUnavailable | EpochLost>

    /**
     * The earliest due time of unclaimed work in the source; null when there is none, or its lane is paused. May name a
     * claimed delivery's.
     */
    readonly nextDue: (options: {
      readonly workspaceId: WorkspaceId
      readonly source: Source
    }) => Effect.Effect<number | null, LedgerUnavailable>

    /**
     * Workspaces, not set aside, with open work due by `by`, with claims of an owner whose lease
     * ended, or with doubts to be told, by id; at most `limit`, after the given one. Fewer than `limit` are the last. Claimed work may count as open; that of a paused campaign or lane does not. With `lanes` given, open
     * work of others does not count. With `pipelines` given, a source counts if one of the first `strangersPassed` of it is due and of one of these, or nobody has come
     * to its first for `strangeWait` milliseconds; and doubts alike. So work goes to those who can do it, and is left to nobody for good.
     */
    readonly dueWorkspaces: (options: {
      readonly by: number
      readonly now: number
      readonly limit: number
      readonly pipelines?: ReadonlyArray<string> | undefined
      readonly lanes?: ReadonlyArray<Lane> | undefined
      readonly after?: WorkspaceId | undefined
    }) => Effect.Effect<ReadonlyArray<DueWorkspace>, LedgerUnavailable>

    /** Who owns the workspace, and what stands in claims of it. Of one that does not exist: nobody, nothing. */
    readonly holding: (workspaceId: WorkspaceId) => Effect.Effect<Holding, LedgerUnavailable>

    /**
     * How many attempts of the workspace ended since the instant, inclusive: what a rate limiter must
     * still count after a restart.
     */
    readonly attemptsSince: (options: {
      readonly workspaceId: WorkspaceId
      readonly since: number
    }) => Effect.Effect<number, LedgerUnavailable>

    /** Final records of a campaign in the given states, by id, after the given one; at most `limit`. */
    readonly done: (options: {
      readonly campaignId: CampaignId
      readonly states: ReadonlyArray<FinalState>
      readonly after: DeliveryId | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<DoneDelivery>, LedgerUnavailable>
  }
>()("fibercast/ports/Ledger") {}
