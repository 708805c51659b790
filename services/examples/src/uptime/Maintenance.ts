/**
 * What the uptime monitor does to stay small: it forgets findings that are old.
 */
import { Clock, Effect } from "effect"
import { Monitors } from "./Monitors.ts"

/** How long a finding is kept, in milliseconds: seven days. */
export const kept = 7 * 86_400_000

/** Findings that are deleted in one go. */
const step = 10_000

export const prune = Effect.fn("Maintenance.prune")(function* () {
  const { prune } = yield* Monitors
  const before = (yield* Clock.currentTimeMillis) - kept
  let count = 0
  for (;;) {
    const some = yield* prune(before, step)
    count += some
    if (some < step) return `${count} findings are forgotten`
  }
})
