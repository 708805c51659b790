import * as SendPlaces from "@fibercast/engine/SendPlaces"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Latch } from "effect"
import { TestClock } from "effect/testing"

const crowded = Effect.fail("crowded" as const)

/** Places, and sends that note when they begin and end when they are told. */
const given = Effect.fnUntraced(function* (count: number) {
  const places = yield* SendPlaces.make(1000)
  places.resize(count)
  const begun: Array<string> = []
  const ends = new Map<string, Latch.Latch>()
  const send = (name: string) => {
    const end = Latch.makeUnsafe(false)
    ends.set(name, end)
    return places.run(
      Effect.suspend(() => {
        begun.push(name)
        return Effect.as(end.await, name)
      }),
      crowded
    )
  }
  return { places, begun, start: (name: string) => Effect.forkChild(send(name), { startImmediately: true }), ends }
})

describe("Places of an account", () => {
  it.effect("as many are in as there are places, and the rest wait in the order they came", () =>
    Effect.gen(function* () {
      const { begun, ends, start } = yield* given(2)
      const fibers = yield* Effect.forEach(["a", "b", "c", "d"], start)
      assert.deepStrictEqual(begun, ["a", "b"])
      ends.get("b")?.openUnsafe()
      assert.deepStrictEqual(begun, ["a", "b", "c"])
      ends.get("a")?.openUnsafe()
      assert.deepStrictEqual(begun, ["a", "b", "c", "d"])
      for (const end of ends.values()) end.openUnsafe()
      assert.deepStrictEqual(yield* Fiber.joinAll(fibers), ["a", "b", "c", "d"])
    })
  )

  it.effect("the next one is under way before who left goes on", () =>
    Effect.gen(function* () {
      const { begun, ends, places, start } = yield* given(1)
      const end = Latch.makeUnsafe(false)
      const first = places.run(end.await, crowded).pipe(Effect.andThen(Effect.sync(() => begun.push("went on"))))
      const leaving = yield* Effect.forkChild(first, { startImmediately: true })
      yield* start("next")
      end.openUnsafe()
      yield* Fiber.join(leaving)
      assert.deepStrictEqual(begun, ["next", "went on"])
      ends.get("next")?.openUnsafe()
    })
  )

  it.effect("twenty thousand that end as soon as they begin are let in one after another", () =>
    Effect.gen(function* () {
      const { ends, places, start } = yield* given(1)
      const first = yield* start("first")
      let sent = 0
      const rest = yield* Effect.forkChild(
        Effect.replicateEffect(
          places.run(
            Effect.sync(() => sent++),
            crowded
          ),
          20_000,
          { concurrency: "unbounded", discard: true }
        ),
        { startImmediately: true }
      )
      assert.strictEqual(sent, 0)
      ends.get("first")?.openUnsafe()
      yield* Fiber.join(first)
      yield* Fiber.join(rest)
      assert.strictEqual(sent, 20_000)
    })
  )

  it.effect("who finds no place in time is told so, and who came later may wait longer", () =>
    Effect.gen(function* () {
      const { begun, ends, start } = yield* given(1)
      yield* start("a")
      const early = yield* start("early")
      yield* TestClock.adjust("600 millis")
      const late = yield* start("late")
      yield* TestClock.adjust("399 millis")
      assert.isUndefined(early.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.await(early), Exit.fail("crowded" as const))
      assert.isUndefined(late.pollUnsafe())
      ends.get("a")?.openUnsafe()
      assert.deepStrictEqual(begun, ["a", "late"])
      yield* TestClock.adjust("10 seconds")
      assert.isUndefined(late.pollUnsafe())
      ends.get("late")?.openUnsafe()
      assert.strictEqual(yield* Fiber.join(late), "late")
    })
  )

  it.effect("after nobody waited for a while, who waits is told in time as well", () =>
    Effect.gen(function* () {
      const { start } = yield* given(1)
      yield* start("a")
      const first = yield* start("first")
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(first)))
      yield* TestClock.adjust("1 minute")
      const second = yield* start("second")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.await(second), Exit.fail("crowded" as const))
    })
  )

  it.effect("who is interrupted leaves: its place, or the line", () =>
    Effect.gen(function* () {
      const { begun, start } = yield* given(1)
      const inside = yield* start("inside")
      const waiting = yield* start("waiting")
      yield* start("next")
      yield* Fiber.interrupt(waiting)
      assert.deepStrictEqual(begun, ["inside"])
      yield* Fiber.interrupt(inside)
      assert.deepStrictEqual(begun, ["inside", "next"])
    })
  )

  it.effect("a send that fails or crashes leaves its place", () =>
    Effect.gen(function* () {
      const { begun, places, start } = yield* given(1)
      yield* Effect.flip(places.run(Effect.fail("no"), crowded))
      yield* Effect.exit(places.run(Effect.die("oh"), crowded))
      yield* start("a")
      assert.deepStrictEqual(begun, ["a"])
    })
  )

  it.effect("more places let in who waits at once; fewer let nobody in until enough have left", () =>
    Effect.gen(function* () {
      const { begun, ends, places, start } = yield* given(1)
      for (const name of ["a", "b", "c", "d"]) yield* start(name)
      places.resize(3)
      assert.deepStrictEqual(begun, ["a", "b", "c"])
      places.resize(1)
      ends.get("a")?.openUnsafe()
      ends.get("b")?.openUnsafe()
      assert.deepStrictEqual(begun, ["a", "b", "c"])
      ends.get("c")?.openUnsafe()
      assert.deepStrictEqual(begun, ["a", "b", "c", "d"])
    })
  )

  it.effect("who waits is told in time although the wall clock was set back meanwhile", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let back = 0
      const shifted: Clock.Clock = { ...clock, currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - back }
      const { start } = yield* Effect.provideService(given(1), Clock.Clock, shifted)
      yield* start("a")
      const waiting = yield* start("waiting")
      back = 60_000
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(waiting.pollUnsafe(), Exit.fail("crowded" as const))
    })
  )
})
