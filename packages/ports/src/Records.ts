/**
 * Records are what is known of deliveries, open and ended: for operators who ask why, count, and put things right.
 *
 * Callers may rely on this:
 * - Nothing here is asked by the engine's hot path, and no answer holds it up: reads take no locks.
 * - What ended is found while its record is kept: see `prune`. Of what completed and was temporary there is none.
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
  readonly deadline: number | null
  /** Attempts that ended. */
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
  /** JSON text; null: it completed, or was forgotten. */
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
  /** When the one that has been due longest was due, and no claim holds it; null: none waits. */
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
  /** What of it is still known: dispatched in the span, open or ended with a record. */
  readonly dispatched: number
  readonly ended: Readonly<Record<FinalState, number>>
}

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
     * Opens what ended again, due now, under its id and with its tries given back; at most `limit`, the oldest first.
     * Its campaign or batch counts it as open again, and goes on if it was over. Only what has its payload still, and did
     * not complete. Answers whose it was. An attempt that was recorded stays recorded.
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
     * Forgets the payload and the reason of what ended, and that it is there to be retried; at most `limit`. Its state and
     * counts stay. Answers how many.
     */
    readonly forget: (options: {
      readonly filter: EndedFilter
      readonly ids: ReadonlyArray<DeliveryId> | null
      readonly limit: number
    }) => Effect.Effect<number, LedgerUnavailable>

    /**
     * Settles open work as cancelled, at most `limit` a call, but what a claim holds. Answers how many; 0: none is left
     * but claimed ones.
     */
    readonly clear: (options: {
      readonly filter: WorkFilter
      readonly limit: number
      readonly reason: string
      readonly now: number
    }) => Effect.Effect<number, LedgerUnavailable>

    /** How long final records of these pipelines are kept, in milliseconds; null: as long as others, Infinity: for ever. */
    readonly retain: (
      pipelines: ReadonlyArray<{ readonly pipeline: string; readonly retention: number | null }>
    ) => Effect.Effect<void, LedgerUnavailable>

    /**
     * Drops final records, attempts and tallies that are older than they are to be kept, and keys that are taken no
     * more: in steps of at most `limit` rows, or a day's table at once where all of it is old. `otherwise`: how long
     * what no `retain` named is kept, in milliseconds. One caller at a time works; another is answered null.
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
  /** Rows that were deleted one by one. */
  readonly records: number
  readonly keys: number
  /** There is more: to be called again. */
  readonly isMore: boolean
}
