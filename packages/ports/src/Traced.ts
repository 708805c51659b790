/**
 * A call that is a span where somebody traces.
 *
 * `Effect.fn` and `Effect.withSpan` make spans also where no tracer was given, of which nobody hears. For a call of less than a
 * millisecond that is a good part of what it costs.
 */
import { Effect, type Fiber, Tracer } from "effect"

/** Whether a tracer was given. */
export const isTraced = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer

/** Makes no spans, nor does what it forks, unless a tracer was given: nobody hears of them. */
export const quiet = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => (isTraced(fiber) ? effect : Effect.withTracerEnabled(effect, false)))

/** The effect, in a span of this name if a tracer was given. */
export const traced =
  (name: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => (isTraced(fiber) ? Effect.withSpan(effect, name) : effect))
