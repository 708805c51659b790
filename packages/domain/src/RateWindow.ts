/**
 * A rate window knows when the next start fits a rate. It is state, not a clock: callers bring the instants,
 * in milliseconds from any fixed origin; fractions count.
 *
 * - Never over: every sliding window of `per`, measured by the granted instants, holds at most `permits`,
 *   however late or bunched the calls come.
 * - Smooth: starts are spaced by `per / permits`. A caller that comes late catches up on at most a quarter of a window
 *   and a second's worth (at least two starts; a whole window when it is under 100 ms). Whoever comes after a longer
 *   silence has nothing to catch up: at most `burst` starts go at once.
 * - At least 98 % of the rate while callers keep asking and come late by at most 2 % of `per` and half a second.
 *   A strict window cannot give back what greater lateness took.
 *
 * Memory: at most 1000 instants. Above 1000 permits, starts are counted in groups of `ceil(permits / 1000)`, each
 * dated by its last: strictness is kept, at most 0.4 % of the rate is given up.
 */
import { type Rate } from "./Limits.ts"

const maxGroups = 1000

/** Mutable, for speed: `grant` and `readyAt` change it in place. Owned by one limiter. */
export interface RateWindow {
  readonly rate: Rate
  readonly burst: number
  /** Starts per group. */
  readonly size: number
  /** The last instant of each group, oldest at `next`. */
  readonly last: Float64Array
  next: number
  /** Starts in the newest group. */
  filled: number
  /** The next start's place on the even grid is `anchor + step * per / permits`. */
  anchor: number
  step: number
  /** Someone was told to wait, so a late call is late, not idle. */
  awaited: boolean
}

export interface Options {
  readonly now: number
  /** That many starts count as made at `now`: what a restart must still respect. */
  readonly primed?: number
  /** How many may start at once after a silence; 1 unless told. */
  readonly burst?: number
}

export const make = (rate: Rate, options: Options): RateWindow => {
  const size = Math.ceil(rate.permits / maxGroups)
  const window: RateWindow = {
    rate,
    burst: Math.min(Math.max(1, options.burst ?? 1), rate.permits),
    size,
    last: new Float64Array(Math.floor(rate.permits / size)).fill(-Infinity),
    next: 0,
    filled: size,
    anchor: options.now,
    step: 0,
    awaited: false
  }
  rebase(window, options.now, window.burst - 1)
  record(window, options.now, options.primed ?? 0)
  if ((options.primed ?? 0) > 0) rebase(window, options.now + spacing(rate), 0)
  return window
}

const spacing = (rate: Rate): number => rate.per / rate.permits

/** How far behind the grid the starts may be and still catch up, in milliseconds. */
const patience = (rate: Rate): number =>
  Math.max(2 * spacing(rate), Math.min(rate.per / 4, 1000), Math.min(rate.per, 100))

const rebase = (window: RateWindow, at: number, credit: number): void => {
  window.anchor = at - credit * spacing(window.rate)
  window.step = 0
}

const slot = (window: RateWindow): number => window.anchor + (window.step * window.rate.per) / window.rate.permits

/** Counts `starts` made at `now`; beyond a full window more add nothing. */
const record = (window: RateWindow, now: number, starts: number): void => {
  let left = Math.min(starts, window.rate.permits)
  while (left > 0) {
    if (window.filled === window.size) {
      window.next = (window.next + 1) % window.last.length
      window.filled = 0
    }
    const taken = Math.min(left, window.size - window.filled)
    window.filled += taken
    left -= taken
    window.last[newest(window)] = now
  }
}

const newest = (window: RateWindow): number => (window.next + window.last.length - 1) % window.last.length

/** The earliest instant, possibly past, at which the next start fits. Say `now`, so that lateness is told from silence. */
export const readyAt = (window: RateWindow, now: number): number => {
  const due = slot(window)
  if (now - due > patience(window.rate)) {
    const silent = !window.awaited || now - due > patience(window.rate) + Math.max(window.rate.per, 1000)
    if (silent) rebase(window, now, window.burst - 1)
    else rebase(window, now - patience(window.rate), 0)
  }
  const freed = window.filled < window.size ? -Infinity : (window.last[window.next] ?? -Infinity) + window.rate.per
  const ready = Math.max(slot(window), freed)
  if (ready > now) window.awaited = true
  return ready
}

/** Records a start at `now`. Returns false, and records nothing, when none fits yet. */
export const grant = (window: RateWindow, now: number): boolean => {
  if (readyAt(window, now) > now) return false
  charge(window, now)
  return true
}

/** Counts a start made at `now`, whether it fitted or not. */
export const charge = (window: RateWindow, now: number): void => {
  record(window, now, 1)
  window.step++
  if (window.step === window.rate.permits) {
    window.anchor += window.rate.per
    window.step = 0
  }
  window.awaited = false
}

/** A window of another rate that still counts what this one remembers. */
export const withRate = (window: RateWindow, rate: Rate, now: number): RateWindow => {
  const changed = make(rate, { now, burst: window.burst })
  const end = newest(window)
  for (let offset = 0; offset < window.last.length; offset++) {
    const index = (window.next + offset) % window.last.length
    const at = window.last[index] ?? -Infinity
    if (at > -Infinity) record(changed, at, index === end ? window.filled : window.size)
  }
  const latest = window.last[end] ?? -Infinity
  if (latest > -Infinity) rebase(changed, Math.max(now, latest + spacing(rate)), 0)
  return changed
}
