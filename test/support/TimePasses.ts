/**
 * For tests of what waits for virtual time and for real servers by turns.
 */
import { Effect } from "effect"
import { TestClock } from "effect/testing"

/**
 * Lets virtual time pass until it is so, slowly: answers of servers on this machine arrive while hardly any of it passes, so
 * that no timeout of seconds runs out meanwhile.
 */
export const until = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (!isSo()) {
      yield* TestClock.adjust("50 millis")
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
    }
  })
