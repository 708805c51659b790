/**
 * An outcome is how one attempt ended. The Ledger turns it into a state.
 */
import { Data } from "effect"
import { type ErrorClass } from "./ErrorClass.ts"

export type Outcome = Data.TaggedEnum<{
  /** Done; the provider's id is kept for its receipts. */
  Completed: { readonly providerId: string | null }
  /** To be tried again, the attempt charged. `after` in milliseconds. */
  Retry: { readonly after: number; readonly errorClass: ErrorClass; readonly reason: string }
  /** Put off, uncharged. `after` in milliseconds. */
  Snoozed: { readonly after: number; readonly reason: string }
  Failed: { readonly errorClass: ErrorClass; readonly reason: string }
  Skipped: { readonly reason: string }
  /** Nobody can say whether it was done. Never tried again. */
  Unknown: { readonly reason: string }
  /** Its deadline had passed before it was tried. */
  Expired: {}
  /** Its campaign was cancelled, or it was. */
  Cancelled: { readonly reason: string }
}>
export const Outcome = Data.taggedEnum<Outcome>()
