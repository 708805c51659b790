/**
 * The BatchStore keeps batches: which jobs they have, how these stand, and what follows.
 *
 * Callers may rely on this:
 * - A batch is recorded with the jobs of its first stage in one transaction, which joins the caller's.
 * - Its counts change in the same transaction as its deliveries: the law of `Counts` holds for it at any instant.
 * - Each of its consequences happens once, whoever calls `advance` and however often, whatever crashes: a stage is
 *   dispatched, and what follows is, in the transaction that says so.
 * - A job of a batch belongs to no campaign. It may be dispatched by `Ledger.insert` as well; then it counts for the batch
 *   that it names, whether or not that is over.
 * - `now` and every instant are milliseconds since the epoch, taken from `Clock` by the caller.
 */
import { type BatchId, type BatchStatus } from "@fibercast/domain/Batch"
import { type Counts } from "@fibercast/domain/Counts"
import { type Job } from "@fibercast/domain/Job"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context, type Effect, Schema } from "effect"
import { type DueWorkspace, type LedgerUnavailable } from "./Ledger.ts"

/** No such batch in this workspace. */
export class BatchNotFound extends Schema.TaggedError<BatchNotFound>()("BatchNotFound", { batchId: Schema.Int }) {
  override get message(): string {
    return `there is no batch ${this.batchId} in this workspace`
  }
}

/** The batch is over: nothing can be added to it. */
export class BatchOver extends Schema.TaggedError<BatchOver>()("BatchOver", {
  batchId: Schema.Int,
  status: Schema.String
}) {
  override get message(): string {
    return `batch ${this.batchId} is ${this.status}: nothing can be added to it`
  }
}

/** What is dispatched when a batch, or a campaign, comes to something, once each. These jobs are not counted for it. */
export interface Consequences {
  /** When it has completed. */
  readonly then: Job | null
  /** At the first failure, in the sense of `Batch.failures`: at once, also when the batch allows it. */
  readonly catch: Job | null
  /** When it is over, whatever it came to. */
  readonly finally: Job | null
}

export interface NewBatch extends Consequences {
  readonly workspaceId: WorkspaceId
  /** For people; need not be unique. 1 to 200 characters. */
  readonly name: string
  /**
   * How many failures are let pass; null: any number. One more, and it has failed: what of it is open and not held by a
   * claim is cancelled, what is held is asked back as by `Ledger.recall`, and no further stage begins.
   */
  readonly allowFailures: number | null
  /** Each begins when all jobs of the one before have ended. The first begins at once. */
  readonly stages: ReadonlyArray<ReadonlyArray<Job>>
  readonly now: number
}

export interface Batch {
  readonly id: BatchId
  readonly workspaceId: WorkspaceId
  readonly name: string
  readonly status: BatchStatus
  readonly allowFailures: number | null
  /** The stage that runs, or ran last, from 1; of how many. 0 of 0: it has none. */
  readonly stage: number
  readonly stages: number
  /** Of the stages that have begun. */
  readonly counts: Counts
  /** Jobs of stages that have not begun. */
  readonly waiting: number
  /** Why it failed or was cancelled. */
  readonly note: string | null
  readonly createdAt: number
  /** When it was over: what it came to is certain, and nothing of it is open. */
  readonly endedAt: number | null
}

/** What a call of `advance` did. */
export interface Advanced {
  readonly batchId: BatchId
  /** As it is now. */
  readonly status: BatchStatus
  /** Jobs that were dispatched: of the next stage, and consequences. */
  readonly dispatched: number
  /** What was held is to be stopped by its owner: see `Ledger.recalled`. */
  readonly asked: number
}

export class BatchStore extends Context.Service<
  BatchStore,
  {
    /** A batch without a job is over at the next `advance`. */
    readonly create: (batch: NewBatch) => Effect.Effect<BatchId, LedgerUnavailable>

    readonly get: (
      workspaceId: WorkspaceId,
      batchId: BatchId
    ) => Effect.Effect<Batch, LedgerUnavailable | BatchNotFound>

    /** The newest first, before the given one; at most `limit`. */
    readonly list: (options: {
      readonly workspaceId: WorkspaceId
      readonly before: BatchId | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Batch>, LedgerUnavailable>

    /**
     * More jobs for the stage that runs; not once it failed or was cancelled, nor when it is over. Joins the caller's
     * transaction; until that ends nothing that is counted for the batch can be settled, so it should end soon.
     */
    readonly add: (options: {
      readonly workspaceId: WorkspaceId
      readonly batchId: BatchId
      readonly jobs: ReadonlyArray<Job>
      readonly now: number
    }) => Effect.Effect<void, LedgerUnavailable | BatchNotFound | BatchOver>

    /**
     * No further stage begins. What of it is open and not held by a claim is cancelled; what is held is asked back from
     * its owner, as by `Ledger.recall`. One that failed or is over stays as it is. Joins the caller's transaction; the
     * workspace claims and settles nothing until that ends. It is over at an `advance` after the last of it has ended.
     */
    readonly cancel: (options: {
      readonly workspaceId: WorkspaceId
      readonly batchId: BatchId
      readonly reason: string
      readonly now: number
    }) => Effect.Effect<Batch, LedgerUnavailable | BatchNotFound>

    /**
     * Does what is to follow from how the workspace's batches stand: begins stages, dispatches consequences, cancels
     * what failed too often, says that one is over; of at most `limit` batches a call, which are answered. A batch is
     * left out that another call, or an open transaction, has in hand. With nothing to do it is one cheap question.
     */
    readonly advance: (options: {
      readonly workspaceId: WorkspaceId
      readonly now: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Advanced>, LedgerUnavailable>

    /** Workspaces, not set aside, with a batch for which `advance` has something to do. */
    readonly dueWorkspaces: Effect.Effect<ReadonlyArray<DueWorkspace>, LedgerUnavailable>
  }
>()("fibercast/ports/BatchStore") {}
