/**
 * An alarm opens a latch after a while at the latest, so that who waits for it looks again.
 *
 * It may open it early: an alarm that is put off stays where it was, as who looks too early merely waits once more. So of
 * many short waits few set a timer.
 */
import { Clock, Effect, FiberHandle, type Latch, type Scope } from "effect"

/** Sets it, in milliseconds from now. */
export type Alarm = (millis: number) => void

/** It rings until the scope closes. */
export const make = Effect.fnUntraced(function* (latch: Latch.Latch): Effect.fn.Return<Alarm, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const run = yield* FiberHandle.makeRuntime<never>()
  let set = Infinity
  return (millis) => {
    const at = Number(clock.monotonicTimeNanosUnsafe()) / 1e6 + millis
    if (at >= set) return
    set = at
    const ring = Effect.sync(() => {
      set = Infinity
      latch.openUnsafe()
    })
    run(Effect.andThen(Effect.sleep(millis), ring))
  }
})
