/**
 * The stage that runs an Effect of the user's: bounded at once, timed and classified if asked.
 */
import { Duration, Effect, Exit, Schema, Semaphore } from "effect"
import { type DeliveryContext } from "../DeliveryContext.ts"
import { type Prepare } from "./StageFlow.ts"
import { type Classify, failure } from "./StageHalt.ts"

/** The stage took longer than it may. Whether it did its work, nobody knows. */
export class StageTimedOut extends Schema.TaggedError<StageTimedOut>()("StageTimedOut", { millis: Schema.Number }) {
  readonly errorClass = "unknown"

  override get message(): string {
    return `no answer within ${this.millis} ms`
  }
}

export const timedOut = (millis: number): Effect.Effect<never, StageTimedOut> =>
  Effect.fail(new StageTimedOut({ millis }))

export const prepare = <A, B, E, R, E2>(
  f: (value: A, context: DeliveryContext) => Effect.Effect<B, E, R>,
  options: {
    readonly concurrency?: number | undefined
    readonly sends?: boolean | undefined
    readonly classify?: Classify<E | E2> | undefined
    readonly timeout?: Duration.Input | undefined
    readonly timedOut: (millis: number) => Effect.Effect<never, E2>
  }
): Prepare<A, B, E | E2, R> =>
  Effect.sync(() => {
    const { concurrency, classify, sends = false } = options
    const permits = concurrency === undefined ? null : Semaphore.makeUnsafe(concurrency)
    const millis = options.timeout === undefined ? null : Duration.toMillis(options.timeout)
    const timed = (effect: Effect.Effect<B, E, R>): Effect.Effect<B, E | E2, R> =>
      millis === null
        ? effect
        : Effect.timeoutOrElse(effect, { duration: millis, orElse: () => options.timedOut(millis) })
    const toFailure = (error: E | E2) => failure(error, { classify, fromSend: sends })
    if (permits === null) {
      return (value, context) => {
        const effect = f(value, context)
        return Effect.mapErrorEager(Exit.isExit(effect) ? effect : timed(effect), toFailure)
      }
    }
    return (value, context) =>
      Effect.mapError(permits.withPermits(1)(Effect.suspend(() => timed(f(value, context)))), toFailure)
  })
