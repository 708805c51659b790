/**
 * A job is background work that is described, and not dispatched yet: when it will be, nobody need know.
 *
 * So what it waits for, and how long it stays worth doing, are counted from that instant.
 */
import { Schema } from "effect"
import { type BatchId } from "./Batch.ts"
import { type NewDelivery } from "./Delivery.ts"
import { Lane } from "./Lane.ts"

const Millis = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

export const Job = Schema.Struct({
  pipeline: Schema.String,
  lane: Lane,
  /** Milliseconds after it is dispatched. */
  delay: Millis,
  /** In any case not before this instant and the delay after it, in milliseconds since the epoch; null: at once. */
  notBefore: Schema.NullOr(Schema.Finite),
  /** Not tried later than this many milliseconds after it is first due; null: no such bound. */
  expiresAfter: Schema.NullOr(Millis),
  /** Nor after this instant, in milliseconds since the epoch; null: no such bound. */
  deadline: Schema.NullOr(Schema.Finite),
  /** JSON text, as the pipeline's payload schema encodes it. */
  payload: Schema.String,
  /** See `NewDelivery`. */
  tags: Schema.Array(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(100))).check(Schema.isMaxLength(10)),
  temporary: Schema.Boolean
})
export type Job = typeof Job.Type

/** The delivery that it becomes when it is dispatched now; of this batch, or of none. */
export const dispatched = (job: Job, now: number, batchId?: BatchId): NewDelivery => {
  const dueAt = Math.ceil(Math.max(now, job.notBefore ?? now) + job.delay)
  const deadline = Math.min(job.deadline ?? Infinity, dueAt + (job.expiresAfter ?? Infinity))
  return {
    pipeline: job.pipeline,
    lane: job.lane,
    campaignId: null,
    dueAt,
    deadline: deadline === Infinity ? null : deadline,
    payload: job.payload,
    tags: job.tags,
    temporary: job.temporary,
    batchId
  }
}
