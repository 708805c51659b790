import * as Frequency from "@fibercast/domain/Frequency"
import { type Misfire } from "@fibercast/domain/Misfire"
import { type Trigger } from "@fibercast/domain/Trigger"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { type News, SchedulerListener } from "@fibercast/engine/SchedulerListener"
import { Scheduler } from "@fibercast/engine/Scheduler"
import { Triggers } from "@fibercast/engine/Triggers"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
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
/** Spans in milliseconds, and how often the trigger fires in them. */
const pileUps: ReadonlyArray<readonly [string, number, Trigger, number]> = [
  ["each second for 11 s", 11_000, Frequency.everySecond, 1000],
  ["each second for 10 minutes", 600_000, Frequency.everySecond, 1000],
  ["each minute for 3 h", 10_800_000, Frequency.everyMinute, 60_000],
  ["each hour for 3 days", 259_200_000, Frequency.hourly, 3_600_000],
  ["each day for 3 days", 259_200_000, Frequency.daily, 86_400_000]
]
const causes: ReadonlyArray<Cause> = ["down", "paused", "overloaded"]

const job = (trigger: Trigger, policy: Misfire) =>
  Scheduled.run("job", trigger, Effect.void).pipe(
    Scheduled.misfire({ paused: policy, down: policy, overloaded: policy })
  )

/** The workspace that all of the code's triggers are in. */
const owner = Effect.flatMap(TriggerStore, (store) => store.list({ workspaceId: null })).pipe(
  Effect.flatMap(([first]) =>
    first === undefined ? Effect.die("there is no trigger") : Effect.succeed(first.workspaceId)
  )
)

/** Nobody comes to the trigger for so long, for that cause; then a scheduler passes. */
const piledUp = Effect.fnUntraced(function* (scheduled: ReturnType<typeof job>, cause: Cause, span: number) {
  const node = yield* TestNode.makeScheduling({
    pipelines: [],
    scheduled: [scheduled],
    settings: Schedules.sparse.settings,
    loop: false
  })
  const store = yield* TriggerStore
  const triggers = yield* node.use(Triggers)
  const { pass } = yield* node.use(Scheduler)
  yield* pass
  if (cause === "paused") yield* triggers.pause(yield* owner, "job")
  yield* TestClock.adjust(span)
  if (cause === "paused") yield* triggers.resume(yield* owner, "job")
  const now = yield* Clock.currentTimeMillis
  // Another scheduler of the app has passed all the while.
  const busy = { scheduler: "busy", app: "test", startedAt: 0, now, downAfter: span }
  if (cause === "overloaded") yield* store.beat(busy)
  return yield* pass
})

/** By the table in `Misfire`, in words of arithmetic: all is counted from 00:00:00.500. */
const expected = (policy: string, cause: Cause, span: number, every: number) => {
  const now = 500 + span
  const times = Array.from({ length: Math.floor(now / every) }, (_, index) => (index + 1) * every)
  const piled = times.filter((at) => cause === "paused" || now - at > 10_000)
  const most: Record<string, number> = { Skip: 0, Latest: 1, "All 5": 5, Merged: 1 }
  const run = Math.min(most[policy] ?? piled.filter((at) => now - at <= 60_000).length, piled.length)
  const left = policy === "Merged" ? "skipped (merged)" : cause === "paused" ? "skipped (paused)" : `missed (${cause})`
  const counts = { fired: times.length - piled.length, [`late (${cause})`]: run, [left]: piled.length - run }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

describe("What has piled up", () => {
  for (const cause of causes) {
    for (const [policy, rule] of Object.entries(policies)) {
      it.effect(`because it was ${cause} is dealt with by ${policy}: each tick has one outcome, and they add up`, () =>
        Effect.forEach(
          pileUps,
          ([name, span, trigger, every]) =>
            Effect.gen(function* () {
              yield* piledUp(job(trigger, rule), cause, span)
              assert.deepStrictEqual(yield* Schedules.tallies("job"), expected(policy, cause, span, every), name)
              const found = yield* Expect.occurrences("job")
              assert.deepStrictEqual(
                found.map(({ nominal }) => nominal - Date.UTC(2026, 0, 1)),
                Array.from({ length: Math.floor((500 + span) / every) }, (_, index) => (index + 1) * every)
              )
            }).pipe(Effect.scoped, Effect.provide(Schedules.world())),
          { discard: true }
        )
      )
    }
  }

  it.effect("and is merged runs once, at the newest, and says what it stands for", () =>
    Effect.gen(function* () {
      yield* piledUp(job(Frequency.everyMinute, { _tag: "Merged" }), "down", 10_800_000)
      const late = (yield* Expect.occurrences("job")).filter(({ outcome }) => outcome === "late")
      assert.strictEqual(late.length, 1)
      assert.strictEqual(Schedules.clockOf(late[0]?.nominal ?? 0), "02:59:00")
      assert.deepStrictEqual(late[0]?.covers, { from: Date.UTC(2026, 0, 1, 0, 1), count: 178 })
    }).pipe(Effect.provide(Schedules.world()))
  )

  it.effect("and is missed raises one alarm that says how many, from when to when", () =>
    Effect.gen(function* () {
      yield* piledUp(job(Frequency.everyMinute, { _tag: "Latest" }), "down", 10_800_000)
      const missed = (yield* (yield* MemoryAlerts).raised).filter(({ _tag }) => _tag === "OccurrencesMissed")
      const workspaceId = yield* owner
      const [from, to] = [Date.UTC(2026, 0, 1, 0, 1), Date.UTC(2026, 0, 1, 2, 58)]
      assert.deepStrictEqual(missed, [
        { _tag: "OccurrencesMissed", workspaceId, trigger: "job", count: 178, from, to, reason: "down" }
      ])
    }).pipe(Effect.provide(Schedules.world()))
  )

  it.effect("is caught up with evenly, the oldest first, no faster than the rate allows", () => {
    const { lines, note } = Schedules.diary()
    const policy: Misfire = { _tag: "All", cap: 5, maxAge: null }
    const all = Scheduled.run("job", Frequency.everyMinute, ({ late, wallTime }) =>
      note(`${late} ${wallTime.slice(11)}`)
    ).pipe(Scheduled.misfire({ down: policy }))
    return Effect.gen(function* () {
      const options = { pipelines: [], scheduled: [all], scheduling: { catchUpRate: 0.5 } }
      const node = yield* TestNode.makeScheduling(options)
      yield* node.stop
      yield* TestClock.setTime(Date.UTC(2026, 0, 1, 3, 0, 30))
      yield* TestNode.makeScheduling(options)
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(lines, [
        "03:00:30 down 02:56",
        "03:00:32 down 02:57",
        "03:00:34 down 02:58",
        "03:00:36 down 02:59",
        "03:00:38 down 03:00"
      ])
    }).pipe(Effect.provide(Schedules.world()))
  })

  it.effect("and is long holds up neither the end of runs nor what waits for it", () => {
    const news: Array<string> = []
    const told = (one: News) => Effect.sync(() => news.push(one._tag === "Ended" ? one.run.name : one._tag))
    const options = { pipelines: [], scheduling: { page: 50 } }
    const piled = Scheduled.run("job", Frequency.everySecond, Effect.void)
    const quick = Scheduled.run("quick", Frequency.everyMinute, Effect.void)
    return Effect.gen(function* () {
      const first = yield* TestNode.makeScheduling({ ...options, scheduled: [piled, quick] })
      yield* TestClock.adjust("1 minute")
      yield* first.stop
      yield* TestClock.adjust("3 hours")
      news.length = 0
      yield* TestNode.makeScheduling({ ...options, scheduled: [piled, quick] })
      yield* TestClock.adjust("1 second")
      const ended = news.indexOf("quick")
      assert.isAbove(ended, 0)
      assert.isAbove(news.lastIndexOf("Recorded"), ended + 100)
    }).pipe(Effect.provideService(SchedulerListener, told), Effect.provide(Schedules.world()))
  })

  it.effect("past its deadline is missed, whatever the policy is", () =>
    Effect.gen(function* () {
      const late = job(Frequency.everyMinute, { _tag: "All", cap: 1000, maxAge: null }).pipe(
        Scheduled.deadline("5 minutes")
      )
      yield* piledUp(late, "down", 10_800_000)
      assert.deepStrictEqual(yield* Schedules.tallies("job"), { "missed (deadline)": 175, "late (down)": 4, fired: 1 })
    }).pipe(Effect.provide(Schedules.world()))
  )

  it.effect("before a pause and in it is judged apart: each by its own policy", () =>
    Effect.gen(function* () {
      const scheduled = Scheduled.run("job", Frequency.everyMinute, Effect.void)
      const node = yield* TestNode.makeScheduling({ pipelines: [], scheduled: [scheduled], loop: false })
      const triggers = yield* node.use(Triggers)
      yield* TestClock.adjust("10 minutes")
      yield* triggers.pause(yield* owner, "job", "moving house")
      yield* TestClock.adjust("10 minutes")
      yield* triggers.resume(yield* owner, "job")
      yield* (yield* node.use(Scheduler)).pass
      // Down: the newest of ten is run. Paused: nothing is.
      assert.deepStrictEqual(yield* Schedules.tallies("job"), {
        "missed (down)": 9,
        "late (down)": 1,
        "skipped (paused)": 10
      })
    }).pipe(Effect.provide(Schedules.world()))
  )
})
