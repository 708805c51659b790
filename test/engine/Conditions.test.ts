import * as Frequency from "@fibercast/domain/Frequency"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Triggers } from "@fibercast/engine/Triggers"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Expect from "@fibercast/testkit/Expect"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, pipe } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

const job = (name = "job") => Scheduled.run(name, Frequency.everyMinute, Effect.void)
const detail = (trigger: string) => Effect.map(Expect.occurrences(trigger), ([first]) => first?.detail)

class Weather extends Context.Service<Weather, { readonly isFair: Effect.Effect<boolean> }>()("test/Weather") {}

/** Maintenance begins, or ends, now. */
const maintained = (on: boolean, note: string | null = null) =>
  Effect.gen(function* () {
    yield* (yield* TriggerStore).setMaintenance({ on, note, now: yield* Clock.currentTimeMillis })
  })

describe("Conditions of a trigger", () => {
  it.effect("when must be true, skip false; each is asked anew for each occurrence", () => {
    const fair = Layer.succeed(
      Weather,
      Weather.of({ isFair: Effect.map(Clock.currentTimeMillis, (now) => now % 120_000 === 0) })
    )
    const isFair = Effect.flatMap(Weather, (weather) => weather.isFair)
    const both = [job("when").pipe(Scheduled.when(isFair)), job("skip").pipe(Scheduled.skip(isFair))]
    return Effect.gen(function* () {
      yield* TestClock.adjust("130 seconds")
      assert.deepStrictEqual(yield* Schedules.history("when"), ["00:01:00 skipped (when)", "00:02:00 fired"])
      assert.deepStrictEqual(yield* Schedules.history("skip"), ["00:01:00 fired", "00:02:00 skipped (skip)"])
      assert.deepStrictEqual(yield* Schedules.tallies("when"), { fired: 1, "skipped (when)": 1 })
    }).pipe(Effect.provide(Schedules.engine(both).pipe(Layer.provide(fair))))
  })

  it.effect("are asked in the order given, until one keeps the occurrence from running", () => {
    const asked: Array<string> = []
    const answer = (name: string, holds: boolean) => Effect.sync(() => asked.push(name) > 0 && holds)
    const one = job().pipe(
      Scheduled.skip(answer("a", false)),
      Scheduled.when(answer("b", true)),
      Scheduled.when(answer("c", false)),
      Scheduled.skip(answer("d", true))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(asked, ["a", "b", "c"])
      yield* Expect.occurred("job", "skipped", 1, "when")
    }).pipe(Effect.provide(Schedules.engine([one])))
  })

  it.effect("that fail, die or hang keep the occurrence from running, and say why", () => {
    const all = [
      job("fails").pipe(Scheduled.when(Effect.fail("no answer"))),
      job("dies").pipe(Scheduled.skip(Effect.die(new Error("a bug")))),
      job("hangs").pipe(Scheduled.when(Effect.never))
    ]
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      assert.deepStrictEqual(yield* Schedules.history("fails"), ["00:01:00 skipped (when)"])
      assert.deepStrictEqual(yield* Schedules.history("dies"), ["00:01:00 skipped (skip)"])
      assert.deepStrictEqual(yield* Schedules.history("hangs"), ["00:01:00 skipped (when)"])
      assert.strictEqual(yield* detail("fails"), "the condition failed: Error: no answer")
      assert.strictEqual(yield* detail("dies"), "the condition failed: Error: a bug")
      assert.strictEqual(yield* detail("hangs"), "the condition did not answer within 5 s")
    }).pipe(Effect.provide(Schedules.engine(all)))
  })

  it.effect("one that hangs holds up no other trigger", () => {
    const { lines, note } = Schedules.diary()
    const all = [
      job("hangs").pipe(Scheduled.when(Effect.never)),
      Scheduled.run("tick", Frequency.everySecond, note("tick"))
    ]
    return Effect.gen(function* () {
      yield* TestClock.adjust("63 seconds")
      assert.deepStrictEqual(lines.slice(-4), ["00:01:00 tick", "00:01:01 tick", "00:01:02 tick", "00:01:03 tick"])
      yield* Expect.ran("tick", 63)
    }).pipe(Effect.provide(Schedules.engine(all)))
  })

  it.effect("a trigger for other environments is skipped in this one, which the record names", () => {
    const all = [
      job("here").pipe(Scheduled.environments("staging", "production")),
      job("elsewhere").pipe(Scheduled.environments("development"))
    ]
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 minute")
      yield* Expect.occurred("here", "fired", 1)
      yield* Expect.occurred("elsewhere", "skipped", 1, "environment")
      assert.strictEqual(yield* detail("elsewhere"), "here it is staging")
    }).pipe(Effect.provide(Schedules.engine(all, { environment: "staging" })))
  })

  it.effect("come in order: pause, environment, maintenance, conditions, overlap", () => {
    const one = job().pipe(
      Scheduled.environments("development"),
      Scheduled.when(Effect.succeed(false)),
      Scheduled.withoutOverlapping
    )
    const two = job("two").pipe(Scheduled.when(Effect.succeed(false)))
    const busy = Scheduled.run("busy", Frequency.everyMinute, Effect.never).pipe(
      Scheduled.when(Effect.map(Clock.currentTimeMillis, (now) => now < Date.UTC(2026, 0, 1, 0, 4))),
      Scheduled.withoutOverlapping
    )
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const [{ workspaceId } = { workspaceId: null }] = yield* triggers.list(null)
      assert.isNotNull(workspaceId)
      yield* maintained(true)
      yield* TestClock.adjust("1 minute")
      yield* maintained(false)
      yield* TestClock.adjust("1 minute")
      yield* triggers.pause(workspaceId, "two")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Schedules.tallies("job"), { "skipped (environment)": 3 })
      assert.deepStrictEqual(yield* Schedules.history("two"), [
        "00:01:00 skipped (maintenance)",
        "00:02:00 skipped (when)",
        "00:03:00 skipped (paused)"
      ])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Schedules.history("busy"), [
        "00:01:00 skipped (maintenance)",
        "00:02:00 fired",
        "00:03:00 skipped (overlap)",
        "00:04:00 skipped (when)"
      ])
    }).pipe(Effect.provide(Schedules.engine([one, two, busy])))
  })
})

describe("Maintenance mode", () => {
  it.effect(
    "skips what is decided on meanwhile: a second's tick is run in the second that it begins, not in that it ends",
    () => {
      const { lines, note } = Schedules.diary()
      const tick = Scheduled.run("tick", Frequency.everySecond, note("tick"))
      const through = Scheduled.run("through", Frequency.everySecond, Effect.void).pipe(Scheduled.evenInMaintenanceMode)
      return Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 0, 1, 0, 0, 30))
        yield* maintained(true, "moving house")
        yield* TestClock.adjust("10 seconds")
        yield* maintained(false)
        yield* TestClock.adjust("20 seconds")
        yield* Expect.ran("tick", 50)
        yield* Expect.occurred("tick", "skipped", 10, "maintenance")
        const skipped = (yield* Expect.occurrences("tick")).filter(({ outcome }) => outcome === "skipped")
        assert.strictEqual(Schedules.clockOf(skipped[0]?.nominal ?? 0), "00:00:31")
        assert.strictEqual(Schedules.clockOf(skipped.at(-1)?.nominal ?? 0), "00:00:40")
        assert.isTrue(skipped.every(({ detail }) => detail === "moving house"))
        assert.strictEqual(lines.length, 50)
        yield* Expect.ran("through", 60)
      }).pipe(Effect.provide(Schedules.engine([tick, through])))
    }
  )
})

describe("A group of triggers", () => {
  it.effect("shares what it is given, and is listed under its name", () => {
    const nightly = Scheduled.group("nightly", (one) => pipe(one, Scheduled.environments("nowhere")), [
      job("expire"),
      job("archive")
    ])
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 minute")
      yield* Expect.occurred("expire", "skipped", 1, "environment")
      yield* Expect.occurred("archive", "skipped", 1, "environment")
      const groups = (yield* (yield* TriggerStore).list({ workspaceId: null })).map(
        ({ definition }) => definition.group
      )
      assert.deepStrictEqual(groups, ["nightly", "nightly"])
    }).pipe(Effect.provide(Schedules.engine(nightly)))
  })
})
