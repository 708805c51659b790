/**
 * A pile-up is what a trigger has missed for one cause. It is judged as a whole, however many occurrences at a time are
 * looked at: which of them run depends on where the pile-up ends, not on where it is cut.
 */
import { type Misfire } from "./Misfire.ts"
import * as Planner from "./Planner.ts"
import { type Trigger } from "./Trigger.ts"

/** `merge`: a later run of the pile-up stands for it. */
export type Fate = "run" | "drop" | "merge"

export interface PileUp {
  readonly trigger: Trigger
  /** Nominal times: the first that is not recorded, and the first that does not belong to the pile-up any more. */
  readonly from: number
  readonly end: number
  /** Nominal times in [from, to) that belong to another cause; null: none do. */
  readonly except: { readonly from: number; readonly to: number } | null
  readonly now: number
}

/** The first of the last `count`. */
const firstOf = ({ end, except, trigger }: PileUp, from: number, count: number): number => {
  const after = Planner.lastMany(trigger, Math.max(from, except?.to ?? from), end, count)
  const missing = count - after.length
  const before =
    except === null || missing === 0 ? [] : Planner.lastMany(trigger, from, Math.min(end, except.from), missing)
  return (before[0] ?? after[0])?.nominal ?? Infinity
}

/** The fate of each nominal time of the pile-up. */
export const judge = (policy: Misfire, pileUp: PileUp): ((nominal: number) => Fate) => {
  const { from, now } = pileUp
  if (policy._tag === "Skip") return () => "drop"
  const count = policy._tag === "All" ? policy.cap : 1
  const oldest = policy._tag === "All" && policy.maxAge !== null ? Math.max(from, now - policy.maxAge) : from
  const first = firstOf(pileUp, oldest, count)
  const passedOver = policy._tag === "Merged" ? "merge" : "drop"
  return (nominal) => (nominal >= first ? "run" : passedOver)
}
