/**
 * The clock at hand, which counts the timers that are set on it.
 */
import { Clock, Effect } from "effect"

export const make = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  let timers = 0
  const counting: Clock.Clock = Object.create(clock, {
    sleep: {
      value: (duration: Parameters<Clock.Clock["sleep"]>[0]) => {
        timers++
        return clock.sleep(duration)
      }
    }
  })
  return { clock: counting, timers: () => timers }
})
