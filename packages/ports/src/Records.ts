/**
 * Records are what is known of deliveries, open and ended: for operators who ask why, count, and put things right.
 *
 * Callers may rely on this:
 * - Nothing here is asked by the engine's hot path, and no answer holds it up: reads take no locks.
 * - What ended is found while its record is kept: see `prune`. Of what completed and was temporary there is none.
 * - What was forgotten is found by `find` alone: `ended` does not list it, `countEnded` does not count it, and `retry`
 *   leaves it as it is. It keeps its state, but neither payload nor reason.
 * - A filter without a workspace is of all of them. Who asks for a tenant must name it.
 * - Answers are a snapshot of one statement each: two of them may differ by what happened in between.
 * - `now` and every instant are milliseconds since the epoch, taken from `Clock` by the caller.
 */
import { type BatchId } from "@fibercast/domain/Batch"
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type FinalState, type State } from "@fibercast/domain/DeliveryState"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context, type Effect } from "effect"
import { type LedgerUnavailable } from "./Ledger.ts"

/** Whose work, and which of it. What is left out does not matter. */
export interface WorkFilter {
  /** Null: of every workspace. */
  readonly workspaceId: WorkspaceId | null
  readonly pipeline?: string | undefined
  readonly lane?: Lane | undefined
  /** Null: background jobs only. */
  readonly campaignId?: CampaignId | null | undefined
  readonly batchId?: BatchId | undefined
  readonly tag?: string | undefined
}

/** Of what ended. */
export interface EndedFilter extends WorkFilter {
  readonly states: ReadonlyArray<FinalState>
  readonly errorClass?: ErrorClass | undefined
  /** Part of the reason, whatever the case of its letters. */
  readonly reason?: string | undefined
  /** Ended at this instant or later. */
  readonly from?: number | undefined
  /** Ended before this instant. */
  readonly until?: number | undefined
}

export interface DeliveryRecord {
  readonly id: DeliveryId
  readonly workspaceId: WorkspaceId
  readonly campaignId: CampaignId | null
  readonly batchId: BatchId | null
  readonly pipeline: string
  /** Null: of an ended one that was recorded before lanes were. */
  readonly lane: Lane | null
  readonly tags: ReadonlyArray<string>
  readonly state: State
  /** Null: it was recorded before this was. */
  readonly dispatchedAt: number | null
  /** When it was due last. */
  readonly dueAt: number
  /** Of what is open; null: none, or it ended. */
  readonly deadline: number | null
  /** Attempts that ended since it was dispatched, or opened again. */
  readonly attempt: number
  /** How often a node died while it held it; of what is open. */
  readonly rescues: number
  /** Of what is claimed. */
  readonly claim: { readonly claimedAt: number; readonly isStarted: boolean; readonly owner: string | null } | null
  /** It was asked back from its owner, and why. */
  readonly recalled: string | null
  readonly settledAt: number | null
  readonly providerId: string | null
  readonly errorClass: ErrorClass | null
  readonly reason: string | null
  /** JSON text; null: it completed, or was forgotten. Of a row that a campaign never made a delivery of: that row. */
  readonly payload: string | null
}

/** A try that did not complete. */
export interface AttemptRecord {
  readonly attempt: number
  readonly at: number
  readonly outcome: "retry" | "failed" | "unknown"
  readonly errorClass: ErrorClass | null
  readonly reason: string | null
}

/** Open work of one pipeline in one lane of one workspace. */
export interface Depth {
  readonly workspaceId: WorkspaceId
  readonly lane: Lane
  readonly pipeline: string
  readonly open: number
  /** Due by now, claimed ones included. */
  readonly due: number
  readonly claimed: number
  /** When the one that has been due longest was due, of those that no claim and no pause holds; null: none waits. */
  readonly oldestDue: number | null
  /** The next that is not due yet; null: none. */
  readonly nextDue: number | null
  /** Among them, of a campaign that is paused: due, and not to be sent. */
  readonly paused: number
}

/** What came and ended in a span of time. */
export interface Passage {
  readonly workspaceId: WorkspaceId
  readonly lane: Lane | null
  readonly pipeline: string
  /** What of it is still known: dispatched in the span, open or ended with a record. Nothing is dispatched by a retry. */
  readonly dispatched: number
  readonly ended: Readonly<Record<FinalState, number>>
}

/** Nobody waits to be told of more. */
export const countedBefore = 10_000

export class Records extends Context.Service<
  Records,
  {
    /** By workspace, lane and pipeline. Costs a read of all open work that is asked for. */
    readonly depths: (options: {
      readonly workspaceId: WorkspaceId | null
      readonly now: number
    }) => Effect.Effect<ReadonlyArray<Depth>, LedgerUnavailable>

    /** In [from, until), by workspace, lane and pipeline. */
    readonly passages: (options: {
      readonly workspaceId: WorkspaceId | null
      readonly from: number
      readonly until: number
    }) => Effect.Effect<ReadonlyArray<Passage>, LedgerUnavailable>

    /** One delivery, and its tries that did not complete, oldest first; null: nothing is known of it. */
    readonly find: (options: {
      readonly workspaceId: WorkspaceId | null
      readonly id: DeliveryId
    }) => Effect.Effect<
      { readonly record: DeliveryRecord; readonly attempts: ReadonlyArray<AttemptRecord> } | null,
      LedgerUnavailable
    >

    /**
     * How many of its lane and campaign are due and unclaimed and come before this open delivery; at most
     * `countedBefore`. 0: it is not open.
     */
    readonly before: (options: {
      readonly id: DeliveryId
      readonly now: number
    }) => Effect.Effect<number, LedgerUnavailable>

    /** What ended, by id, after the given one; at most `limit`. */
    readonly ended: (options: {
      readonly filter: EndedFilter
      readonly after: DeliveryId | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<DeliveryRecord>, LedgerUnavailable>

    /** How many `ended` would answer in all. */
    readonly countEnded: (filter: EndedFilter) => Effect.Effect<number, LedgerUnavailable>

    /** What is open, the longest due first, then by id; at most `limit`. */
    readonly open: (options: {
      readonly filter: WorkFilter
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<DeliveryRecord>, LedgerUnavailable>

    readonly countOpen: (filter: WorkFilter) => Effect.Effect<number, LedgerUnavailable>

    /**
     * Opens what ended again, due now, under its id and with its tries given back; at most `limit`, by id. Its campaign
     * or batch counts it as open again, and goes on if it had completed; a paused one keeps it until it is resumed.
     * Answers what was opened, and whose it is. However many ask at once, each is opened by one of them.
     *
     * Left as it is: what completed or was forgotten, what is of a cancelled campaign, and what a campaign skipped.
     *
     * It has no deadline any more, leaves a record whether or not it was temporary, is in no backlog that is capped, and
     * a unique key that another holds by now stays with that. Attempts that were recorded stay recorded.
     */
    readonly retry: (options: {
      readonly filter: EndedFilter
      /** Of these alone; null: whatever the filter has. */
      readonly ids: ReadonlyArray<DeliveryId> | null
      readonly limit: number
      readonly now: number
    }) => Effect.Effect<
      ReadonlyArray<{ readonly id: DeliveryId; readonly workspaceId: WorkspaceId }>,
      LedgerUnavailable
    >

    /**
     * Forgets the payload and the reasons of what ended and did not complete, for good; at most `limit`. Its state and
     * counts stay. Answers how many.
     */
    readonly forget: (options: {
      readonly filter: EndedFilter
      readonly ids: ReadonlyArray<DeliveryId> | null
      readonly limit: number
    }) => Effect.Effect<number, LedgerUnavailable>

    /**
     * Settles open work as cancelled, at most `limit` a call, but what a claim holds. Answers how many; 0: none is left
     * but claimed ones. In a transaction for each workspace, which claims and settles nothing meanwhile.
     */
    readonly clear: (options: {
      readonly filter: WorkFilter
      readonly limit: number
      readonly reason: string
      readonly now: number
    }) => Effect.Effect<number, LedgerUnavailable>

    /** The names of the pipelines there are, in their order; at most 10,000. */
    readonly pipelines: Effect.Effect<ReadonlyArray<string>, LedgerUnavailable>

    /** How long final records of these pipelines are kept, in milliseconds; null: as long as others, Infinity: for ever. */
    readonly retain: (
      pipelines: ReadonlyArray<{ readonly pipeline: string; readonly retention: number | null }>
    ) => Effect.Effect<void, LedgerUnavailable>

    /**
     * Drops final records, attempts and tallies that are older than they are to be kept, keys that are taken no
     * more, and batches that were over longer ago than what no `retain` named is kept, if none of their jobs is open: at most `limit` rows of each kind a call, or a day's table at once where all of it is old. `otherwise`: how
     * long what no `retain` named is kept, in milliseconds; Infinity: for ever. One caller at a time works; another is
     * answered null. Nobody who claims, settles or reads waits longer than a moment for it.
     */
    readonly prune: (options: {
      readonly now: number
      readonly otherwise: number
      readonly limit: number
    }) => Effect.Effect<Pruned | null, LedgerUnavailable>
  }
>()("fibercast/ports/Records") {}

export interface Pruned {
  /** Tables of days that were dropped whole. */
  readonly days: number
  /** Final records, attempts and tallies that were deleted one by one. */
  readonly records: number
  /** Keys that were taken no more. */
  readonly keys: number
  /** Batches that were over. */
  readonly batches: number
  /** There is more, or something was in the way: to be called again. */
  readonly isMore: boolean
}
