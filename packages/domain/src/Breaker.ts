/**
 * A breaker stops sends through an account that cannot send, so that an unreachable device costs two
 * sends instead of a campaign. It is a value: each event gives the next one.
 *
 * closed ── failures ──▶ open until an instant ── its end ──▶ half-open: one probe
 *   ▲ ◀────────────────────── probe answered ◀──────────────────┘ │ probe failed: open again, twice as long
 *
 * - `accountTransient` opens after 2 in a row, `transient` and `unknown` after 20 in a row; `accountFatal` opens at
 *   once and for good. A success between starts the count anew; other classes say nothing about the account.
 * - After a probe was answered one failed send opens again; only a send that succeeds makes the account trusted.
 * - While open, what was sent before is no evidence: only `accountFatal` still counts.
 *
 * Instants are epoch milliseconds, durations milliseconds.
 */
import { type ErrorClass } from "./ErrorClass.ts"

export interface Settings {
  /** `accountTransient` failures in a row that open. */
  readonly accountFailures: number
  /** `transient` or `unknown` failures in a row that open. */
  readonly otherFailures: number
  /** How long the first opening lasts; each failed probe doubles it. */
  readonly firstWait: number
  readonly longestWait: number
}

export const defaults: Settings = { accountFailures: 2, otherFailures: 20, firstWait: 5_000, longestWait: 300_000 }

export interface Breaker {
  readonly state: "closed" | "open" | "half-open"
  /** When the next probe may go; infinity when open for good. Only meaningful unless closed. */
  readonly until: number
  /** Why it opened; empty while it never did since the last success. */
  readonly reason: string
  /** A send succeeded and no `accountTransient` failure came after it. */
  readonly trusted: boolean
  readonly accountFailures: number
  readonly otherFailures: number
  /** How long the next opening lasts; `null` while the last outage is over. */
  readonly nextWait: number | null
}

/** Closed, and nothing known about the account yet. */
export const initial: Breaker = {
  state: "closed",
  until: -Infinity,
  reason: "",
  trusted: false,
  accountFailures: 0,
  otherFailures: 0,
  nextWait: null
}

const healthy: Breaker = { ...initial, trusted: true }

/** Open for good: nothing but a reset closes it. */
export const isFatal = (breaker: Breaker): boolean => breaker.state !== "closed" && breaker.until === Infinity

/** An outage begins here: `after` is open and `before` knew nothing of it, or not that it is for good. */
export const isOutage = (before: Breaker, after: Breaker): boolean =>
  after.state === "open" && (before.nextWait === null || (isFatal(after) && !isFatal(before)))

/** How many sends may be open at once: an account that is not trusted gets no more than it takes to find out. */
export const openSends = (breaker: Breaker, settings: Settings = defaults): number =>
  breaker.trusted ? Infinity : Math.max(1, settings.accountFailures - breaker.accountFailures)

const opened = (breaker: Breaker, reason: string, now: number, settings: Settings): Breaker => {
  const wait = breaker.nextWait ?? settings.firstWait
  return {
    ...breaker,
    state: "open",
    until: now + wait,
    reason,
    trusted: false,
    nextWait: Math.min(wait * 2, settings.longestWait)
  }
}

/** A send succeeded. */
export const succeeded = (breaker: Breaker): Breaker => (breaker.state === "closed" ? healthy : breaker)

/** A send failed. */
export const failed = (
  breaker: Breaker,
  errorClass: ErrorClass,
  reason: string,
  now: number,
  settings: Settings = defaults
): Breaker => {
  if (errorClass === "accountFatal") {
    return { ...opened(breaker, reason, now, settings), until: Infinity }
  }
  if (breaker.state !== "closed") return breaker
  if (errorClass === "accountTransient") {
    const counted = { ...breaker, trusted: false, accountFailures: breaker.accountFailures + 1 }
    return counted.accountFailures >= settings.accountFailures ? opened(counted, reason, now, settings) : counted
  }
  if (errorClass === "transient" || errorClass === "unknown") {
    const counted = { ...breaker, otherFailures: breaker.otherFailures + 1 }
    return counted.otherFailures >= settings.otherFailures ? opened(counted, reason, now, settings) : counted
  }
  return breaker
}

/** An open breaker whose wait is over becomes half-open: whoever gets it so must probe. Anything else stays as it is. */
export const probing = (breaker: Breaker, now: number): Breaker =>
  breaker.state === "open" && breaker.until <= now ? { ...breaker, state: "half-open" } : breaker

/** The probe was answered: sends may go, and the first failure opens again. */
export const probeSucceeded = (breaker: Breaker, settings: Settings = defaults): Breaker =>
  breaker.state === "half-open"
    ? {
        ...breaker,
        state: "closed",
        accountFailures: settings.accountFailures - 1,
        otherFailures: settings.otherFailures - 1
      }
    : breaker

/** The probe failed. `accountFatal` opens for good; any other class opens again for longer. */
export const probeFailed = (
  breaker: Breaker,
  errorClass: ErrorClass,
  reason: string,
  now: number,
  settings: Settings = defaults
): Breaker => {
  if (breaker.state !== "half-open") return breaker
  const again = opened(breaker, reason, now, settings)
  return errorClass === "accountFatal" ? { ...again, until: Infinity } : again
}

/** The probe was given up before an answer: the next caller may probe. */
export const probeAbandoned = (breaker: Breaker): Breaker =>
  breaker.state === "half-open" ? { ...breaker, state: "open" } : breaker
