/**
 * The states of a delivery and the ways between them.
 *
 * Only a Ledger moves a delivery. Every way out of the open states is final: a delivery has exactly
 * one final state, whatever crashes on the way.
 */
import { Option, Schema } from "effect"

/** `scheduled` and `claimed` are open; the others are final. */
export const State = Schema.Literals([
  "scheduled",
  "claimed",
  "completed",
  "failed",
  "skipped",
  "cancelled",
  "expired",
  "unknown"
])
export type State = typeof State.Type

export const finalStates = ["completed", "failed", "skipped", "cancelled", "expired", "unknown"] as const
export type FinalState = (typeof finalStates)[number]

export const isFinal = (state: State): state is FinalState => state !== "scheduled" && state !== "claimed"

/** What can happen to a delivery. */
export type Event =
  | { readonly _tag: "Claim" }
  /** Its claim was given back before it was tried. */
  | { readonly _tag: "Release" }
  /** Tried, failed, to be tried again: the attempt is charged. */
  | { readonly _tag: "Retry" }
  /** Put off without a charge: throttled, paused, drained, or the account could not send. */
  | { readonly _tag: "Snooze" }
  /** Whoever held it died: claimed again if unstarted or at-least-once. */
  | { readonly _tag: "Rescue" }
  | { readonly _tag: "Settle"; readonly state: FinalState }

/** Where an event leads, or none if it cannot happen in this state. */
export const transition = (state: State, event: Event): Option.Option<State> => {
  if (isFinal(state)) return Option.none()
  switch (event._tag) {
    case "Claim":
      return state === "scheduled" ? Option.some("claimed") : Option.none()
    case "Release":
    case "Retry":
    case "Snooze":
    case "Rescue":
      return state === "claimed" ? Option.some("scheduled") : Option.none()
    case "Settle":
      // Open work may be cancelled or expire without ever being claimed; every other end follows a claim.
      return state === "claimed" || event.state === "cancelled" || event.state === "expired"
        ? Option.some(event.state)
        : Option.none()
  }
}
