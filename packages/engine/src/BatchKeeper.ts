/**
 * The keeper of batches has a workspace's batches go on: it looks when one of their jobs has ended, when it is woken,
 * when it begins, and once a poll.
 *
 * It works from the BatchStore alone, so what its node dies of is done by the next owner, and nothing is done twice. One
 * look at a time; what came meanwhile is one more look.
 */
import { BatchStore } from "@fibercast/ports/BatchStore"
import { Clock, Effect } from "effect"
import { type EngineSettings } from "./EngineConfig.ts"
import { untilReachable } from "./Ownership.ts"
import { type Window } from "./Window.ts"

/** Batches that go on in one call. */
const page = 100

export const run = Effect.fnUntraced(function* (options: {
  readonly window: Window
  readonly settings: EngineSettings
  /** Something that is held is to be stopped. */
  readonly asked: () => void
}): Effect.fn.Return<never, never, BatchStore> {
  const { asked, settings, window } = options
  const store = yield* BatchStore
  const { workspaceId } = window

  const look = Effect.gen(function* () {
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      const advanced = yield* untilReachable(store.advance({ workspaceId, now, limit: page }))
      if (advanced.some(({ dispatched }) => dispatched > 0)) window.wake()
      if (advanced.some((batch) => batch.asked > 0)) asked()
      if (advanced.length < page) return
    }
  })

  for (;;) {
    window.batches.closeUnsafe()
    yield* look
    yield* Effect.raceFirst(window.batches.await, Effect.sleep(settings.poll))
  }
})
