/**
 * A step is a compiled stage: what it does to one value. Steps that finish at once run in line, so a
 * chain of them costs no fiber operation.
 */
import { Effect, type Scope } from "effect"
import { type DeliveryContext } from "../DeliveryContext.ts"
import { type Halt, markSent, providerIdOf } from "./StageHalt.ts"

export type Step<A, B, E, R> = (value: A, context: DeliveryContext) => Effect.Effect<B, Halt<E>, R>

/** What a stage shares between deliveries is made once, in the scope of whoever runs the pipeline. */
export type Prepare<A, B, E, R> = Effect.Effect<Step<A, B, E, R>, never, R | Scope.Scope>

/** One step after another. A halt of the second is marked as sent when the first one pushes to a provider. */
export const sequence = <A, B, C, E1, E2, R1, R2>(
  first: Step<A, B, E1, R1>,
  firstSends: boolean,
  second: Step<B, C, E2, R2>
): Step<A, C, E1 | E2, R1 | R2> => {
  const next: Step<B, C, E2, R2> = firstSends
    ? (value, context) =>
        Effect.mapErrorEager(second(value, context), (halt) => markSent(halt, { providerId: providerIdOf(value) }))
    : second
  return (value, context) => Effect.flatMapEager(first(value, context), (reached) => next(reached, context))
}
