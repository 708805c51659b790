/**
 * A pause of lanes: nothing of them is claimed until they are resumed, whatever is dispatched; what is under way ends,
 * due times stay, and nothing is charged. A workspace has one at most.
 */
import * as Lane from "./Lane.ts"

export interface LanePause {
  /** Never empty; the more urgent first. */
  readonly lanes: ReadonlyArray<Lane.Lane>
  /** Why; of the latest pause. */
  readonly note: string | null
  /** Since when any of its lanes is paused, in epoch milliseconds. */
  readonly since: number
}

const ordered = (lanes: ReadonlyArray<Lane.Lane>): ReadonlyArray<Lane.Lane> =>
  Lane.lanes.filter((lane) => lanes.includes(lane))

/** These lanes are paused as well. */
export const paused = (
  before: LanePause | null,
  { lanes, note, now }: { readonly lanes: ReadonlyArray<Lane.Lane>; readonly note: string | null; readonly now: number }
): LanePause | null =>
  lanes.length === 0
    ? before
    : { lanes: ordered([...(before?.lanes ?? []), ...lanes]), note, since: before?.since ?? now }

/** These lanes are not paused any more; null: none is. */
export const resumed = (before: LanePause | null, lanes: ReadonlyArray<Lane.Lane>): LanePause | null => {
  const left = before?.lanes.filter((lane) => !lanes.includes(lane)) ?? []
  return before === null || left.length === 0 ? null : { ...before, lanes: left }
}
