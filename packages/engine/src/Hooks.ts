/**
 * Hooks run beside whoever asks for them, a settler or a scheduler: what an application does in one holds nothing up,
 * unless so many are behind that memory has to be kept.
 *
 * At most `concurrency` run at once, each for at most 30 seconds unless told; at most `waiting` more, and what was added
 * in one go, wait for their turn. Closing the scope interrupts those that run and drops those that wait, with a word in
 * the log.
 */
import { Effect, Latch, type Scope } from "effect"
import * as PipelineRunner from "./PipelineRunner.ts"

/** How long a hook may take, in milliseconds; then it is interrupted. */
const hookTime = 30_000

export interface Hooks {
  /** In the order added; returns at once. */
  readonly add: (hook: Effect.Effect<void>) => void
  /** Whether not too many wait. */
  readonly hasRoom: () => boolean
  /** Returns when not too many wait. */
  readonly room: Effect.Effect<void>
  /** Returns when all that were added have ended. */
  readonly awaitIdle: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function* (options: {
  readonly concurrency: number
  readonly waiting: number
  /** Milliseconds one may take; null: it sees to that itself. */
  readonly timeout?: number | null
}): Effect.fn.Return<Hooks, never, Scope.Scope> {
  const { timeout = hookTime } = options
  const runner = yield* PipelineRunner.make<Effect.Effect<void>, void, never, never>({
    concurrency: options.concurrency,
    run: (hook) => hook,
    timeout: () => timeout,
    onExit: () => undefined
  })
  const waiting: Array<Effect.Effect<void>> = []
  const some = Latch.makeUnsafe(false)
  const none = Latch.makeUnsafe(true)
  const room = Latch.makeUnsafe(true)

  const feed = Effect.gen(function* () {
    for (;;) {
      yield* some.await
      const [hook] = waiting
      if (hook !== undefined) yield* runner.submitOne(hook)
      waiting.shift()
      if (waiting.length < options.waiting) room.openUnsafe()
      if (waiting.length > 0) continue
      some.closeUnsafe()
      none.openUnsafe()
    }
  })
  yield* Effect.addFinalizer(() =>
    waiting.length === 0 ? Effect.void : Effect.logWarning(`${waiting.length} hooks were dropped`)
  )
  yield* Effect.forkScoped(feed)

  return {
    add: (hook) => {
      waiting.push(hook)
      none.closeUnsafe()
      if (waiting.length >= options.waiting) room.closeUnsafe()
      // Last: whoever waits for it goes on at once, and may be done before this returns.
      some.openUnsafe()
    },
    hasRoom: () => waiting.length < options.waiting,
    room: room.await,
    awaitIdle: Effect.andThen(none.await, runner.awaitIdle)
  }
})
