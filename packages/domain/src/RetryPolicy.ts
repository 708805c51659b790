/**
 * A retry policy says how often a delivery is tried and how long to wait in between.
 */
import { Duration } from "effect"

export interface RetryPolicy {
  /** How many tries in all, the first one included; at least 1. */
  readonly tries: number
  /** Milliseconds to wait before try `ended + 1`, when `ended` tries have failed; `chance` in [0, 1) spreads it. */
  readonly wait: (ended: number, chance: number) => number
  /**
   * No try begins later than this many milliseconds after the delivery was first due; `Infinity` if
   * unbounded. It becomes the delivery's deadline when that is recorded.
   */
  readonly until: number
}

const make = (wait: RetryPolicy["wait"], options: { readonly tries: number; readonly until?: Duration.Input }) => {
  if (!(options.tries >= 1)) throw new RangeError(`tries must be at least 1, not ${options.tries}`)
  return {
    tries: options.tries,
    wait,
    until: options.until === undefined ? Infinity : Duration.toMillis(options.until)
  } satisfies RetryPolicy
}

/** Try once. */
export const never: RetryPolicy = make(() => 0, { tries: 1 })

/** The same wait before each retry. */
export const after = (
  delay: Duration.Input,
  options: { readonly tries: number; readonly until?: Duration.Input }
): RetryPolicy => {
  const millis = Duration.toMillis(delay)
  return make(() => millis, options)
}

/** The given waits in turn; the last one repeats. */
export const backoff = (
  delays: readonly [Duration.Input, ...ReadonlyArray<Duration.Input>],
  options: { readonly tries: number; readonly until?: Duration.Input }
): RetryPolicy => {
  const millis = delays.map((delay) => Duration.toMillis(delay))
  return make((ended) => millis[Math.min(Math.max(ended, 1), millis.length) - 1] ?? 0, options)
}

/** `base`, then twice as long each time, at most `cap`; spread over [50 %, 100 %] of that, so that a crowd disperses. */
export const exponential = (
  base: Duration.Input,
  options: { readonly tries: number; readonly cap?: Duration.Input; readonly until?: Duration.Input }
): RetryPolicy => {
  const first = Duration.toMillis(base)
  const cap = options.cap === undefined ? 3_600_000 : Duration.toMillis(options.cap)
  return make((ended, chance) => {
    const full = Math.min(cap, first * 2 ** Math.min(Math.max(ended, 1) - 1, 52))
    return Math.round(full / 2 + (full / 2) * chance)
  }, options)
}

/** Tries without a count, until `period` after the due time. */
export const until = (period: Duration.Input, delays: readonly [Duration.Input, ...ReadonlyArray<Duration.Input>]) =>
  backoff(delays, { tries: Infinity, until: period })

/** The next wait in milliseconds, or null when the tries are used up. */
export const next = (policy: RetryPolicy, at: { readonly ended: number; readonly chance: number }): number | null =>
  at.ended >= policy.tries ? null : policy.wait(at.ended, at.chance)

/** The deadline of a delivery first due at an instant: the earlier of the one asked for and the policy's; null: none. */
export const deadline = (policy: RetryPolicy, dueAt: number, asked: number | null): number | null => {
  const earliest = Math.min(asked ?? Infinity, dueAt + policy.until)
  return earliest === Infinity ? null : earliest
}
