/**
 * How scheduling stands now, read from the store in one look.
 */
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Clock, Effect } from "effect"
import { type Standing } from "./SchedulerNotice.ts"

export const look = Effect.fn("SchedulerStanding.look")(function* () {
  const store = yield* TriggerStore
  const schedulers = yield* store.schedulers
  const attendance = yield* store.attendance
  const maintenance = yield* store.maintenance
  return { schedulers, attendance, maintenance, now: yield* Clock.currentTimeMillis } satisfies Standing
})
