/**
 * Steps that choose between steps.
 */
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { Effect, Exit } from "effect"
import { type DeliveryContext } from "../DeliveryContext.ts"
import { type Prepare, type Step } from "./StageFlow.ts"
import { type Halt } from "./StageHalt.ts"

/** Each value goes through the branch it selects. All branches are prepared, whether taken or not. */
export const prepareRoute = <A, B, E, R>(
  select: (value: A, context: DeliveryContext) => string,
  branches: Readonly<Record<string, { readonly prepare: Prepare<A, B, E, R> }>>
): Prepare<A, B, E, R> =>
  Effect.gen(function* () {
    const steps = new Map<string, Step<A, B, E, R>>()
    for (const [name, branch] of Object.entries(branches)) steps.set(name, yield* branch.prepare)
    return (value, context) => {
      const name = select(value, context)
      const step = steps.get(name)
      return step === undefined ? Effect.die(new Error(`there is no branch "${name}"`)) : step(value, context)
    }
  })

/** A value that the first step refuses with one of the classes, and surely did not push, goes to the second. */
export const prepareFallback = <A, B1, B2, E1, E2, R1, R2>(
  first: Prepare<A, B1, E1, R1>,
  second: Prepare<A, B2, E2, R2>,
  classes: ReadonlyArray<ErrorClass>
): Prepare<A, B1 | B2, E1 | E2, R1 | R2> =>
  Effect.zipWith(first, second, (attempt, instead): Step<A, B1 | B2, E1 | E2, R1 | R2> => (value, context) => {
    const tried: Effect.Effect<B1 | B2, Halt<E1>, R1> = attempt(value, context)
    return Effect.catchEager(tried, (halt): Effect.Effect<B2, Halt<E1 | E2>, R2> =>
      halt._tag === "StageFailure" && halt.sent === null && classes.includes(halt.errorClass)
        ? instead(value, context)
        : Exit.fail(halt)
    )
  })
