import * as Frequency from "@fibercast/domain/Frequency"
import { type Overlap } from "@fibercast/domain/Overlap"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Triggers } from "@fibercast/engine/Triggers"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Expect from "@fibercast/testkit/Expect"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

/** The first run works for 90 seconds; cut off, it tidies up for five. Later ones are quick. */
const tidy = (diary: ReturnType<typeof Schedules.diary>, rule: Overlap) =>
  Scheduled.run("slow", Frequency.everyMinute, ({ wallTime }) => {
    const name = wallTime.slice(11)
    if (name !== "00:01") return diary.note(`${name} begins`)
    return diary.note(`${name} begins`).pipe(
      Effect.andThen(Effect.sleep("90 seconds")),
      Effect.andThen(diary.note(`${name} done`)),
      Effect.onInterrupt(() => Effect.andThen(Effect.sleep("5 seconds"), diary.note(`${name} tidied up`)))
    )
  }).pipe(Scheduled.overlap(rule))

const owner = Effect.map(
  Effect.flatMap(TriggerStore, (store) => store.list({ workspaceId: null })),
  ([first]) => first?.workspaceId
).pipe(Effect.flatMap((id) => (id === undefined ? Effect.die("there is no trigger") : Effect.succeed(id))))

describe("A later run that takes the place of an earlier one", () => {
  it.effect("under CancelOther begins only when the earlier one has tidied up", () => {
    const diary = Schedules.diary()
    return Effect.gen(function* () {
      yield* TestClock.adjust("150 seconds")
      const [first, second, third] = ["00:01", "00:02"].flatMap((name) =>
        diary.lines.filter((text) => text.includes(` ${name} `))
      )
      assert.strictEqual(first, "00:01:00 00:01 begins")
      assert.match(second ?? "", /^00:02:0\d 00:01 tidied up$/)
      assert.match(third ?? "", /^00:02:[01]\d 00:02 begins$/)
      assert.isTrue((second ?? "") <= (third ?? ""))
      assert.deepStrictEqual(yield* Schedules.history("slow"), ["00:01:00 fired", "00:02:00 late (overlap)"])
      yield* Expect.ended("slow", "cancelled", 1)
    }).pipe(Effect.provide(Schedules.engine([tidy(diary, { _tag: "CancelOther" })])))
  })

  it.effect("under CancelOther takes the place of what waits as well", () => {
    const stubborn = Scheduled.run("slow", Frequency.everyMinute, ({ wallTime }) =>
      wallTime.endsWith("00:01") ? Effect.uninterruptible(Effect.sleep("130 seconds")) : Effect.void
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("230 seconds")
      assert.deepStrictEqual(yield* Schedules.history("slow"), [
        "00:01:00 fired",
        "00:02:00 skipped (overlap)",
        "00:03:00 late (overlap)"
      ])
    }).pipe(Effect.provide(Schedules.engine([stubborn.pipe(Scheduled.overlap({ _tag: "CancelOther" }))])))
  })

  it.effect("under TerminateOther begins at once, and the earlier one is cut off within a heartbeat", () => {
    const diary = Schedules.diary()
    return Effect.gen(function* () {
      yield* TestClock.adjust("130 seconds")
      assert.deepStrictEqual(diary.lines.slice(0, 2), ["00:01:00 00:01 begins", "00:02:00 00:02 begins"])
      assert.match(diary.lines[2] ?? "", /^00:02:0\d 00:01 tidied up$/)
      assert.deepStrictEqual(yield* Schedules.history("slow"), ["00:01:00 fired", "00:02:00 fired"])
      yield* Expect.ended("slow", "cancelled", 1)
    }).pipe(Effect.provide(Schedules.engine([tidy(diary, { _tag: "TerminateOther" })])))
  })

  it.effect("stops a delivery that waits for its next try as well", () => {
    const Flaky = Pipeline.make("flaky", { payload: Schema.Null }).pipe(Pipeline.tap(() => Effect.fail("down")))
    const job = Scheduled.dispatch("job", Frequency.everyTwoSeconds, Flaky, null).pipe(
      Scheduled.overlap({ _tag: "CancelOther" })
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("20 seconds")
      yield* Expect.ended("job", "failed", 0)
      const ran = (yield* Expect.occurrences("job")).filter(({ state }) => state !== null)
      assert.isAbove(ran.length, 5)
      assert.isTrue(ran.every(({ state }) => state === "cancelled"))
    }).pipe(Effect.provide(Schedules.engine([job], { pipelines: [Flaky] })))
  })
})

describe("Interrupting a trigger by hand", () => {
  it.effect("asks what it runs to stop, and says what that is; hooks are told that it was cancelled", () => {
    const diary = Schedules.diary()
    const job = tidy(diary, { _tag: "Skip" }).pipe(
      Scheduled.onFailure(({ failure, state }) => diary.note(`${state}: ${failure}`))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("65 seconds")
      const stopped = yield* (yield* Triggers).interrupt(yield* owner, "slow")
      assert.deepStrictEqual(
        stopped.map(({ nominal }) => Schedules.clockOf(nominal)),
        ["00:01:00"]
      )
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(diary.words(), [
        "00:01 begins",
        "00:01 tidied up",
        "cancelled: it was interrupted by hand"
      ])
      assert.deepStrictEqual(yield* (yield* Triggers).interrupt(yield* owner, "slow"), [])
    }).pipe(Effect.provide(Schedules.engine([job])))
  })

  it.effect("leaves other triggers of its key alone", () => {
    const share = Scheduled.overlap({ _tag: "Allow" }, { key: "shared" })
    const work = (name: string) => Scheduled.run(name, Frequency.everyMinute, Effect.sleep("30 seconds")).pipe(share)
    return Effect.gen(function* () {
      yield* TestClock.adjust("65 seconds")
      yield* (yield* Triggers).interrupt(yield* owner, "a", { force: true })
      yield* TestClock.adjust("50 seconds")
      yield* Expect.ended("a", "cancelled", 1)
      yield* Expect.ended("b", "completed", 1)
    }).pipe(Effect.provide(Schedules.engine([work("a"), work("b")])))
  })
})
