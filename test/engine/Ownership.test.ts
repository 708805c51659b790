import { WorkspaceId } from "@fibercast/domain/Workspace"
import { momentOf, Ownership } from "@fibercast/engine/Ownership"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Ledger } from "@fibercast/ports/Ledger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

const lease = 15_000

/** Takes a workspace over, by a clock that can be stepped. */
const taken = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const wall = { step: 0 }
  const stepped: Clock.Clock = { ...clock, currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + wall.step }
  const workspaceId = WorkspaceId.make(yield* TestEngine.workspace())
  const since = momentOf(stepped)
  const owner = { workspaceId, owner: "node", now: since.at, lease, force: false }
  const { epoch } = yield* (yield* Ledger).takeOver(owner)
  return { ownership: new Ownership({ workspaceId, epoch, lease, clock: stepped, since }), wall }
})

describe("Ownership", () => {
  it.effect("holds for its lease, and again once a heartbeat has come through", () => {
    let isAway = true
    const before = (operation: string) =>
      isAway && operation === "heartbeat"
        ? Effect.fail(new LedgerUnavailable({ operation, cause: new Error("the connection was lost") }))
        : Effect.void
    return Effect.gen(function* () {
      const { ownership } = yield* taken
      yield* Effect.forkChild(ownership.keep(3000))
      yield* TestClock.adjust(lease - 1)
      assert.isTrue(ownership.holds)
      yield* TestClock.adjust(1)
      assert.isFalse(ownership.holds)
      isAway = false
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(ownership.holds)
    }).pipe(Effect.provide(Interposed.layerStores({ before }).pipe(Layer.provideMerge(TestEngine.layerStores()))))
  })

  it.effect("a wall clock that is set back does not prolong it", () =>
    Effect.gen(function* () {
      const { ownership, wall } = yield* taken
      wall.step = -3_600_000
      yield* TestClock.adjust(lease - 1)
      assert.isTrue(ownership.holds)
      yield* TestClock.adjust(1)
      assert.isFalse(ownership.holds)
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )

  it.effect("a wall clock that is set forth ends it: a machine that slept cannot tell the two apart", () =>
    Effect.gen(function* () {
      const { ownership, wall } = yield* taken
      wall.step = lease
      assert.isFalse(ownership.holds)
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )
})
