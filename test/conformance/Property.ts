/**
 * A property is a sentence over generated inputs. When it is falsified, the failure names the seed
 * and the smallest input found.
 */
import { Arbitrary, Cause, Effect } from "effect"

/** How long generated lists may grow. */
const size = 40

/** It must hold for every one of `runs` inputs. */
export const forAll = Effect.fnUntraced(function* <A, E, R>(
  inputs: Arbitrary.Arbitrary<A>,
  runs: number,
  holds: (input: A) => Effect.Effect<void, E, R>
) {
  const property = (input: A) =>
    Effect.suspend(() => holds(input)).pipe(
      Effect.as(true),
      Effect.catchCause((cause) => Effect.fail(Cause.pretty(cause)))
    )
  const failure = Arbitrary.formatCheckFailure(yield* Arbitrary.checkEffect(inputs, property, { runs, size }))
  if (failure !== undefined) return yield* Effect.die(new Error(failure))
})
