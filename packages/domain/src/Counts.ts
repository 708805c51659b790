/**
 * How a campaign's deliveries stand. The conservation law holds at any instant, also across a kill
 * of any process: planned = completed + failed + skipped + cancelled + expired + unknown + open.
 */
import { Schema } from "effect"
import { type FinalState, finalStates } from "./DeliveryState.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const Counts = Schema.Struct({
  planned: Count,
  open: Count,
  completed: Count,
  failed: Count,
  skipped: Count,
  cancelled: Count,
  expired: Count,
  unknown: Count
})
export type Counts = typeof Counts.Type

export const none: Counts = {
  planned: 0,
  open: 0,
  completed: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  expired: 0,
  unknown: 0
}

/** The conservation law. */
export const isBalanced = (counts: Counts): boolean =>
  counts.planned === finalStates.reduce((sum, state) => sum + counts[state], counts.open)

/** More open work. */
export const planned = (counts: Counts, more: number): Counts => ({
  ...counts,
  planned: counts.planned + more,
  open: counts.open + more
})

/** Open work that reached a final state. */
export const settled = (counts: Counts, state: FinalState, howMany = 1): Counts => ({
  ...counts,
  open: counts.open - howMany,
  [state]: counts[state] + howMany
})
