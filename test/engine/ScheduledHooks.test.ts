import * as Frequency from "@fibercast/domain/Frequency"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as Expect from "@fibercast/testkit/Expect"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}
const broken = Effect.fail(new Broken())

describe("Hooks of a trigger", () => {
  it.effect("run in Laravel's order: those before, the work, then the others as they were given", () => {
    const { note, words } = Schedules.diary()
    const job = Scheduled.run("job", Frequency.everyMinute, note("work")).pipe(
      Scheduled.onSuccess(() => note("success")),
      Scheduled.before(() => note("before 1")),
      Scheduled.after(() => note("after")),
      Scheduled.onFailure(() => note("failure")),
      Scheduled.before(() => note("before 2"))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      assert.deepStrictEqual(words(), ["before 1", "before 2", "work", "success", "after"])
    }).pipe(Effect.provide(Schedules.engine([job])))
  })

  it.effect("are told how the run ended, and what it printed", () => {
    const told: Array<unknown> = []
    const job = Scheduled.run("job", Frequency.everyMinute, Effect.as(Effect.logInfo("counted"), 42)).pipe(
      Scheduled.after(({ failure, late, name, output, state, wallTime }) =>
        Effect.sync(() => told.push({ failure, late, name, output, state, wallTime }))
      )
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      const expected = { name: "job", wallTime: "2026-01-01 00:01", late: null, state: "completed", failure: null }
      assert.deepStrictEqual(told, [{ ...expected, output: "counted\n42" }])
    }).pipe(Effect.provide(Schedules.engine([job])))
  })

  it.effect(
    "that hang by the thousand hold up no tick; the ends of further runs are recorded when there is room",
    () => {
      const many = Array.from({ length: 60 }, (_, index) =>
        Scheduled.run(`job-${index}`, Frequency.everySecond, Effect.void).pipe(Scheduled.after(() => Effect.never))
      )
      return Effect.gen(function* () {
        yield* TestClock.adjust("29 seconds")
        yield* Expect.occurred("job-0", "fired", 29)
        const ended = (yield* Expect.occurrences("job-0")).filter(({ state }) => state !== null)
        assert.isBelow(ended.length, 28)
        yield* TestClock.adjust("2 minutes")
        const more = (yield* Expect.occurrences("job-0")).filter(({ state }) => state !== null)
        assert.isAbove(more.length, ended.length)
      }).pipe(Effect.provide(Schedules.engine(many, { scheduling: { hookTimeout: 3000 } })))
    }
  )

  it.effect("on failure run once, at the final failure, when all tries are used up", () => {
    const { lines, note } = Schedules.diary()
    const retry = RetryPolicy.after("5 seconds", { tries: 3 })
    const job = Scheduled.run("job", Frequency.everyMinute, Effect.andThen(note("try"), broken), { retry }).pipe(
      Scheduled.onFailure(({ failure }) => note(`failed: ${failure}`)),
      Scheduled.onSuccess(() => note("success"))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("80 seconds")
      assert.deepStrictEqual(
        lines.map((text) => text.slice(0, 18)),
        ["00:01:00 try", "00:01:05 try", "00:01:10 try", "00:01:10 failed: B"]
      )
      yield* Expect.ended("job", "failed", 1)
    }).pipe(Effect.provide(Schedules.engine([job])))
  })

  it.effect("that fail, die or hang change nothing, and the next one runs", () => {
    const { note, words } = Schedules.diary()
    const job = Scheduled.run("job", Frequency.everyMinute, note("work")).pipe(
      Scheduled.after(() => broken),
      Scheduled.after(() => Effect.die("bug")),
      Scheduled.after(() => Effect.never),
      Scheduled.after(() => note("last"))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("110 seconds")
      assert.deepStrictEqual(words(), ["work", "last"])
      yield* Expect.ended("job", "completed", 1)
    }).pipe(Effect.provide(Schedules.engine([job], { scheduling: { hookTimeout: 3000 } })))
  })

  it.effect("before that fail keep the code from running, at every try", () => {
    const { note, words } = Schedules.diary()
    const retry = RetryPolicy.after("5 seconds", { tries: 2 })
    const job = Scheduled.run("job", Frequency.everyMinute, note("work"), { retry }).pipe(
      Scheduled.before(() => Effect.andThen(note("before"), broken)),
      Scheduled.onFailure(() => note("failure"))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("80 seconds")
      assert.deepStrictEqual(words(), ["before", "before", "failure"])
      yield* Expect.ended("job", "failed", 1)
    }).pipe(Effect.provide(Schedules.engine([job])))
  })

  it.effect("before of a delivery run once it is dispatched, whatever they do", () => {
    const { note, words } = Schedules.diary()
    const Count = Pipeline.make("count", { payload: Schema.Number }).pipe(Pipeline.tap((n) => note(`count ${n}`)))
    const job = Scheduled.dispatch("job", Frequency.everyMinute, Count, 7).pipe(
      Scheduled.before(() => Effect.andThen(note("before"), broken)),
      Scheduled.onSuccess(() => note("success"))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      assert.deepStrictEqual(words().toSorted(), ["before", "count 7", "success"])
    }).pipe(Effect.provide(Schedules.engine([job], { pipelines: [Count] })))
  })

  it.effect("before of a delivery run as well when it had waited for an earlier run", () => {
    const { lines, note } = Schedules.diary()
    const Slow = Pipeline.make("slow", { payload: Schema.Null, timeout: null }).pipe(
      Pipeline.tap(() => Effect.sleep("90 seconds"))
    )
    const job = Scheduled.dispatch("job", Frequency.everyMinute, Slow, null).pipe(
      Scheduled.overlap({ _tag: "BufferOne" }),
      Scheduled.before(({ wallTime }) => note(`before ${wallTime.slice(11)}`))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("170 seconds")
      assert.deepStrictEqual(lines, ["00:01:00 before 00:01", "00:02:30 before 00:02"])
    }).pipe(Effect.provide(Schedules.engine([job], { pipelines: [Slow] })))
  })
})

const pinged = (name: string, code: Effect.Effect<void, Broken>) =>
  Scheduled.run(name, Frequency.everyMinute, code).pipe(
    Scheduled.pingBefore(`${name}/before`),
    Scheduled.thenPing(`${name}/then`),
    Scheduled.pingOnSuccess(`${name}/success`),
    Scheduled.pingOnFailure(`${name}/failure`)
  )
/** What of the pings is about the trigger. */
const pingsOf = (pings: ReadonlyArray<string>, name: string) =>
  pings.filter((url) => url.startsWith(name)).map((url) => url.slice(name.length + 1))

describe("Pings", () => {
  it.effect("go out ahead of the work, after it, and by how it ended", () => {
    const pings: Array<string> = []
    const both = [pinged("good", Effect.void), pinged("bad", broken)]
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      assert.deepStrictEqual(pingsOf(pings, "good"), ["before", "then", "success"])
      assert.deepStrictEqual(pingsOf(pings, "bad"), ["before", "then", "failure"])
    }).pipe(Effect.provide(Schedules.engine(both).pipe(Layer.provide(Schedules.layerPing(pings)))))
  })

  it.effect("a monitor that cannot be reached keeps no code from running", () => {
    const { note, words } = Schedules.diary()
    const pings: Array<string> = []
    const job = Scheduled.run("job", Frequency.everyMinute, note("work")).pipe(Scheduled.pingBefore("monitor/down"))
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      assert.deepStrictEqual(pings, ["monitor/down"])
      assert.deepStrictEqual(words(), ["work"])
      yield* Expect.ended("job", "completed", 1)
    }).pipe(Effect.provide(Schedules.engine([job]).pipe(Layer.provide(Schedules.layerPing(pings)))))
  })
})
