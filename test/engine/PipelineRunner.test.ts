import * as PipelineRunner from "@fibercast/engine/PipelineRunner"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"

interface End<Item> {
  readonly item: Item
  readonly exit: Exit.Exit<unknown, unknown>
  readonly timedOut: boolean
}

/** A runner whose ends are kept in the order they came. */
const recorded = Effect.fnUntraced(function* <Item, E = never>(options: {
  readonly concurrency?: number
  readonly timeout?: (item: Item) => number | null
  readonly run: (item: Item) => Effect.Effect<unknown, E>
}) {
  const ends: Array<End<Item>> = []
  const runner = yield* PipelineRunner.make<Item, unknown, E, never>({
    concurrency: options.concurrency ?? 10,
    timeout: options.timeout ?? (() => null),
    run: options.run,
    onExit: (item, exit, timedOut) => {
      ends.push({ item, exit, timedOut })
    }
  })
  return { runner, ends, items: () => ends.map((end) => end.item) }
})

/** Lets every fiber that can run do so; no time passes. */
const settled = TestClock.adjust(0)

describe("PipelineRunner", () => {
  it.effect("an item that never suspends has ended when submit returns, in order", () =>
    Effect.gen(function* () {
      const { runner, items } = yield* recorded<number>({ concurrency: 1, run: () => Effect.void })
      yield* runner.submit([1, 2, 3])
      yield* runner.submitOne(4)
      assert.deepStrictEqual(items(), [1, 2, 3, 4])
      assert.strictEqual(runner.active(), 0)
    })
  )

  it.effect("no more than concurrency items are open, and submit waits for a place", () =>
    Effect.gen(function* () {
      let most = 0
      let open = 0
      const { runner, items } = yield* recorded<number>({
        concurrency: 3,
        run: (item) =>
          Effect.sync(() => {
            most = Math.max(most, ++open)
          }).pipe(
            Effect.andThen(Effect.sleep(item * 10)),
            Effect.tap(() => Effect.sync(() => open--))
          )
      })
      const submitting = yield* Effect.forkChild(runner.submit([9, 1, 2, 3, 4]))
      yield* settled
      assert.strictEqual(runner.active(), 3)
      assert.isUndefined(submitting.pollUnsafe())
      yield* TestClock.adjust(20)
      yield* Fiber.join(submitting)
      assert.deepStrictEqual(items(), [1, 2])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(items(), [1, 2, 3, 4, 9])
      assert.strictEqual(most, 3)
    })
  )

  it.effect("several submitters share the places and all of their items run once", () =>
    Effect.gen(function* () {
      const { runner, items } = yield* recorded<number>({ concurrency: 2, run: () => Effect.sleep(1) })
      const submitters = yield* Effect.forEach([0, 10, 20], (base) =>
        Effect.forkChild(runner.submit([base, base + 1, base + 2]))
      )
      yield* TestClock.adjust(4)
      assert.isAtMost(runner.active(), 2)
      yield* TestClock.adjust(10)
      yield* Fiber.joinAll(submitters)
      assert.deepStrictEqual(
        items().toSorted((a, b) => a - b),
        [0, 1, 2, 10, 11, 12, 20, 21, 22]
      )
    })
  )

  it.effect("an interrupted submitter starts nothing more and holds up no other", () =>
    Effect.gen(function* () {
      const { runner, items } = yield* recorded<string>({ concurrency: 1, run: () => Effect.sleep(10) })
      yield* runner.submitOne("open")
      const gone = yield* Effect.forkChild(runner.submit(["gone"]))
      yield* settled
      const next = yield* Effect.forkChild(runner.submit(["next"]))
      yield* settled
      yield* Fiber.interrupt(gone)
      yield* TestClock.adjust(20)
      yield* Fiber.join(next)
      assert.deepStrictEqual(items(), ["open", "next"])
    })
  )

  it.effect("each item reaches onExit once, with the exit it had", () =>
    Effect.gen(function* () {
      const bodies: Readonly<Record<string, () => Effect.Effect<unknown, string>>> = {
        succeeds: () => Effect.succeed(1),
        fails: () => Effect.fail("typed"),
        dies: () => Effect.andThen(Effect.yieldNow, Effect.die("defect")),
        throws: () => {
          throw new Error("thrown")
        },
        interrupts: () => Effect.andThen(Effect.sleep(1), Effect.interrupt)
      }
      const { runner, ends } = yield* recorded<string, string>({ run: (name) => bodies[name]?.() ?? Effect.void })
      yield* runner.submit(Object.keys(bodies))
      yield* TestClock.adjust(1)
      const causes = new Map(ends.map(({ item, exit }) => [item, Exit.isSuccess(exit) ? null : exit.cause]))
      assert.strictEqual(ends.length, 5)
      assert.isNull(causes.get("succeeds"))
      assert.deepStrictEqual(causes.get("fails"), Cause.fail("typed"))
      assert.deepStrictEqual(causes.get("dies"), Cause.die("defect"))
      assert.include(Cause.pretty(causes.get("throws") ?? Cause.empty), "thrown")
      assert.isTrue(Cause.hasInterruptsOnly(causes.get("interrupts") ?? Cause.empty))
      assert.isFalse(ends.some((end) => end.timedOut))
    })
  )

  it.effect("an item past its time-out is interrupted, cleaned up and flagged; one within it is not", () =>
    Effect.gen(function* () {
      let cleaned = 0
      const { runner, ends } = yield* recorded<number>({
        timeout: () => 1000,
        run: (millis) => Effect.sleep(millis).pipe(Effect.onInterrupt(() => Effect.sync(() => cleaned++)))
      })
      yield* runner.submit([999, 5000])
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(
        ends.map(({ item, timedOut }) => [item, timedOut]),
        [[999, false]]
      )
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(
        ends.map(({ item, timedOut }) => [item, timedOut]),
        [
          [999, false],
          [5000, true]
        ]
      )
      assert.strictEqual(cleaned, 1)
    })
  )

  it.effect("time-outs differ by item, and a shorter one that comes later fires first", () =>
    Effect.gen(function* () {
      const ended = new Map<number, number>()
      const runner = yield* PipelineRunner.make<number, unknown, never, never>({
        concurrency: 10,
        timeout: (item) => (item === 0 ? null : item),
        run: () => Effect.never,
        onExit: (item) => {
          ended.set(item, Effect.runSync(Effect.provideService(Clock.currentTimeMillis, Clock.Clock, clock)))
        }
      })
      const clock = yield* Clock.Clock
      yield* runner.submit([0, 300, 100])
      yield* TestClock.adjust(50)
      yield* runner.submitOne(20)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(Array.from(ended), [
        [20, 70],
        [100, 100],
        [300, 300]
      ])
      assert.strictEqual(runner.active(), 1)
    })
  )

  it.effect("of many different time-outs none fires early, and none later than an eighth", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const lateness: Array<number> = []
      const runner = yield* PipelineRunner.make<number, unknown, never, never>({
        concurrency: 1000,
        timeout: (item) => item,
        run: () => Effect.never,
        onExit: (item) => {
          lateness.push((clock.currentTimeMillisUnsafe() - item) / item)
        }
      })
      yield* runner.submit(Array.from({ length: 500 }, (_, index) => 100 + index * 7))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(lateness.length, 500)
      assert.isAtLeast(Math.min(...lateness), 0)
      assert.isAtMost(Math.max(...lateness), 1 / 8)
    })
  )

  it.effect("time-outs hold after many items that ended before theirs", () =>
    Effect.gen(function* () {
      const { runner, ends } = yield* recorded<number>({
        concurrency: 2,
        timeout: () => 60_000,
        run: (item) => (item === 0 ? Effect.never : Effect.yieldNow)
      })
      yield* runner.submit([0, ...Array.from({ length: 2000 }, (_, index) => index + 1)])
      yield* settled
      assert.strictEqual(ends.length, 2000)
      assert.isFalse(ends.some((end) => end.timedOut))
      yield* TestClock.adjust(60_000)
      assert.deepStrictEqual(ends.at(-1)?.item, 0)
      assert.isTrue(ends.at(-1)?.timedOut)
    })
  )

  it.effect("a body that cannot be interrupted keeps its place until it ends, flagged", () =>
    Effect.gen(function* () {
      const { runner, ends } = yield* recorded<string>({
        concurrency: 1,
        timeout: () => 10,
        run: () => Effect.uninterruptible(Effect.sleep(1000))
      })
      yield* runner.submitOne("stubborn")
      yield* TestClock.adjust(500)
      assert.strictEqual(runner.active(), 1)
      assert.strictEqual(ends.length, 0)
      yield* TestClock.adjust(500)
      assert.strictEqual(runner.active(), 0)
      assert.deepStrictEqual(
        ends.map((end) => end.timedOut),
        [true]
      )
    })
  )

  it.effect("awaitIdle returns when the last open item has ended", () =>
    Effect.gen(function* () {
      const { runner } = yield* recorded<number>({ run: (millis) => Effect.sleep(millis) })
      yield* runner.awaitIdle
      yield* runner.submit([10, 30])
      const idle = yield* Effect.forkChild(runner.awaitIdle)
      yield* TestClock.adjust(29)
      assert.isUndefined(idle.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(idle)
      assert.strictEqual(runner.active(), 0)
    })
  )

  it.effect("closing the scope interrupts what is open, waits for its finalizers and reports it as not timed out", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const finalized = yield* Deferred.make<void>()
      const { runner, ends } = yield* Scope.provide(
        recorded<string>({
          timeout: () => 50,
          run: () => Effect.never.pipe(Effect.onInterrupt(() => Deferred.await(finalized)))
        }),
        scope
      )
      yield* runner.submit(["a", "b"])
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust(100)
      assert.isUndefined(closing.pollUnsafe())
      assert.strictEqual(ends.length, 0)
      yield* Deferred.succeed(finalized, undefined)
      yield* Fiber.join(closing)
      assert.deepStrictEqual(
        ends.map(({ item, timedOut, exit }) => [item, timedOut, Exit.isFailure(exit)]),
        [
          ["a", false, true],
          ["b", false, true]
        ]
      )
    })
  )

  it.effect("a closed runner starts nothing: it interrupts who submits and who still waits to", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { runner, items } = yield* Scope.provide(
        recorded<string>({ concurrency: 1, run: () => Effect.never }),
        scope
      )
      yield* runner.submitOne("open")
      const waiting = yield* Effect.forkChild(runner.submitOne("waiting"))
      yield* settled
      yield* Scope.close(scope, Exit.void)
      const late = yield* Effect.exit(runner.submit(["late"]))
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(waiting)))
      assert.isTrue(Exit.hasInterrupts(late))
      assert.deepStrictEqual(items(), ["open"])
    })
  )

  it.effect("interrupts those of its items that it is told to, and no others", () =>
    Effect.gen(function* () {
      const { ends, runner } = yield* recorded<string>({ concurrency: 3, run: () => Effect.sleep(10) })
      yield* runner.submit(["first", "second", "third"])
      assert.deepStrictEqual(runner.items(), ["first", "second", "third"])
      runner.interrupt(new Set(["second", "unknown"]))
      yield* settled
      assert.deepStrictEqual(runner.items(), ["first", "third"])
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(
        ends.map(({ exit, item, timedOut }) => [item, Exit.isSuccess(exit), timedOut]),
        [
          ["second", false, false],
          ["first", true, false],
          ["third", true, false]
        ]
      )
    })
  )

  it.effect("what is interrupted while it waits to be started is not run, and reported in its turn", () =>
    Effect.gen(function* () {
      const ran: Array<string> = []
      const { ends, items, runner } = yield* recorded<string>({
        concurrency: 1,
        run: (item) => {
          ran.push(item)
          return Effect.sleep(10)
        }
      })
      const submitting = yield* Effect.forkChild(runner.submit(["first", "second", "third"]))
      const gone = yield* Effect.forkChild(runner.submit(["gone"]))
      yield* settled
      assert.deepStrictEqual(runner.items(), ["first", "second", "third", "gone"])
      runner.interrupt(new Set(["second", "gone"]))
      yield* Fiber.interrupt(gone)
      yield* TestClock.adjust(20)
      yield* Fiber.join(submitting)
      assert.deepStrictEqual(ran, ["first", "third"])
      assert.deepStrictEqual(items(), ["first", "second", "third"])
      assert.isTrue(ends[1] !== undefined && Exit.hasInterrupts(ends[1].exit))
      yield* runner.submitOne("gone")
      assert.include(ran, "gone")
      assert.deepStrictEqual(runner.items(), ["gone"])
    })
  )

  it.effect("an onExit that throws is not swallowed: the next submit dies of it", () =>
    Effect.gen(function* () {
      const runner = yield* PipelineRunner.make<number, void, never, never>({
        concurrency: 2,
        timeout: () => null,
        run: (millis) => Effect.sleep(millis),
        onExit: () => {
          throw new Error("broken onExit")
        }
      })
      yield* runner.submit([1, 50])
      const waiting = yield* Effect.forkChild(runner.submitOne(2))
      yield* TestClock.adjust(1)
      const exit = yield* Fiber.await(waiting)
      assert.isTrue(Exit.hasDies(exit))
      assert.strictEqual(runner.active(), 1)
    })
  )

  it.effect("a submitter of much work gives way to other fibers", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let reads = 0
      const passing: Clock.Clock = {
        ...clock,
        monotonicTimeNanosUnsafe: () => BigInt(++reads) * 3_000_000n
      }
      let started = 0
      let seen = -1
      const runner = yield* PipelineRunner.make<number, void, never, never>({
        concurrency: 1,
        timeout: () => null,
        run: () => Effect.sync(() => void started++),
        onExit: () => {}
      }).pipe(Effect.provideService(Clock.Clock, passing))
      yield* Effect.forkChild(
        Effect.sync(() => {
          seen = started
        })
      )
      yield* runner.submit(Array.from({ length: 1000 }, (_, index) => index))
      assert.strictEqual(started, 1000)
      assert.isAbove(seen, 0)
      assert.isBelow(seen, 200)
    })
  )
})
