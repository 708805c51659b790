/**
 * How time passes for a sentence: at a word under TestClock, really where the world is real.
 */
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

export interface Pace {
  /** Let so many milliseconds pass. */
  readonly pass: (millis: number) => Effect.Effect<void>
  /** Its outcome, for which as much time passes as it takes, up to `patience`. */
  readonly reach: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** In milliseconds. */
const patience = 20_000

const tooLate = Effect.die(new Error(`not reached within ${Duration.format(Duration.millis(patience))}`))

export const virtual: Pace = {
  pass: (millis) => TestClock.adjust(millis),
  reach: (effect) =>
    Effect.scoped(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkScoped(effect)
        for (let passed = 0; passed < patience; passed += 50) {
          yield* TestClock.adjust(passed === 0 ? 0 : 50)
          if (fiber.pollUnsafe() !== undefined) return yield* Fiber.join(fiber)
        }
        return yield* tooLate
      })
    )
}

export const real: Pace = {
  pass: (millis) => Effect.sleep(millis),
  reach: (effect) => Effect.timeoutOrElse(effect, { duration: patience, orElse: () => tooLate })
}
