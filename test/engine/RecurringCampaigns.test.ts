import * as Frequency from "@fibercast/domain/Frequency"
import { type Overlap } from "@fibercast/domain/Overlap"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Triggers } from "@fibercast/engine/Triggers"
import { AudienceSource, type OpenAudience } from "@fibercast/ports/AudienceSource"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Announce, people } from "./internal/Broadcasts.ts"
import * as Schedules from "./internal/Schedules.ts"

const news = (audience: string, trigger = Frequency.everyMinute) =>
  Scheduled.launch("news", trigger, {
    pipeline: Announce.name,
    template: "Hello {{ name }}",
    audience: { _tag: "Named", name: audience },
    addressColumn: "phone"
  })

const engine = (
  one: ReturnType<typeof news>,
  audiences: TestEngine.Audiences,
  answer: FakeMessenger.Answer = FakeMessenger.accept
) =>
  TestEngine.layerScheduling({
    pipelines: [Announce],
    scheduled: [one],
    audiences,
    startAt: Schedules.startAt
  }).pipe(Layer.provideMerge(FakeMessenger.FakeMessenger.layer(() => answer)))

const sent = Effect.map(
  Effect.flatMap(FakeMessenger.FakeMessenger, ({ sent }) => sent),
  (calls) => calls.map(({ at, text }) => `${Schedules.clockOf(at)} ${text}`)
)

describe("A recurring campaign", () => {
  it.effect("launches a campaign of its own each time, for whom the audience holds then", () => {
    let rows = people(1)
    const living: OpenAudience = {
      columns: ["phone", "name"],
      get hash() {
        return JSON.stringify(rows)
      },
      rows: (after) => Stream.suspend(() => TestEngine.audience(rows).rows(after))
    }
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      rows = people(2)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* sent, ["00:01:00 Hello P0", "00:02:00 Hello P0", "00:02:00 Hello P1"])
      yield* Expect.ended("news", "completed", 2)
      const campaigns = new Set((yield* Expect.occurrences("news")).map(({ campaignId }) => campaignId))
      assert.strictEqual(campaigns.size, 2)
    }).pipe(Effect.provide(engine(news("living"), { living })))
  })

  it.effect("is refused while its audience cannot be read, says so once, and works again afterwards", () => {
    let isBroken = true
    const flaky: OpenAudience = {
      hash: "one",
      get columns() {
        if (isBroken) throw new Error("the table is gone")
        return ["phone", "name"]
      },
      rows: (after) => TestEngine.audience(people(1)).rows(after)
    }
    return Effect.gen(function* () {
      yield* TestClock.adjust("130 seconds")
      assert.deepStrictEqual(yield* Schedules.history("news"), [
        "00:01:00 skipped (refused)",
        "00:02:00 skipped (refused)"
      ])
      yield* Expect.alerted("TriggerRefused", 1)
      isBroken = false
      yield* TestClock.adjust("1 minute")
      yield* Expect.occurred("news", "fired", 1)
      assert.deepStrictEqual(yield* sent, ["00:03:00 Hello P0"])
    }).pipe(Effect.provide(engine(news("flaky"), { flaky })))
  })

  it.effect("that waited, and whose audience hangs, holds up nothing, and is refused in the end", () => {
    const { lines, note } = Schedules.diary()
    const hanging = AudienceSource.of({ open: () => Effect.never })
    const tick = Scheduled.run("tick", Frequency.everyMinute, note("tick"))
    return Effect.gen(function* () {
      const id = yield* TestEngine.workspace("test")
      yield* (yield* Triggers).test(id, "news")
      yield* TestClock.adjust("310 seconds")
      assert.lengthOf(lines, 5)
      const [one] = yield* Expect.occurrences("news")
      assert.deepInclude(one, {
        outcome: "skipped",
        reason: "refused",
        detail: "making its work took longer than 5 minutes"
      })
    }).pipe(
      Effect.provide(
        TestEngine.layerSchedulingEngine({
          pipelines: [Announce],
          scheduled: [news("hanging", Frequency.daily), tick]
        }).pipe(Layer.provide(Layer.succeed(AudienceSource, hanging)), Layer.provideMerge(Schedules.world()))
      )
    )
  })

  it.effect("of an audience that nobody knows is refused with the reason, and the next trigger runs", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      const [one] = yield* Expect.occurrences("news")
      assert.isDefined(one)
      assert.strictEqual(one.reason, "refused")
      assert.include(one.detail ?? "", "nobody")
    }).pipe(Effect.provide(engine(news("nobody"), {})))
  )

  const slowly = FakeMessenger.delay("25 seconds")
  const overlapping: ReadonlyArray<readonly [Overlap, ReadonlyArray<string>]> = [
    [
      { _tag: "Skip" },
      ["00:00:10 fired", "00:00:20 skipped (overlap)", "00:00:30 skipped (overlap)", "00:00:40 fired"]
    ],
    [
      { _tag: "BufferOne" },
      ["00:00:10 fired", "00:00:20 late (overlap)", "00:00:30 skipped (buffer-full)", "00:00:40 waiting (overlap)"]
    ]
  ]
  for (const [rule, expected] of overlapping) {
    it.effect(`is a run until its last message is sent: ${rule._tag}`, () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("45 seconds")
        assert.deepStrictEqual(yield* Schedules.history("news"), expected)
      }).pipe(
        Effect.provide(
          engine(news("all", Frequency.everyTenSeconds).pipe(Scheduled.overlap(rule)), { all: people(1) }, slowly)
        )
      )
    )
  }

  for (const rule of ["CancelOther", "TerminateOther"] as const) {
    it.effect(`is cancelled for a later one, which begins when what is on its way has ended: ${rule}`, () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("42 seconds")
        yield* Expect.ended("news", "cancelled", 1)
        assert.deepStrictEqual(yield* Schedules.history("news"), [
          "00:00:10 fired",
          "00:00:20 skipped (overlap)",
          "00:00:30 late (overlap)",
          "00:00:40 waiting (overlap)"
        ])
        const begun = (yield* sent).map((text) => text.slice(0, 8))
        assert.deepStrictEqual(new Set(begun), new Set(["00:00:10", "00:00:35"]))
      }).pipe(
        Effect.provide(
          engine(
            news("all", Frequency.everyTenSeconds).pipe(Scheduled.overlap({ _tag: rule })),
            { all: people(3) },
            slowly
          )
        )
      )
    )
  }
})
