/**
 * Sending in one of a bounded number of places.
 */
import { Effect, Option, type Semaphore } from "effect"

/** Runs the send when one of the places is free; `crowded` when none is `within` so many milliseconds. */
export const inPlace = <A, E, E2>(
  send: Effect.Effect<A, E>,
  {
    crowded,
    places,
    within
  }: {
    readonly places: Semaphore.Semaphore
    readonly within: number
    readonly crowded: Effect.Effect<never, E2>
  }
): Effect.Effect<A, E | E2> => {
  let state: "waiting" | "begun" | "refused" = "waiting"
  const begin = Effect.suspend((): Effect.Effect<A, E | E2> => {
    if (state === "refused") return crowded
    state = "begun"
    return send
  })
  const giveUp = Effect.suspend((): Effect.Effect<never, E2> => {
    if (state === "begun") return Effect.never
    state = "refused"
    return crowded
  })
  const wait = Effect.raceFirst(places.withPermit(begin), Effect.delay(giveUp, within))
  return Effect.flatMap(
    places.withPermitsIfAvailable(1)(send),
    Option.match({ onNone: () => wait, onSome: Effect.succeed })
  )
}
