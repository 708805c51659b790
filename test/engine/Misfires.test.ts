import * as Frequency from "@fibercast/domain/Frequency"
import { type Misfire } from "@fibercast/domain/Misfire"
import { type Trigger } from "@fibercast/domain/Trigger"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Scheduler } from "@fibercast/engine/Scheduler"
import { Triggers } from "@fibercast/engine/Triggers"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

type Cause = "down" | "paused" | "overloaded"

const policies: Record<string, Misfire> = {
  Skip: { _tag: "Skip" },
  Latest: { _tag: "Latest" },
  "All 5": { _tag: "All", cap: 5, maxAge: null },
  "All of the last minute": { _tag: "All", cap: 1000, maxAge: 60_000 },
  Merged: { _tag: "Merged" }
}
const frequencies: Record<string, Trigger> = {
  second: Frequency.everySecond,
  minute: Frequency.everyMinute,
  hour: Frequency.hourly,
  day: Frequency.daily
}
const spans = { "11 seconds": 11_000, "3 hours": 10_800_000, "3 days": 259_200_000 }

const { catchUp } = TestEngine

/** A trigger without code, so that a pile-up costs nothing but its records; it begins at 00:00:00.500. */
const scheduledBy = (trigger: Trigger, policy: Misfire) =>
  Scheduled.run("job", trigger, Effect.void).pipe(
    Scheduled.misfire({ paused: policy, down: policy, overloaded: policy })
  )

const owner = Effect.flatMap(TriggerStore, (store) => store.list({ workspaceId: null })).pipe(
  Effect.flatMap(([first]) => (first === undefined ? Effect.die("there is no trigger") : Effect.succeed(first.workspaceId)))
)

/** Nobody comes to the trigger for so long, for that cause. */
const piledUp = Effect.fnUntraced(function* (trigger: Trigger, policy: Misfire, cause: Cause, span: number) {
  const options = { ...Schedules.sparse, pipelines: [], scheduled: [scheduledBy(trigger, policy)] }
  const node = yield* TestNode.makeScheduling({ ...options, loop: false })
  const { pass } = yield* node.use(Scheduler)
  yield* pass
  if (cause === "paused") yield* node.use(Effect.flatMap(Triggers, (triggers) => Effect.flatMap(owner, (id) => triggers.pause(id, "job"))))
  if (cause === "overloaded") {
    // Schedulers pass, of the same app, but none comes to this trigger.
    const store = yield* TriggerStore
    const beat = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      store.beat({ scheduler: "busy", app: "test", startedAt: now, now, downAfter: 3 * 86_400_000 })
    )
    yield* beat
    yield* TestClock.adjust(span)
    yield* beat
  } else yield* TestClock.adjust(span)
  if (cause === "paused") yield* node.use(Effect.flatMap(Triggers, (triggers) => Effect.flatMap(owner, (id) => triggers.resume(id, "job"))))
  yield* pass
})

/** What of the ticks of the span becomes of them. */
const expected = (every: number, policy: string, cause: Cause, span: number) => {
  const grace = cause === "paused" ? 0 : 10_000
  // The pile-up is what is later than its grace; paused, all of it.
  const times = Array.from({ length: Math.floor((span + 500) / every) }, (_, index) => (index + 1) * every)
  const piled = times.filter((at) => span + 500 - at > grace || cause === "paused")
  const fired = times.length - piled.length
  const young = piled.filter((at) => at >= span + 500 - 60_000).length
  const late = { Skip: 0, Latest: 1, "All 5": 5, "All of the last minute": young, Merged: 1 }[policy] ?? 0
  const run = Math.min(late, piled.length)
  const dropped = piled.length - run
  const left = policy === "Merged" ? "skipped (merged)" : cause === "paused" ? "skipped (paused)" : `missed (${cause})`
  const counts: Record<string, number> = {}
  if (fired > 0) counts["fired"] = fired
  if (run > 0) counts[`late (${cause})`] = run
  if (dropped > 0) counts[left] = dropped
  return counts
}
const millis: Record<string, number> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }
