/**
 * The first signal ends a run in good order; a second one, at least half a second later, ends it at once. (Script
 * runners pass the first one on, so it may arrive twice within moments.)
 */
import { Clock, Effect, type Scope } from "effect"
import { constants } from "node:os"

const moment = 500

export interface Options {
  readonly signals: ReadonlyArray<"SIGINT" | "SIGTERM">
  /** Said on stderr when it ends at once. */
  readonly words: string
}

/** Watches for as long as the scope is open. Ends with 128 and the signal's number, as a shell would tell. */
export const watching = Effect.fnUntraced(function* ({
  signals,
  words
}: Options): Effect.fn.Return<void, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  let first: number | undefined
  const onSignal = (signal: "SIGINT" | "SIGTERM") => {
    const now = clock.currentTimeMillisUnsafe()
    first ??= now
    if (now - first < moment) return
    if (process.stdout.isTTY) process.stdout.write("\u001B[?25h\n")
    if (words !== "") process.stderr.write(`${words}\n`)
    process.exit(128 + constants.signals[signal])
  }
  for (const signal of signals) {
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on(signal, onSignal)),
      () => Effect.sync(() => process.off(signal, onSignal))
    )
  }
})

/** For commands that people stop with Ctrl-C. */
export const watch: Effect.Effect<void, never, Scope.Scope> = watching({ signals: ["SIGINT"], words: "" })
