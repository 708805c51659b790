/**
 * A verdict says what becomes of a delivery after a try, from the way the try ended.
 *
 * It is pure and total: every exit has a verdict. The class of the error decides (see `ErrorClass`). Callers
 * may rely on this:
 * - Under at-most-once, a try that may have pushed the message out is never followed by another.
 * - No more tries are charged than the retry policy has, and none begins after the deadline. What was
 *   tried and cannot be tried again before its deadline has failed; only what waits untried expires.
 * - What is put off keeps its attempt, and is due again by its deadline at the latest, to expire there.
 */
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { Outcome } from "@fibercast/domain/Outcome"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { Cause, Exit, Result } from "effect"
import { failure, type Halt, isHalt, providerIdOf, reasonOf, type StageFailure } from "./internal/StageHalt.ts"

/** A try that ended. */
export interface Try {
  readonly exit: Exit.Exit<unknown, unknown>
  /** Whether it was interrupted because its time was up. */
  readonly timedOut: boolean
  readonly guarantee: Guarantee
  readonly retry: RetryPolicy.RetryPolicy
  readonly delivery: ClaimedDelivery
  /** Milliseconds since the epoch, when it ended. */
  readonly now: number
  /** In [0, 1); spreads retries. */
  readonly chance: number
}

export interface Verdict {
  readonly outcome: Outcome
  /** Why the delivery's campaign must be paused; null: no reason to, or it belongs to none. */
  readonly hold: string | null
}

/** Waits in milliseconds, where nobody named an instant. */
const rateLimitedWait = 1000
const accountTransientWait = 1000
const accountFatalWait = 30_000
const heldWait = 1
const drainedWait = 1
/** No snooze is longer, whatever a provider asks for. */
const longestWait = 86_400_000

export const verdict = (tried: Try): Verdict => {
  const { exit, timedOut } = tried
  if (Exit.isSuccess(exit)) return completed(exit.value)
  const error = Cause.findError(exit.cause)
  if (Result.isSuccess(error)) {
    return halted(isHalt(error.success) ? error.success : failure<unknown>(error.success), tried)
  }
  const defect = Cause.findDefect(exit.cause)
  if (Result.isSuccess(defect)) return plain(doubt(`crashed: ${reasonOf(defect.success)}`, tried))
  if (timedOut) return plain(doubt("not done in time", tried))
  return plain(
    tried.guarantee === "at-most-once"
      ? Outcome.Unknown({ reason: "interrupted while being sent" })
      : snoozed(drainedWait, "interrupted before it was done", tried)
  )
}

/** Of all that leave no provider's id one verdict: nearly everything is told by it. */
const done: Verdict = { outcome: Outcome.Completed({ providerId: null }), hold: null }

/** It was done, and this came of it. */
export const completed = (value: unknown): Verdict => {
  const providerId = providerIdOf(value)
  return providerId === null ? done : plain(Outcome.Completed({ providerId }))
}

const plain = (outcome: Outcome): Verdict => ({ outcome, hold: null })

const halted = (halt: Halt<unknown>, tried: Try): Verdict => {
  if (halt._tag === "StageFailure") return judged(halt, tried)
  if (halt.sent !== null) return plain(afterSend(halt, halt.sent.providerId, tried))
  return plain(
    halt._tag === "StageSkip"
      ? Outcome.Skipped({ reason: halt.reason })
      : snoozed(halt.until - tried.now, halt.reason, tried)
  )
}

/** The message is out, and a later stage left the delivery out or put it off. A snooze would send again uncharged. */
const afterSend = (
  halt: Exclude<Halt<unknown>, StageFailure<unknown>>,
  providerId: string | null,
  tried: Try
): Outcome =>
  halt._tag === "StageSkip"
    ? Outcome.Completed({ providerId })
    : tried.guarantee === "at-most-once"
      ? Outcome.Unknown({ reason: `sent, then ${halt.reason}` })
      : retried("transient", `sent, then ${halt.reason}`, tried)

const judged = (failure: StageFailure<unknown>, tried: Try): Verdict => {
  const { errorClass } = failure
  const sent = failure.sent !== null
  const reason = sent ? `sent, then ${failure.reason}` : failure.reason
  const hold =
    tried.delivery.campaignId !== null && (errorClass === "campaignPermanent" || errorClass === "accountFatal")
      ? reason
      : null
  return { outcome: sent ? judgedSent(errorClass, reason, tried) : judgedUnsent(failure, tried), hold }
}

const judgedSent = (errorClass: ErrorClass, reason: string, tried: Try): Outcome => {
  if (tried.guarantee === "at-most-once") return Outcome.Unknown({ reason })
  switch (errorClass) {
    case "recipientPermanent":
    case "messagePermanent":
    case "campaignPermanent":
      return Outcome.Failed({ errorClass, reason })
    default:
      return retried(errorClass, reason, tried)
  }
}

const judgedUnsent = (failure: StageFailure<unknown>, tried: Try): Outcome => {
  const { errorClass, fromSend, reason, retryAfter, until } = failure
  const asked = until === null ? retryAfter : until - tried.now
  switch (errorClass) {
    case "transient":
      return retried(errorClass, reason, tried)
    case "unknown":
      return doubt(reason, tried)
    case "rateLimited":
      return snoozed(asked ?? rateLimitedWait, reason, tried)
    case "accountTransient":
      return snoozed(asked ?? accountTransientWait, reason, tried)
    case "accountFatal":
      // A campaign is held for it, and goes on when a person lets it.
      return snoozed(tried.delivery.campaignId === null ? accountFatalWait : heldWait, reason, tried)
    case "recipientPermanent":
      return fromSend ? Outcome.Failed({ errorClass, reason }) : Outcome.Skipped({ reason })
    case "messagePermanent":
    case "campaignPermanent":
      return Outcome.Failed({ errorClass, reason })
  }
}

/** Nobody can say whether it was done. */
const doubt = (reason: string, tried: Try): Outcome =>
  tried.guarantee === "at-most-once" ? Outcome.Unknown({ reason }) : retried("unknown", reason, tried)

const retried = (errorClass: ErrorClass, reason: string, tried: Try): Outcome => {
  const { chance, delivery, now, retry } = tried
  const after = RetryPolicy.next(retry, { ended: delivery.attempt + 1, chance })
  if (after !== null && (delivery.deadline === null || now + after < delivery.deadline)) {
    return Outcome.Retry({ after: Math.max(1, Math.ceil(after)), errorClass, reason })
  }
  // Tried for the last time, and the last answer leaves in doubt whether it was done.
  return errorClass === "unknown" ? Outcome.Unknown({ reason }) : Outcome.Failed({ errorClass, reason })
}

const snoozed = (after: number, reason: string, { delivery, now }: Try): Outcome => {
  const untilDeadline = delivery.deadline === null ? Infinity : delivery.deadline - now
  const millis = Math.min(Math.ceil(after), untilDeadline, longestWait)
  return Outcome.Snoozed({ after: millis >= 1 ? millis : 1, reason })
}
