/**
 * What is done at once, without a fiber: an effect that is its own exit.
 */
import { type Effect, Exit } from "effect"

export const isDone = <A, E>(effect: Effect.Effect<A, E, unknown>): effect is Exit.Exit<A, E> => Exit.isExit(effect)
