/**
 * Housekeeping of a scheduler: looks for gaps in what is recorded, and forgets what is older than it is kept. Every
 * scheduler does it; together they do no more than one.
 */
import { type Alerts } from "@fibercast/ports/Alerts"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Clock, Effect } from "effect"
import * as OccurrenceAudit from "./OccurrenceAudit.ts"
import { untilReachable } from "./Ownership.ts"
import { SchedulerConfig } from "./SchedulerConfig.ts"

/** Records forgotten in one transaction. */
const page = 5000

const forget = Effect.fnUntraced(function* (keep: number) {
  const store = yield* TriggerStore
  for (;;) {
    const before = (yield* Clock.currentTimeMillis) - keep
    if ((yield* store.forget({ before, limit: page })) < page) return
  }
})

/** Runs until interrupted. */
export const run = Effect.fnUntraced(function* (
  app: string | null
): Effect.fn.Return<never, never, TriggerStore | Alerts> {
  const { housekeeping, keep } = yield* SchedulerConfig
  const audit = OccurrenceAudit.make(app)
  for (;;) {
    yield* untilReachable(Effect.andThen(audit, forget(keep))).pipe(
      Effect.catchDefect((defect) => Effect.logError("the housekeeping of the scheduler crashed", defect))
    )
    yield* Effect.sleep(housekeeping)
  }
})
