/**
 * A call that is a span where somebody traces.
 *
 * `Effect.fn` and `Effect.withSpan` make spans also where no tracer was given, of which nobody hears. For a call of less than a
 * millisecond that is a good part of what it costs.
 */
import { Effect, Tracer } from "effect"

/** What `change` makes of the effect if a tracer was given, else the effect. */
export const whereTraced =
  <A, E, R>(change: (effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) =>
  (effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => (fiber.getRef(Tracer.Tracer) === Tracer.nativeTracer ? effect : change(effect)))

/** The effect, in a span of this name if a tracer was given. */
export const traced =
  (name: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    whereTraced<A, E, R>((traced) => Effect.withSpan(traced, name))(effect)
