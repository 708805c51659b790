import * as Frequency from "@fibercast/domain/Frequency"
import { type Overlap } from "@fibercast/domain/Overlap"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import * as Expect from "@fibercast/testkit/Expect"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

const begin = Date.UTC(2026, 0, 1)

/** Nodes of one app, one for each clock: how far it is ahead, in milliseconds. */
const nodes = <R>(scheduled: ReadonlyArray<Scheduled.Scheduled<R>>, skews: ReadonlyArray<number>) =>
  Effect.forEach(skews, (skew) => TestNode.makeScheduling({ pipelines: [], scheduled, alone: false, skew }))

/** Every minute up to the time has exactly one record. */
const assertComplete = Effect.fnUntraced(function* (trigger: string, from: number, to: number, every: number) {
  const found = (yield* Expect.occurrences(trigger)).map(({ nominal }) => nominal)
  const wanted = Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, index) => from + index * every)
  assert.deepStrictEqual(found, wanted)
})

describe("Several schedulers", () => {
  it.effect("decide on each tick once, run its work once, and tell its hooks once", () => {
    const { lines, note } = Schedules.diary()
    const told: Array<number> = []
    const tick = Scheduled.run("tick", Frequency.everyTenSeconds, note("tick")).pipe(
      Scheduled.after(({ nominal }) => Effect.sync(() => told.push(nominal)))
    )
    return Effect.gen(function* () {
      yield* nodes([tick], [0, 0, 0])
      yield* TestClock.adjust("5 minutes")
      yield* TestClock.adjust("5 seconds")
      yield* assertComplete("tick", begin + 10_000, begin + 300_000, 10_000)
      yield* Expect.occurred("tick", "fired", 30)
      assert.strictEqual(lines.length, 30)
      assert.deepStrictEqual(
        told,
        Array.from({ length: 30 }, (_, index) => begin + (index + 1) * 10_000)
      )
    }).pipe(Effect.provide(Schedules.world()))
  })

  it.effect("whose clocks differ by minutes lose no tick and double none: the one ahead fires first", () => {
    const begun: Array<number> = []
    const tick = Scheduled.run("tick", Frequency.everyMinute, ({ nominal }) => Effect.sync(() => begun.push(nominal)))
    return Effect.gen(function* () {
      yield* nodes([tick], [0, 90_000, -90_000])
      yield* TestClock.adjust("10 minutes")
      // By the clock that is ahead.
      yield* assertComplete("tick", begin + 60_000, begin + 660_000, 60_000)
      const decided = yield* Expect.occurrences("tick")
      yield* TestClock.adjust("5 minutes")
      const ran = decided.filter(({ outcome }) => outcome !== "missed").map(({ nominal }) => nominal)
      assert.isAtLeast(ran.length, 10)
      assert.deepStrictEqual(
        begun.filter((nominal) => nominal <= begin + 660_000).toSorted((a, b) => a - b),
        ran
      )
    }).pipe(Effect.provide(Schedules.world()))
  })

  it.effect("one of them killed in the middle costs nothing: the others go on", () => {
    const { lines, note } = Schedules.diary()
    const tick = Scheduled.run("tick", Frequency.everyTenSeconds, note("tick"))
    return Effect.gen(function* () {
      const [first] = yield* nodes([tick], [0, 0])
      yield* TestClock.adjust("1 minute")
      yield* first?.kill ?? Effect.void
      yield* TestClock.adjust("2 minutes")
      yield* assertComplete("tick", begin + 10_000, begin + 180_000, 10_000)
      yield* Expect.occurred("tick", "fired", 18)
      assert.strictEqual(lines.length, 18)
    }).pipe(Effect.provide(Schedules.world()))
  })

  it.effect("one of them frozen for ten minutes finds everything decided when it wakes", () => {
    const { lines, note } = Schedules.diary()
    const tick = Scheduled.run("tick", Frequency.everyMinute, note("tick"))
    return Effect.gen(function* () {
      const [first] = yield* nodes([tick], [0, 0])
      yield* TestClock.adjust("2 minutes")
      yield* first?.freeze ?? Effect.void
      yield* TestClock.adjust("10 minutes")
      yield* first?.thaw ?? Effect.void
      yield* TestClock.adjust("2 minutes")
      yield* assertComplete("tick", begin + 60_000, begin + 840_000, 60_000)
      yield* Expect.occurred("tick", "fired", 14)
      assert.strictEqual(lines.length, 14)
    }).pipe(Effect.provide(Schedules.world()))
  })

  for (const lost of ["before", "after"] as const) {
    const what = lost === "before" ? "is not made" : "has its answer lost"
    it.effect(`lose no tick and double none while every seventh call of the store ${what}`, () => {
      const begun: Array<number> = []
      const tick = Scheduled.run("tick", Frequency.everyTenSeconds, ({ nominal }) =>
        Effect.sync(() => begun.push(nominal))
      )
      let isBroken = false
      let calls = 0
      const fail = (operation: string) =>
        Effect.suspend(() =>
          isBroken && calls++ % 7 === 0
            ? Effect.fail(new LedgerUnavailable({ operation, cause: "the line went dead" }))
            : Effect.void
        )
      const stores = Interposed.layerStores({ [lost]: fail }).pipe(Layer.provideMerge(Schedules.world()))
      return Effect.gen(function* () {
        yield* nodes([tick], [0, 0])
        isBroken = true
        yield* TestClock.adjust("5 minutes")
        isBroken = false
        yield* TestClock.adjust("65 seconds")
        assert.isAbove(calls, 1000)
        yield* assertComplete("tick", begin + 10_000, begin + 360_000, 10_000)
        yield* Expect.ran("tick", 36)
        assert.deepStrictEqual(
          begun,
          Array.from({ length: 36 }, (_, index) => begin + (index + 1) * 10_000)
        )
      }).pipe(Effect.provide(stores))
    })
  }
})

describe("A node that decides on what another has decided already", () => {
  for (const _tag of ["TerminateOther", "CancelOther"] as const) {
    it.effect(`under ${_tag} does not stop the run that the other has begun`, () => {
      const minutes = new Set<number>()
      let both = 0
      /** Whoever asks first in a minute has to wait. */
      const slow = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const minute = Math.floor(now / 60_000)
        if (minutes.has(minute)) both += 1
        return minutes.has(minute)
          ? Effect.void
          : Effect.andThen(
              Effect.sync(() => minutes.add(minute)),
              Effect.sleep("2 seconds")
            )
      })
      const job = Scheduled.run("job", Frequency.everyMinute, Effect.sleep("30 seconds")).pipe(
        Scheduled.when(Effect.as(slow, true)),
        Scheduled.overlap({ _tag })
      )
      return Effect.gen(function* () {
        yield* nodes([job], [0, 0])
        yield* TestClock.adjust("5 minutes")
        yield* TestClock.adjust("45 seconds")
        assert.strictEqual(both, 5)
        yield* Expect.ended("job", "completed", 5)
      }).pipe(Effect.provide(Schedules.world()))
    })
  }
})

const hold = (rule: Overlap, guarantee: "at-least-once" | "at-most-once", diary: ReturnType<typeof Schedules.diary>) =>
  Scheduled.run("slow", Frequency.everyMinute, Effect.andThen(diary.note("begins"), Effect.sleep("20 seconds")), {
    guarantee
  }).pipe(Scheduled.overlap(rule))

describe("A node that dies while it runs what no other may run beside", () => {
  for (const guarantee of ["at-least-once", "at-most-once"] as const) {
    it.effect(`frees the key within the lease, and not before the run is really over: ${guarantee}`, () => {
      const diary = Schedules.diary()
      return Effect.gen(function* () {
        const scheduled = [hold({ _tag: "BufferOne" }, guarantee, diary)]
        const [first] = yield* nodes(scheduled, [0])
        yield* TestClock.adjust("65 seconds")
        yield* first?.kill ?? Effect.void
        yield* nodes(scheduled, [0])
        yield* TestClock.adjust("40 seconds")
        const [run] = yield* Expect.occurrences("slow")
        assert.strictEqual(run?.state, guarantee === "at-least-once" ? "completed" : "unknown")
        const begun = diary.lines.map((text) => text.slice(0, 8))
        assert.strictEqual(begun.length, guarantee === "at-least-once" ? 2 : 1)
        assert.isAtMost(
          Math.round(((run?.endedAt ?? 0) - begin - 65_000) / 1000),
          guarantee === "at-least-once" ? 40 : 20
        )
      }).pipe(Effect.provide(Schedules.world()))
    })
  }
})
