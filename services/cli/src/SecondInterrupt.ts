/**
 * The first Ctrl-C ends a run in good order; a second one, at least half a second later, ends it at once. (Script
 * runners pass the first one on, so it may arrive twice within moments.)
 */
import { Clock, Effect, type Scope } from "effect"

const moment = 500

/** Watches for as long as the scope is open. */
export const watch: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  let first: number | undefined
  const onSignal = () => {
    const now = clock.currentTimeMillisUnsafe()
    first ??= now
    if (now - first < moment) return
    if (process.stdout.isTTY) process.stdout.write("\u001B[?25h\n")
    process.exit(130)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGINT", onSignal)),
    () => Effect.sync(() => process.off("SIGINT", onSignal))
  )
})
