/**
 * Batches and chains of background jobs: dispatch, add, watch, cancel; from any node, whoever works on them.
 *
 * - `dispatch` records a batch with its jobs, or nothing: all payloads are encoded before the first write. It joins the
 *   caller's transaction where the store has one, as `add` and `cancel` do.
 * - What follows is dispatched by the owner of the workspace, in the transaction that says so: each once, whatever crashes.
 *   A job of a batch may run twice, as its pipeline's guarantee says; the batch counts its one final state.
 * - What follows, or a later stage, may be of a pipeline that no engine at hand knows: it waits like any other work.
 * - A failure is a job that failed for good after its tries, is in doubt, or expired.
 */
import { type BatchId } from "@fibercast/domain/Batch"
import { type Job } from "@fibercast/domain/Job"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Batch, type BatchNotFound, type BatchOver, BatchStore } from "@fibercast/ports/BatchStore"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { Clock, type Duration, Effect, Schema } from "effect"
import * as Progress from "./Progress.ts"

/** A job as `Pipeline.job` describes it. */
export type Described = Effect.Effect<Job, Schema.SchemaError>

/** The batch cannot be as it is asked for; nothing was written. */
export class BatchRefused extends Schema.TaggedError<BatchRefused>()("BatchRefused", { message: Schema.String }) {}

export interface Asked {
  readonly workspaceId: WorkspaceId
  /** For people; need not be unique. 1 to 200 characters. */
  readonly name: string
  /** Dispatched when it has completed: everything ended, and no more failed than may. */
  readonly then?: Described | undefined
  /** Dispatched at the first failure: at once, and once, also if that failure is allowed. */
  readonly catch?: Described | undefined
  /** Dispatched when it is over, whatever it came to. */
  readonly finally?: Described | undefined
  /**
   * How many failures are let pass; true: any number. One more, and what of it has not begun is cancelled, what runs is
   * stopped, and it has failed. Default false: none.
   */
  readonly allowFailures?: boolean | number | undefined
}

export interface One {
  readonly workspaceId: WorkspaceId
  readonly batchId: BatchId
}

const allowed = (asked: Asked["allowFailures"] = false): number | null =>
  asked === true ? null : asked === false ? 0 : asked

const refusal = ({ allowFailures, name }: Asked): string | null => {
  if (name.length < 1 || name.length > 200) return `a batch has a name of 1 to 200 characters, not of ${name.length}`
  const most = allowed(allowFailures)
  if (most === null || (Number.isInteger(most) && most >= 0 && most < 2 ** 31)) return null
  return `a batch allows true, false, or a whole number of failures from 0 on, not ${most}`
}

const optional = (job: Described | undefined): Effect.Effect<Job | null, Schema.SchemaError> =>
  job ?? Effect.succeed(null)

const create = Effect.fnUntraced(function* (
  asked: Asked,
  stages: ReadonlyArray<ReadonlyArray<Described>>
): Effect.fn.Return<BatchId, BatchRefused | Schema.SchemaError | LedgerUnavailable, BatchStore | Signal> {
  const message = refusal(asked)
  if (message !== null) return yield* new BatchRefused({ message })
  const { workspaceId } = asked
  const batches = yield* BatchStore
  const signal = yield* Signal
  const id = yield* batches.create({
    workspaceId,
    name: asked.name,
    allowFailures: allowed(asked.allowFailures),
    then: yield* optional(asked.then),
    catch: yield* optional(asked.catch),
    finally: yield* optional(asked.finally),
    stages: yield* Effect.forEach(stages, (stage) => Effect.all(stage)),
    now: yield* Clock.currentTimeMillis
  })
  yield* signal.notify(workspaceId)
  return id
})

/** Jobs side by side. Without one it is over at once. */
export const dispatch = Effect.fn("Batches.dispatch")(
  ({ jobs, ...asked }: Asked & { readonly jobs: ReadonlyArray<Described> }) => create(asked, [jobs])
)

/** Jobs one after the other; a step of several begins them side by side, and ends when all of them have. */
export const chain = Effect.fn("Batches.chain")(
  ({ steps, ...asked }: Asked & { readonly steps: ReadonlyArray<Described | ReadonlyArray<Described>> }) =>
    create(
      asked,
      steps.map((step) => (Effect.isEffect(step) ? [step] : step))
    )
)

/**
 * More jobs for the stage that runs: from anywhere, as from one of its own jobs, whose batch is
 * `context.delivery.batchId`. Until the caller's transaction ends, no job of the batch can end: it should end soon.
 */
export const add = Effect.fn("Batches.add")(function* ({
  jobs,
  ...one
}: One & { readonly jobs: ReadonlyArray<Described> }): Effect.fn.Return<
  void,
  BatchNotFound | BatchOver | Schema.SchemaError | LedgerUnavailable,
  BatchStore | Signal
> {
  const batches = yield* BatchStore
  const signal = yield* Signal
  yield* batches.add({ ...one, jobs: yield* Effect.all(jobs), now: yield* Clock.currentTimeMillis })
  yield* signal.notify(one.workspaceId)
})

/**
 * What of it has not begun never does, and what runs is stopped, as by `Deliveries.recall`; it is over once that has ended.
 * One that failed or is over stays as it is. Answers how it stands. The workspace stands still until the caller's
 * transaction ends.
 */
export const cancel = Effect.fn("Batches.cancel")(function* ({
  reason = "the batch was cancelled",
  ...one
}: One & {
  /** For whoever asks later why it did not run. */
  readonly reason?: string | undefined
}): Effect.fn.Return<Batch, BatchNotFound | LedgerUnavailable, BatchStore | Signal> {
  const batches = yield* BatchStore
  const signal = yield* Signal
  const batch = yield* batches.cancel({ ...one, reason, now: yield* Clock.currentTimeMillis })
  yield* signal.notify(one.workspaceId)
  return batch
})

export const progress = Effect.fn("Batches.progress")(function* ({
  batchId,
  workspaceId
}: One): Effect.fn.Return<Progress.BatchProgress, BatchNotFound | LedgerUnavailable, BatchStore> {
  const batch = yield* (yield* BatchStore).get(workspaceId, batchId)
  return Progress.ofBatch(batch, yield* Clock.currentTimeMillis)
})

/** The newest first, before the given one; at most `limit`, 100 unless told. */
export const list = Effect.fn("Batches.list")(function* ({
  before = null,
  limit = 100,
  workspaceId
}: {
  readonly workspaceId: WorkspaceId
  readonly before?: BatchId | null | undefined
  readonly limit?: number | undefined
}): Effect.fn.Return<ReadonlyArray<Batch>, LedgerUnavailable, BatchStore> {
  return yield* (yield* BatchStore).list({ workspaceId, before, limit })
})

/** Returns when it is over, with what it came to: within `every`, a second unless told. For tests and tools. */
export const awaitEnd = Effect.fn("Batches.awaitEnd")(function* ({
  batchId,
  every = "1 second",
  workspaceId
}: One & { readonly every?: Duration.Input | undefined }): Effect.fn.Return<
  Batch,
  BatchNotFound | LedgerUnavailable,
  BatchStore
> {
  const batches = yield* BatchStore
  for (;;) {
    const batch = yield* batches.get(workspaceId, batchId)
    if (batch.endedAt !== null) return batch
    yield* Effect.sleep(every)
  }
})
