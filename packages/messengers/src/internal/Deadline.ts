/**
 * A deadline for calls that may all take as long: one timer for all of them, where a race would cost each two fibers and a timer.
 *
 * What is late is interrupted, and its caller told once its finalizers have run; what cannot be interrupted ends as it ends. A
 * caller that is interrupted takes its call with it. Held in memory: the calls under way.
 */
import { type Context, Cause, Clock, Duration, Effect, Exit, Fiber, FiberSet, type Scope } from "effect"

interface Call {
  readonly fiber: Fiber.Fiber<unknown, unknown>
  /** On the clock that never goes back, in milliseconds. */
  readonly until: number
  isLate: boolean
}

/** Runs the call with what is at hand in `context`; `late` when it took too long. */
export type Deadline = <A, E, E2>(
  call: Effect.Effect<A, E>,
  context: Context.Context<never>,
  late: Effect.Effect<never, E2>
) => Effect.Effect<A, E | E2>

const isCut = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)

export const make = Effect.fnUntraced(function* (
  timeout: Duration.Input
): Effect.fn.Return<Deadline, never, Scope.Scope> {
  const millis = Duration.toMillis(timeout)
  const clock = yield* Clock.Clock
  const fork = yield* FiberSet.makeRuntime()
  const passed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const calls = new Set<Call>()
  let isWatching = millis === Infinity

  /** While there are calls: who began first is due first. */
  const watching = Effect.gen(function* () {
    for (let [first] = calls; first !== undefined; [first] = calls) {
      const left = Math.ceil(first.until - passed())
      if (left > 0) yield* Effect.sleep(left)
      else {
        calls.delete(first)
        first.isLate = true
        first.fiber.interruptUnsafe()
      }
    }
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        isWatching = false
      })
    )
  )

  return <A, E, E2>(call: Effect.Effect<A, E>, context: Context.Context<never>, late: Effect.Effect<never, E2>) =>
    Effect.callback<A, E | E2>((resume) => {
      const fiber = Effect.runForkWith(context)(call)
      const mine: Call = { fiber, until: passed() + millis, isLate: false }
      calls.add(mine)
      fiber.addObserver((exit) => {
        calls.delete(mine)
        resume(mine.isLate && isCut(exit) ? late : exit)
      })
      if (!isWatching) {
        isWatching = true
        fork(watching)
      }
      return Fiber.interrupt(fiber)
    })
})
