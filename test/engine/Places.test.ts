import { type Lane } from "@fibercast/domain/Lane"
import { Places } from "@fibercast/engine/Places"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as fc from "fast-check"

/** Asks for places; notes its name once it has them. */
const asking = (places: Places, lane: Lane, name: string, entered: Array<string>, count = 1) =>
  Effect.forkChild(
    Effect.andThen(
      places.take(count, lane),
      Effect.sync(() => entered.push(name))
    ),
    {
      startImmediately: true
    }
  )

const settle = Effect.repeat(Effect.yieldNow, { times: 20 })

describe("Places", () => {
  it.effect("of those that wait the more urgent lane enters first, and within a lane who came first", () =>
    Effect.gen(function* () {
      const places = new Places(10)
      const entered: Array<string> = []
      yield* places.take(10, "urgent")
      yield* asking(places, "bulk", "bulk 1", entered)
      yield* asking(places, "bulk", "bulk 2", entered)
      yield* asking(places, "urgent", "urgent", entered)
      places.release(10)
      yield* settle
      assert.deepStrictEqual(entered, ["urgent", "bulk 1", "bulk 2"])
    })
  )

  it.effect("a tenth is kept for urgent and high", () =>
    Effect.gen(function* () {
      const places = new Places(10)
      const entered: Array<string> = []
      yield* places.take(9, "bulk")
      const waiting = yield* asking(places, "normal", "normal", entered)
      yield* settle
      assert.deepStrictEqual(entered, [])
      yield* asking(places, "high", "high", entered)
      yield* settle
      assert.deepStrictEqual(entered, ["high"])
      yield* Fiber.interrupt(waiting)
    })
  )

  it.effect("however they come, go and give up: never more than there are, and none is lost", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              lane: fc.constantFrom<Lane>("urgent", "high", "normal", "bulk"),
              count: fc.integer({ min: 1, max: 9 }),
              gives: fc.boolean()
            }),
            { maxLength: 30 }
          ),
          (steps) =>
            Effect.runPromise(
              Effect.gen(function* () {
                const places = new Places(10)
                const fibers: Array<Fiber.Fiber<void>> = []
                for (const { count, gives, lane } of steps) {
                  const release = Effect.sync(() => places.release(count))
                  const held = Effect.uninterruptibleMask((restore) =>
                    Effect.andThen(
                      restore(places.take(count, lane)),
                      Effect.ensuring(restore(Effect.yieldNow), release)
                    )
                  )
                  fibers.push(yield* Effect.forkChild(held, { startImmediately: true }))
                  assert.isAtMost(places.taken, 10)
                  const last = fibers.at(-1)
                  if (gives && last !== undefined) yield* Fiber.interrupt(last)
                }
                yield* Effect.forEach(fibers, Fiber.await)
                assert.strictEqual(places.taken, 0)
              })
            )
        ),
        { numRuns: 100 }
      )
    )
  )
})
