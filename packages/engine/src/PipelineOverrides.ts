/**
 * What whoever runs pipelines wants otherwise than their code says: how long a try may take, how often and how far apart
 * it is tried. What is not given stays as each pipeline has it.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type Array, type Duration } from "effect"
import { type Runnable } from "./Runnable.ts"

export interface Overrides {
  /** Milliseconds. */
  readonly timeout?: number | undefined
  /** The first included; at least 1. */
  readonly tries?: number | undefined
  /** The waits in turn; the last repeats. */
  readonly backoff?: Array.NonEmptyReadonlyArray<Duration.Input> | undefined
}

const retried = (policy: RetryPolicy.RetryPolicy, { backoff, tries }: Overrides): RetryPolicy.RetryPolicy => ({
  ...policy,
  tries: tries ?? policy.tries,
  wait: backoff === undefined ? policy.wait : RetryPolicy.backoff(backoff, { tries: 1 }).wait
})

export const apply = <R>(pipeline: Runnable<R>, overrides: Overrides): Runnable<R> => {
  const { failed, handler, messengers, name, options } = pipeline
  const { timeout = options.timeout } = overrides
  return {
    name,
    handler,
    failed,
    messengers,
    options: { ...options, timeout, retry: retried(options.retry, overrides) }
  }
}
