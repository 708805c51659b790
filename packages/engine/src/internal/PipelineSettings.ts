/**
 * What a pipeline is told about itself, checked, with the defaults for what it is not told.
 */
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type Lane } from "@fibercast/domain/Lane"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { Duration } from "effect"
import * as Retention from "./Retention.ts"

const validName = /^[a-z0-9._-]{1,100}$/

/** Throws a `RangeError` that says what is wrong. */
export const of = (
  name: string,
  told: {
    readonly lane?: Lane | undefined
    readonly retry?: RetryPolicy.RetryPolicy | undefined
    readonly timeout?: Duration.Input | null | undefined
    readonly guarantee?: Guarantee | undefined
    readonly concurrency?: { readonly limit: number } | undefined
    readonly backlog?: number | undefined
    readonly retention?: "none" | "for ever" | Duration.Input | undefined
  }
) => {
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
