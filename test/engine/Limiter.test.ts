import * as Limiter from "@fibercast/engine/Limiter"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

/** Takes `count` times in a row and keeps when. */
const instants = Effect.fnUntraced(function* (limiters: ReadonlyArray<Limiter.Limiter>, count: number) {
  const taken: Array<number> = []
  for (let index = 0; index < count; index++) {
    yield* Limiter.takeAll(limiters)
    taken.push(yield* Clock.currentTimeMillis)
  }
  return taken
})

/** At most `permits` of these instants in any second. */
const isWithin = (taken: ReadonlyArray<number>, permits: number) =>
  taken.slice(permits).every((at, index) => at - (taken[index] ?? 0) >= 1000)

const perSecond = (permits: number) => Limiter.make({ rate: { permits, per: 1000 } })

describe("Limiter", () => {
  it.effect("lets starts through at its rate", () =>
    Effect.gen(function* () {
      const limiter = yield* perSecond(4)
      const taking = yield* Effect.forkChild(instants([limiter], 6))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(taking), [0, 250, 500, 750, 1000, 1250])
    })
  )

  it.effect("without a rate it never waits and gives no hint", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.make({})
      assert.deepStrictEqual(
        yield* instants([limiter], 1000),
        Array.from({ length: 1000 }, () => 0)
      )
      assert.isNull(limiter.hint)
      assert.strictEqual(limiter.delay(0), 0)
    })
  )

  it.effect("concurrent takers together stay within the rate", () =>
    Effect.gen(function* () {
      const limiter = yield* perSecond(10)
      const takers = yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.forkChild(instants([limiter], 20)))
      yield* TestClock.adjust("20 seconds")
      const taken = (yield* Fiber.joinAll(takers)).flat().toSorted((a, b) => a - b)
      assert.deepStrictEqual(
        taken,
        Array.from({ length: 100 }, (_, index) => index * 100)
      )
    })
  )

  it.effect("what it is primed with counts as started now", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.make({ rate: { permits: 2, per: 1000 } }, { primed: 2 })
      const taking = yield* Effect.forkChild(instants([limiter], 1))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(taking), [1000])
    })
  )

  it.effect("delay says how long the next start has to wait", () =>
    Effect.gen(function* () {
      const limiter = yield* perSecond(4)
      assert.strictEqual(limiter.delay(0), 0)
      yield* limiter.take
      assert.strictEqual(limiter.delay(0), 250)
      yield* TestClock.adjust(100)
      assert.strictEqual(limiter.delay(100), 150)
      assert.strictEqual(limiter.hint, 0.004)
    })
  )

  it.effect("grant charges the start that delay allowed", () =>
    Effect.gen(function* () {
      const limiter = yield* perSecond(4)
      limiter.grant(0)
      assert.strictEqual(limiter.delay(0), 250)
    })
  )

  it.effect("who is interrupted while waiting was not charged", () =>
    Effect.gen(function* () {
      const limiter = yield* perSecond(1)
      yield* limiter.take
      const waiting = yield* Effect.forkChild(limiter.take)
      yield* TestClock.adjust(600)
      yield* Fiber.interrupt(waiting)
      const taking = yield* Effect.forkChild(instants([limiter], 1))
      yield* TestClock.adjust(600)
      assert.deepStrictEqual(yield* Fiber.join(taking), [1000])
    })
  )

  it.effect("several limiters are taken from together: waiting for one uses up nothing of the others", () =>
    Effect.gen(function* () {
      const workspace = yield* perSecond(10)
      const account = yield* perSecond(1)
      yield* Limiter.takeAll([workspace, account])
      const both = yield* Effect.forkChild(instants([workspace, account], 1))
      yield* TestClock.adjust(500)
      const alone = yield* instants([workspace], 1)
      yield* TestClock.adjust(500)
      assert.deepStrictEqual(alone, [500])
      assert.deepStrictEqual(yield* Fiber.join(both), [1000])
      assert.strictEqual(workspace.delay(1000), 100)
    })
  )

  it.effect("takers of different sets of limiters all get through, within every limit", () =>
    Effect.gen(function* () {
      const workspace = yield* perSecond(10)
      const fast = yield* perSecond(8)
      const slow = yield* perSecond(2)
      const takers = yield* Effect.forEach([[workspace, fast], [slow, workspace], [workspace]], (limiters) =>
        Effect.forkChild(instants(limiters, 10))
      )
      yield* TestClock.adjust("30 seconds")
      const [viaFast = [], viaSlow = [], viaNone = []] = yield* Fiber.joinAll(takers)
      const all = [...viaFast, ...viaSlow, ...viaNone].toSorted((a, b) => a - b)
      assert.strictEqual(all.length, 30)
      assert.isTrue(isWithin(all, 10))
      assert.isTrue(isWithin(viaSlow, 2))
      assert.isTrue(isWithin(viaFast, 8))
    })
  )

  it.effect("nothing starts while paused, also without a rate, and the longest pause counts", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.make({})
      yield* limiter.pauseUntil(5000)
      yield* limiter.pauseUntil(3000)
      assert.strictEqual(limiter.delay(1000), 4000)
      const taking = yield* Effect.forkChild(instants([limiter], 2))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(taking), [5000, 5000])
    })
  )

  it.effect("a changed rate holds at once and still counts what was started", () =>
    Effect.gen(function* () {
      const limiter = yield* perSecond(4)
      const before = yield* Effect.forkChild(instants([limiter], 4))
      yield* TestClock.adjust(750)
      assert.deepStrictEqual(yield* Fiber.join(before), [0, 250, 500, 750])
      yield* limiter.setRate({ permits: 1, per: 1000 })
      assert.strictEqual(limiter.delay(750), 1000)
      yield* limiter.setRate({ permits: 1, per: 1000 })
      assert.strictEqual(limiter.delay(750), 1000)
      yield* limiter.setRate(null)
      assert.strictEqual(limiter.delay(750), 0)
      assert.isNull(limiter.hint)
    })
  )

  it.effect("a wall clock that is set back or forth neither closes nor opens it", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let step = 0
      const stepped: Clock.Clock = { ...clock, currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + step }
      const limiter = yield* Effect.provideService(perSecond(1), Clock.Clock, stepped)
      yield* limiter.take
      step = 3_600_000
      assert.strictEqual(limiter.delay(stepped.currentTimeMillisUnsafe()), 1000)
      step = -3_600_000
      assert.strictEqual(limiter.delay(stepped.currentTimeMillisUnsafe()), 1000)
    })
  )
})
