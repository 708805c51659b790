import * as Frequency from "@fibercast/domain/Frequency"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as RunOutput from "@fibercast/engine/RunOutput"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as Expect from "@fibercast/testkit/Expect"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

/** What is kept of an Effect, each time that something is. */
const kept = Effect.fnUntraced(function* <A, E>(effect: Effect.Effect<A, E>) {
  const texts: Array<string> = []
  yield* Effect.exit(RunOutput.capture(effect, (text) => Effect.sync(() => texts.push(text))))
  return texts
})

describe("The output of a run", () => {
  it.effect("is what it logs and what it answers, line by line, levels other than info named", () =>
    Effect.gen(function* () {
      const work = Effect.logInfo("begun", { rows: 3 }).pipe(
        Effect.andThen(Effect.logWarning("slow")),
        Effect.andThen(Effect.logError(new Error("one was bad"))),
        Effect.as({ done: 2 })
      )
      assert.deepStrictEqual(yield* kept(work), ['begun {"rows":3}\nWARN slow\nERROR Error: one was bad\n{"done":2}'])
    })
  )

  it.effect("is not kept when there is none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* kept(Effect.void), [])
      assert.deepStrictEqual(yield* kept(Effect.succeed(null)), [])
    })
  )

  it.effect("is kept also when the run fails, dies or is interrupted", () =>
    Effect.gen(function* () {
      const said = Effect.logInfo("so far")
      assert.deepStrictEqual(yield* kept(Effect.andThen(said, Effect.fail("no"))), ["so far"])
      assert.deepStrictEqual(yield* kept(Effect.andThen(said, Effect.die("bug"))), ["so far"])
      assert.deepStrictEqual(yield* kept(Effect.andThen(said, Effect.interrupt)), ["so far"])
    })
  )

  it.effect("is cut off at its bound, with a note, however much is printed", () =>
    Effect.gen(function* () {
      const chatter = Effect.repeat(Effect.logInfo("x".repeat(999)), { times: 200 })
      const [text = ""] = yield* kept(chatter)
      assert.strictEqual(text.length, RunOutput.longest)
      assert.isTrue(text.endsWith("… more was left out"))
      assert.isTrue(text.startsWith("xxx"))
    })
  )

  it.effect("what cannot be shown does not fail the run", () =>
    Effect.gen(function* () {
      const loop: { self?: unknown } = {}
      loop.self = loop
      assert.deepStrictEqual(yield* kept(Effect.as(Effect.logInfo("tied", 12n), loop)), ["tied 12"])
    })
  )

  it.effect("is that of the last try", () => {
    let tries = 0
    const work = Effect.suspend(() => Effect.andThen(Effect.logInfo(`try ${++tries}`), Effect.fail("no")))
    const retry = RetryPolicy.after("5 seconds", { tries: 2 })
    return Effect.gen(function* () {
      yield* TestClock.adjust("70 seconds")
      const [one] = yield* Expect.occurrences("job")
      assert.strictEqual(one?.output ?? "", "try 2")
    }).pipe(Effect.provide(Schedules.engine([Scheduled.run("job", Frequency.everyMinute, work, { retry })])))
  })
})
