/**
 * Somebody who listens to a lossy stream. Nobody can say when a subscription has reached the other side, so listening
 * begins with calls that count for nothing, until the first is heard.
 */
import { Effect, Queue, Stream } from "effect"
import { type Pace } from "./Pace.ts"

export const listener = Effect.fnUntraced(function* <A, E, R>(
  pace: Pace,
  stream: Stream.Stream<A>,
  call: Effect.Effect<void, E, R>
) {
  const heard = yield* Queue.unbounded<A>()
  yield* Effect.forkScoped(Stream.runForEach(stream, (one) => Queue.offer(heard, one)))
  yield* pace.reach(
    Effect.repeat(Effect.andThen(call, Effect.sleep("30 millis")), {
      until: () => Effect.map(Queue.size(heard), (size) => size > 0)
    })
  )
  yield* pace.pass(200)
  yield* Queue.clear(heard)
  return {
    /** As many as asked for, in the order they came. */
    several: (count: number) => Effect.replicateEffect(pace.reach(Queue.take(heard)), count),
    /** What came so far and was not looked at. */
    rest: Queue.clear(heard)
  }
})
