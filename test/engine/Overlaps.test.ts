import * as Frequency from "@fibercast/domain/Frequency"
import { type Overlap } from "@fibercast/domain/Overlap"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Triggers } from "@fibercast/engine/Triggers"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

/** Counts what runs at once. */
const gauge = () => {
  const seen = { now: 0, most: 0 }
  const during = <A, E, R>(work: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        seen.now += 1
        seen.most = Math.max(seen.most, seen.now)
      }),
      () => work,
      () => Effect.sync(() => (seen.now -= 1))
    )
  return { seen, during }
}

const slow = (work: Effect.Effect<void>, rule: Overlap) =>
  Scheduled.run("slow", Frequency.everyMinute, work).pipe(Scheduled.overlap(rule))

const cases: ReadonlyArray<readonly [Overlap, number, ReadonlyArray<string>]> = [
  [{ _tag: "Allow" }, 2, ["1 fired", "2 fired", "3 fired", "4 fired", "5 fired"]],
  [{ _tag: "Skip" }, 1, ["1 fired", "2 skipped (overlap)", "3 fired", "4 skipped (overlap)", "5 fired"]],
  [
    { _tag: "BufferOne" },
    1,
    ["1 fired", "2 late (overlap)", "3 late (overlap)", "4 skipped (buffer-full)", "5 waiting (overlap)"]
  ],
  [
    { _tag: "BufferAll", cap: 2 },
    1,
    ["1 fired", "2 late (overlap)", "3 late (overlap)", "4 waiting (overlap)", "5 waiting (overlap)"]
  ]
]

describe("Runs that last longer than their interval", () => {
  for (const [rule, most, expected] of cases) {
    it.effect(`under ${rule._tag}: ${expected.join(", ")}`, () => {
      const { during, seen } = gauge()
      return Effect.gen(function* () {
        yield* TestClock.adjust("330 seconds")
        const found = (yield* Schedules.history("slow")).map((text) => `${Number(text.slice(3, 5))} ${text.slice(9)}`)
        assert.deepStrictEqual(found, expected)
        assert.strictEqual(seen.most, most)
      }).pipe(Effect.provide(Schedules.engine([slow(during(Effect.sleep("100 seconds")), rule)])))
    })
  }

  it.effect("what waits runs once nothing holds it, within a poll, one after another, the oldest first", () => {
    const { lines, note } = Schedules.diary()
    const work = Scheduled.run("slow", Frequency.everyMinute, ({ late, wallTime }) =>
      Effect.andThen(note(`${wallTime.slice(11)} ${late ?? "on time"}`), Effect.sleep("100 seconds"))
    ).pipe(Scheduled.overlap({ _tag: "BufferAll", cap: 10 }))
    return Effect.gen(function* () {
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(lines, ["00:01:00 00:01 on time", "00:02:40 00:02 overlap", "00:04:20 00:03 overlap"])
    }).pipe(Effect.provide(Schedules.engine([work])))
  })

  it.effect("hold their key for every trigger that shares it, within their workspace", () => {
    const share = Scheduled.overlap({ _tag: "Skip" }, { key: "database" })
    const work = (name: string) => Scheduled.run(name, Frequency.everyMinute, Effect.sleep("90 seconds")).pipe(share)
    const all = [work("a"), work("b"), work("a").pipe(Scheduled.inWorkspace("other"))]
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      yield* Expect.ran("a", 2)
      assert.deepStrictEqual(yield* Schedules.history("b"), ["00:01:00 skipped (overlap)"])
    }).pipe(Effect.provide(Schedules.engine(all)))
  })

  it.effect("what waits of a paused trigger lets the others of its key go on, and runs when the pause ends", () => {
    const key = { key: "line" }
    const slow = Scheduled.run("slow", Frequency.everyMinute, ({ wallTime }) =>
      wallTime.endsWith("00:01") ? Effect.sleep("70 seconds") : Effect.void
    ).pipe(Scheduled.overlap({ _tag: "BufferOne" }, key))
    const other = Scheduled.run("other", Frequency.hourlyAt(5), Effect.void).pipe(
      Scheduled.overlap({ _tag: "Skip" }, key)
    )
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const id = yield* TestEngine.workspace("test")
      yield* TestClock.adjust("125 seconds")
      yield* triggers.pause(id, "slow")
      yield* TestClock.adjust("4 minutes")
      yield* Expect.occurred("other", "fired", 1)
      yield* triggers.resume(id, "slow")
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* Schedules.history("slow"))[1], "00:02:00 late (overlap)")
    }).pipe(Effect.provide(Schedules.engine([slow, other])))
  })

  it.effect("a delivery of a pipeline is a run until it is settled, its retries included", () => {
    const Flaky = Pipeline.make("flaky", { payload: Schema.Null }).pipe(
      Pipeline.tap((_, { attempt }) => (attempt < 3 ? Effect.fail("not yet") : Effect.void))
    )
    const job = Scheduled.dispatch("job", Frequency.everyTwoSeconds, Flaky, null).pipe(Scheduled.withoutOverlapping)
    return Effect.gen(function* () {
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual((yield* Schedules.history("job")).slice(0, 1), ["00:00:02 fired"])
      yield* TestClock.adjust("1 minute")
      const occurrences = yield* Expect.occurrences("job")
      const runs = occurrences.filter(({ outcome }) => outcome === "fired")
      assert.isTrue(runs.slice(1).every(({ nominal }, index) => nominal >= (runs[index]?.endedAt ?? Infinity)))
      assert.isAbove(runs.length, 5)
      assert.isTrue(occurrences.every(({ outcome, reason }) => outcome === "fired" || reason === "overlap"))
    }).pipe(Effect.provide(Schedules.engine([job], { pipelines: [Flaky] })))
  })
})
