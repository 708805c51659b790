/**
 * A limiter lets starts through at a rate that holds in every sliding window (`RateWindow`).
 *
 * - A start is charged at the instant it goes ahead, never before; who is interrupted while waiting was not charged.
 * - Several limiters are taken from together or not at all, so waiting for one wastes nothing of another.
 * - Elapsed time is monotonic: a stepped wall clock neither opens nor closes a limiter.
 *
 * Waiters are not served in order; each costs one timer. Memory is the RateWindow's.
 */
import { type Limits, type Rate } from "@fibercast/domain/Limits"
import * as RateWindow from "@fibercast/domain/RateWindow"
import { Clock, Effect } from "effect"

export interface Limiter {
  /** Waits until a start fits, and charges it. */
  readonly take: Effect.Effect<void>
  /** Milliseconds until a start fits; 0 when one fits now. `now` is the wall clock's, in epoch milliseconds. */
  readonly delay: (now: number) => number
  /** Another rate, or none. What was charged still counts. */
  readonly setRate: (rate: Rate | null) => Effect.Effect<void>
  /** Nothing starts before this instant, in epoch milliseconds. An earlier one than was set changes nothing. */
  readonly pauseUntil: (instant: number) => Effect.Effect<void>
  /** Starts per millisecond, for sizing claims; `null` when unlimited. */
  readonly hint: number | null
  /** Of the rate, in milliseconds; `null` when unlimited. */
  readonly period: number | null
  /** Charges a start. Only after `delay` returned 0, and before another caller can take. `now` as for `delay`. */
  readonly grant: (now: number) => void
}

/** `primed` starts count as made now: what a restart must still respect. */
export const make = (limits: Limits, options: { readonly primed?: number } = {}): Effect.Effect<Limiter> =>
  Clock.clockWith((clock) => Effect.sync(() => new WindowedLimiter(clock, limits.rate ?? null, options.primed ?? 0)))

class WindowedLimiter implements Limiter {
  private readonly clock: Clock.Clock
  private window: RateWindow.RateWindow | null = null
  private pausedUntil = -Infinity

  constructor(clock: Clock.Clock, rate: Rate | null, primed: number) {
    this.clock = clock
    if (rate !== null) this.window = RateWindow.make(rate, { now: this.elapsed(), primed })
  }

  readonly take: Effect.Effect<void> = Effect.suspend(() => takeAll([this]))

  delay(now: number): number {
    const pause = Math.max(0, this.pausedUntil - now)
    if (this.window === null) return pause
    const instant = this.elapsed()
    return Math.max(pause, RateWindow.readyAt(this.window, instant) - instant)
  }

  grant(): void {
    if (this.window !== null) RateWindow.charge(this.window, this.elapsed())
  }

  setRate(rate: Rate | null): Effect.Effect<void> {
    return Effect.sync(() => {
      const instant = this.elapsed()
      const current = this.window?.rate
      if (rate !== null && current?.permits === rate.permits && current.per === rate.per) return
      if (rate === null) this.window = null
      else if (this.window === null) this.window = RateWindow.make(rate, { now: instant })
      else this.window = RateWindow.withRate(this.window, rate, instant)
    })
  }

  pauseUntil(instant: number): Effect.Effect<void> {
    return Effect.sync(() => {
      this.pausedUntil = Math.max(this.pausedUntil, instant)
    })
  }

  get hint(): number | null {
    return this.window === null ? null : this.window.rate.permits / this.window.rate.per
  }

  get period(): number | null {
    return this.window === null ? null : this.window.rate.per
  }

  private elapsed(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe()) / 1e6
  }
}

/** The longest of the limiters' delays, in milliseconds. */
export const delayAll = (limiters: ReadonlyArray<Limiter>, now: number): number => {
  let longest = 0
  for (const limiter of limiters) longest = Math.max(longest, limiter.delay(now))
  return longest
}

/** Starts per millisecond that all let through together; `null` when none of them limits. */
export const hintAll = (limiters: ReadonlyArray<Limiter>): number | null =>
  limiters.reduce<number | null>((least, { hint }) => (hint === null ? least : Math.min(least ?? Infinity, hint)), null)

/** Waits until all let a start through, then charges all of them at the same instant. */
export const takeAll = (limiters: ReadonlyArray<Limiter>): Effect.Effect<void> =>
  Clock.clockWith((clock) => {
    const attempt: Effect.Effect<void> = Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe()
      const wait = delayAll(limiters, now)
      if (wait > 0) return Effect.andThen(Effect.sleep(Math.max(1, Math.ceil(wait))), attempt)
      for (const limiter of limiters) limiter.grant(now)
      return Effect.void
    })
    return attempt
  })
