/**
 * Settlements turn what became of a try into what is written for it.
 */
import { type Outcome } from "@fibercast/domain/Outcome"
import { type Settlement } from "@fibercast/ports/Settlement"
import { type Ending } from "./Runnable.ts"
import { type DeliveryContext } from "./DeliveryContext.ts"

/** A try, and when its delivery was claimed. */
interface Tried {
  readonly context: DeliveryContext
  readonly held: { readonly claimedAt: number }
}

/** What to write for an outcome. */
export const of = (task: Tried, outcome: Outcome, now: number): Settlement => {
  const { dueAt: wasDue, id } = task.context.delivery
  if (outcome._tag === "Completed") {
    return { id, wasDue, state: "completed", providerId: outcome.providerId, errorClass: null, reason: null }
  }
  const final = { id, wasDue, providerId: null, errorClass: null, reason: null }
  // Later than the claim, and so than it was due: each try has a due time of its own.
  const later = (after: number) => Math.max(now + Math.ceil(after), task.held.claimedAt + 1)
  switch (outcome._tag) {
    case "Retry": {
      const { errorClass, reason } = outcome
      return { id, wasDue, state: "retry", dueAt: later(outcome.after), errorClass, reason }
    }
    case "Snoozed":
      return {
        id,
        wasDue,
        state: "snooze",
        dueAt: later(outcome.after),
        errorClass: null,
        reason: outcome.reason
      }
    case "Failed":
      return { ...final, state: "failed", errorClass: outcome.errorClass, reason: outcome.reason }
    case "Skipped":
      return { ...final, state: "skipped", reason: outcome.reason }
    case "Unknown":
      return { ...final, state: "unknown", errorClass: "unknown", reason: outcome.reason }
    case "Expired":
      return { ...final, state: "expired", reason: "its deadline passed before it was sent" }
    case "Cancelled":
      return { ...final, state: "cancelled", reason: outcome.reason }
  }
}

/** It completed, and its provider gave it no id: all that there is to say of it when its whole claim is written. */
export const isPlain = (settlement: Settlement): boolean =>
  settlement.state === "completed" && settlement.providerId === null

/** Whether it ended because it was tried. */
export const isTried = ({ state }: Settlement): boolean =>
  state === "completed" || state === "failed" || state === "unknown"

/** What failure hooks and alerts are told: only of deliveries that failed, or are in doubt, for good. */
export const ending = (settlement: Settlement): Ending | null =>
  settlement.state === "failed" || settlement.state === "unknown"
    ? { state: settlement.state, errorClass: settlement.errorClass ?? "unknown", reason: settlement.reason ?? "" }
    : null
