/**
 * The stage that leaves out what has lost its subject.
 */
import { Effect, Exit } from "effect"
import { type DeliveryContext } from "../DeliveryContext.ts"
import * as EffectStage from "./EffectStage.ts"
import { type Prepare } from "./StageFlow.ts"
import { type Classify, StageSkip } from "./StageHalt.ts"

/** `isGone` that only looks at the value costs no fiber operation. */
export const prepare = <A, E, R>(
  isGone: (value: A, context: DeliveryContext) => boolean | Effect.Effect<boolean, E, R>,
  reason: string | ((value: A) => string),
  options: { readonly concurrency?: number | undefined; readonly classify?: Classify<E> | undefined }
): Prepare<A, A, E, R> => {
  const ask = (value: A, context: DeliveryContext): Effect.Effect<boolean, E, R> => {
    const answer = isGone(value, context)
    return typeof answer === "boolean" ? Exit.succeed(answer) : answer
  }
  return Effect.map(
    EffectStage.prepare(ask, { ...options, timedOut: () => Effect.never }),
    (asked) => (value, context) =>
      Effect.flatMapEager(asked(value, context), (gone) =>
        gone
          ? Exit.fail(new StageSkip({ reason: typeof reason === "string" ? reason : reason(value), sent: null }))
          : Exit.succeed(value)
      )
  )
}
