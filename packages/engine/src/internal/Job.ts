/**
 * Describes a job of a pipeline, with that pipeline's lane and what its retry policy allows, for later dispatch.
 */
import { Job } from "@fibercast/domain/Job"
import { type Lane } from "@fibercast/domain/Lane"
import { type RetryPolicy } from "@fibercast/domain/RetryPolicy"
import { type DateTime, Duration, type Effect, Schema } from "effect"

/** When and how it is dispatched, once its turn comes. */
export interface JobOptions {
  /** Not before this instant; at once unless told. */
  readonly at?: DateTime.DateTime | undefined
  /** That much after it could begin otherwise. */
  readonly delay?: Duration.Input | undefined
  /** Instead of the pipeline's. */
  readonly lane?: Lane | undefined
  /** Not tried after this instant, but `expired`. */
  readonly deadline?: DateTime.DateTime | undefined
  /** What operators find it by: at most 10 of 1 to 100 characters. */
  readonly tags?: ReadonlyArray<string> | undefined
  /** Gone when it is done: if it completes, no record stays of it. It is counted for its batch all the same. */
  readonly temporary?: boolean | undefined
}

const checked = Schema.decodeUnknownEffect(Job)

export const describe = (
  pipeline: { readonly name: string; readonly options: { readonly lane: Lane; readonly retry: RetryPolicy } },
  payload: string,
  options: JobOptions
): Effect.Effect<Job, Schema.SchemaError> =>
  checked({
    pipeline: pipeline.name,
    lane: options.lane ?? pipeline.options.lane,
    delay: Duration.toMillis(options.delay ?? 0),
    notBefore: options.at?.epochMilliseconds ?? null,
    expiresAfter: pipeline.options.retry.until === Infinity ? null : pipeline.options.retry.until,
    deadline: options.deadline?.epochMilliseconds ?? null,
    payload,
    tags: options.tags ?? [],
    temporary: options.temporary ?? false
  } satisfies Job)
