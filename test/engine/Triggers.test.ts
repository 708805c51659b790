import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerDefinition from "@fibercast/domain/TriggerDefinition"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { Triggers } from "@fibercast/engine/Triggers"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, pipe, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

const begin = Date.UTC(2026, 0, 1)

/** An engine that runs `job` each hour, and what it ran. */
const world = (change: (one: Scheduled.Scheduled<never>) => Scheduled.Scheduled<never> = (one) => one) => {
  const { lines, note } = Schedules.diary()
  const counted: Array<unknown> = []
  const Count = Pipeline.make("count", { payload: Schema.Number }).pipe(
    Pipeline.tap((n) => Effect.sync(() => counted.push(n)))
  )
  const job = Scheduled.run("job", Frequency.hourly, ({ late, wallTime }) =>
    Effect.andThen(note(`${wallTime.slice(11, 16)} ${late ?? "on time"}`), Effect.sleep("10 seconds"))
  )
  return { lines, counted, layer: Schedules.engine([change(job)], { pipelines: [Count] }) }
}
const shut = (one: Scheduled.Scheduled<never>) =>
  pipe(one, Scheduled.when(Effect.succeed(false)), Scheduled.environments("nowhere"))
const global = TestEngine.workspace("test")
const definition = (name: string, trigger: Trigger.Trigger, payload: Schema.Json = 7) =>
  TriggerDefinition.make(Trigger.named(name)(trigger), { _tag: "Deliver", pipeline: "count", payload, lane: "normal" })

describe("A trigger defined at run time", () => {
  it.effect("fires within a poll of being defined, until it is removed; its history stays until then", () => {
    const { counted, layer } = world()
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const id = yield* TestEngine.workspace("school", { zone: "Asia/Jakarta" })
      const { change, trigger } = yield* triggers.define(id, definition("tick", Frequency.everyMinute))
      assert.strictEqual(change, "added")
      assert.strictEqual(trigger.zone, "Asia/Jakarta")
      yield* TestClock.adjust("150 seconds")
      assert.deepStrictEqual(counted, [7, 7])
      assert.strictEqual((yield* triggers.history(id, "tick", 1)).length, 1)
      yield* triggers.remove(id, "tick")
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(counted, [7, 7])
      const gone = yield* Effect.flip(triggers.get(id, "tick"))
      assert.strictEqual(gone.message, 'there is no trigger "tick" in this workspace')
    }).pipe(Effect.provide(layer))
  })

  it.effect("changes when it is defined again, and is left alone when nothing differs", () => {
    const { layer } = world()
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const id = yield* TestEngine.workspace()
      yield* triggers.define(id, definition("tick", Frequency.hourly))
      assert.strictEqual((yield* triggers.define(id, definition("tick", Frequency.hourly))).change, "unchanged")
      assert.strictEqual((yield* triggers.define(id, definition("tick", Frequency.everyMinute))).change, "changed")
      yield* TestClock.adjust("61 seconds")
      yield* Expect.ran("tick", 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("cannot take, change or remove what code defines, and says whose that is", () => {
    const { layer } = world()
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const id = yield* global
      const message = 'the trigger "job" is defined in the code of test; change it there'
      assert.strictEqual((yield* Effect.flip(triggers.define(id, definition("job", Frequency.daily)))).message, message)
      assert.strictEqual((yield* Effect.flip(triggers.remove(id, "job"))).message, message)
    }).pipe(Effect.provide(layer))
  })

  it.effect("that can never fire, or of a workspace that does not exist, is refused", () => {
    const { layer } = world()
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const never: Trigger.Trigger = { ...Frequency.weekly, constraints: [{ _tag: "Days", days: ["monday"] }] }
      const id = yield* global
      assert.strictEqual((yield* Effect.flip(triggers.define(id, definition("a", never))))._tag, "NeverFires")
      const nowhere = yield* Effect.flip(triggers.define(WorkspaceId.make(99), definition("a", Frequency.daily)))
      assert.strictEqual(nowhere._tag, "WorkspaceNotFound")
    }).pipe(Effect.provide(layer))
  })
})

describe("What a trigger that is defined at run time may be", () => {
  it.effect("does not include the code of another trigger, nor names and texts that the store cannot keep", () => {
    const { layer } = world()
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const id = yield* TestEngine.workspace()
      const refusal = (changes: Partial<TriggerDefinition.TriggerDefinition>) =>
        Effect.map(
          Effect.flip(triggers.define(id, { ...definition("tick", Frequency.hourly), ...changes })),
          ({ _tag }) => _tag
        )
      const [job] = yield* triggers.list(yield* global)
      assert.strictEqual(yield* refusal({ target: job?.definition.target ?? assert.fail() }), "TargetIsCode")
      assert.strictEqual(yield* refusal({ overlapKey: "k".repeat(3000) }), "BadTrigger")
      assert.strictEqual(yield* refusal({ description: "d".repeat(20_000) }), "BadTrigger")
      assert.strictEqual(yield* refusal({ deadline: 0.5 }), "BadTrigger")
      const target = { _tag: "Deliver", pipeline: "count", payload: "p".repeat(5_000_000), lane: "normal" } as const
      assert.strictEqual(yield* refusal({ target }), "BadTrigger")
    }).pipe(Effect.provide(layer))
  })
})

describe("Pausing a trigger", () => {
  it.effect("skips what falls due meanwhile, and keeps the note; resumed, it fires from then on", () => {
    const { layer, lines } = world()
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const id = yield* global
      const paused = yield* triggers.pause(id, "job", "the database is moving")
      assert.strictEqual(paused.paused?.note, "the database is moving")
      yield* TestClock.adjust("150 minutes")
      yield* triggers.resume(id, "job")
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* Schedules.history("job"), [
        "01:00:00 skipped (paused)",
        "02:00:00 skipped (paused)",
        "03:00:00 fired"
      ])
      assert.deepStrictEqual(lines, ["03:00:00 03:00 on time"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("holds what falls due meanwhile if it is to be caught up with", () => {
    const { layer, lines } = world(Scheduled.misfire({ paused: { _tag: "Latest" } }))
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      yield* triggers.pause(yield* global, "job")
      yield* TestClock.adjust("150 minutes")
      assert.deepStrictEqual(yield* Schedules.history("job"), [])
      yield* triggers.resume(yield* global, "job")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Schedules.history("job"), ["01:00:00 skipped (paused)", "02:00:00 late (paused)"])
      assert.deepStrictEqual(lines, ["02:30:01 02:00 paused"])
    }).pipe(Effect.provide(layer))
  })
})

describe("Testing a trigger", () => {
  it.effect("runs it within a poll, whatever its conditions, environment and pause, and leaves its times alone", () => {
    const { layer, lines } = world(shut)
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const id = yield* global
      yield* triggers.pause(id, "job")
      const nominals = [yield* triggers.test(id, "job"), yield* triggers.test(id, "job")]
      assert.deepStrictEqual(nominals, [begin + 500, begin + 501])
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(lines, ["00:00:00 00:00 test", "00:00:10 00:00 test"])
      assert.deepStrictEqual(yield* Schedules.tallies("job"), { "late (test)": 2 })
      assert.strictEqual((yield* triggers.get(id, "job")).nextDue, begin + 3_600_000)
    }).pipe(Effect.provide(layer))
  })
})

describe("Backfilling a trigger", () => {
  it.effect(
    "runs what has not run of a range, one after another, what is recorded already first, and nothing that has or is yet to come",
    () => {
      const { layer, lines } = world()
      return Effect.gen(function* () {
        const triggers = yield* Triggers
        const id = yield* global
        yield* TestClock.adjust("61 minutes")
        yield* triggers.pause(id, "job")
        yield* TestClock.adjust("2 hours")
        yield* triggers.resume(id, "job")
        const filled = yield* triggers.backfill(id, "job", { from: begin, to: begin + 86_400_000 })
        assert.deepStrictEqual(filled.asked.map(Schedules.clockOf), ["00:00:00", "02:00:00", "03:00:00"])
        assert.strictEqual(filled.left, 1)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(lines.slice(1), [
          "03:01:01 02:00 backfill",
          "03:01:11 03:00 backfill",
          "03:01:21 00:00 backfill"
        ])
        yield* Expect.occurred("job", "late", 3, "backfill")
        const again = yield* triggers.backfill(id, "job", { from: begin, to: begin + 86_400_000 })
        assert.deepStrictEqual(again, { asked: [], left: 4 })
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("of a range that holds too much is refused, and says what to do", () => {
    const { layer } = world()
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const range = { from: Date.UTC(2020, 0, 1), to: begin }
      const refused = yield* Effect.flip(triggers.backfill(yield* global, "job", range))
      assert.strictEqual(refused.message, '"job" fires more than 10000 times in that range; backfill it in parts')
      assert.deepStrictEqual(yield* Schedules.history("job"), [])
    }).pipe(Effect.provide(layer))
  })
})
