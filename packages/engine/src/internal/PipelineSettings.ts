/**
 * What a pipeline is told about itself, checked, with the defaults for what it is not told.
 */
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type Lane } from "@fibercast/domain/Lane"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { Duration, type Schema } from "effect"
import * as Retention from "./Retention.ts"
import { type UniqueOptions } from "./Uniqueness.ts"

const validName = /^[a-z0-9._-]{1,100}$/

export interface Settings<P> {
  readonly payload: Schema.Codec<P, unknown>
  /** Default `normal`. */
  readonly lane?: Lane | undefined
  /** Default: 5 tries, a second apart at first, then twice as long each time. */
  readonly retry?: RetryPolicy.RetryPolicy | undefined
  /** How long one try may take; null: as long as it likes. Default 30 seconds. */
  readonly timeout?: Duration.Input | null | undefined
  /** Default `at-least-once`. */
  readonly guarantee?: Guarantee | undefined
  /**
   * At most `limit` deliveries of one key under way at once in a workspace, over all nodes, from before the first stage to
   * the end of the try. What finds its key busy waits a second at most, within its time; then it is put off, uncharged,
   * and the older one goes first. Up to `keys` keys are told apart at a time, default 10,000; the rest is put off. What
   * has no key, null, is under no such limit.
   */
  readonly concurrency?:
    | { readonly key: (payload: P) => string | null; readonly limit: number; readonly keys?: number | undefined }
    | undefined
  /** How payloads are unique unless a dispatch says otherwise; a function alone makes the key. */
  readonly unique?: ((payload: P) => string) | UniqueOptions<P> | undefined
  /** How many that were dispatched may be open in a workspace; more are refused. Default: any number. */
  readonly backlog?: number | undefined
  /** How long the record of what ended is kept; `none`: of what completes there is none. Default: as long as others. */
  readonly retention?: "none" | "for ever" | Duration.Input | undefined
  /** What operators find them by: at most 10 of 1 to 100 characters. */
  readonly tags?: ((payload: P) => ReadonlyArray<string>) | undefined
}

/** Throws a `RangeError` that says what is wrong. */
export const of = <P>(name: string, told: Settings<P>) => {
  if (!validName.test(name)) {
    throw new RangeError(
      `"${name}" cannot name a pipeline: use 1 to 100 lower-case letters, digits, dots, dashes and underscores`
    )
  }
  const { backlog = null, concurrency, guarantee = "at-least-once", lane = "normal" } = told
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency.limit) && concurrency.limit >= 1)) {
    throw new RangeError(
      `${concurrency.limit} deliveries of one key of ${name} cannot be under way at once: use a whole number from 1`
    )
  }
  if (backlog !== null && !(Number.isInteger(backlog) && backlog > 0)) {
    throw new RangeError(`pipeline ${name}: a backlog is 1 or more, not ${backlog}`)
  }
  return {
    lane,
    retry: told.retry ?? RetryPolicy.exponential("1 second", { tries: 5 }),
    timeout: told.timeout === null ? null : Duration.toMillis(told.timeout ?? "30 seconds"),
    guarantee,
    atOnce: concurrency?.limit ?? null,
    backlog,
    retention: told.retention === undefined ? null : Retention.make(name, told.retention)
  }
}
