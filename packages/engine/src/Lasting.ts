/**
 * A lasting loop outlasts its crashes: each is logged, and a second later it begins again. It ends when interrupted. For
 * what a node does for all workspaces, where no actor's supervisor would notice.
 */
import { Effect } from "effect"

/** Between a crash and the next try, in milliseconds. */
const rest = 1000

export const lasting = <R>(what: string, loop: Effect.Effect<unknown, never, R>): Effect.Effect<never, never, R> =>
  Effect.catchDefect(loop, (defect) => Effect.logError(`${what} crashed`, defect)).pipe(
    Effect.andThen(Effect.sleep(rest)),
    Effect.forever
  )
