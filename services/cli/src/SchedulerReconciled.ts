/**
 * What the code of an app changed about the stored triggers, in a line for each kind of change.
 */
import { type Reconciled } from "@fibercast/engine/Scheduler"

/** Names that are told before the rest is counted. */
const most = 10

const listed = (names: ReadonlyArray<string>): string =>
  names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`

export const lines = ({ added, changed, removed }: Reconciled): ReadonlyArray<string> =>
  [["added", added] as const, ["changed", changed] as const, ["removed", removed] as const].flatMap(([what, names]) =>
    names.length === 0 ? [] : [`  ${what.padEnd(8)} ${listed(names)}`]
  )
