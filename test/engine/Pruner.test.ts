import { assert, describe, it } from "@effect/vitest"
import { type FinalState, finalStates } from "@fibercast/domain/DeliveryState"
import * as Pipeline from "@fibercast/engine/Pipeline"
import type * as Runnable from "@fibercast/engine/Runnable"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { Signal } from "@fibercast/ports/Signal"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Clock, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { ownedWorkspace } from "../conformance/Given.ts"
import { endedJobs } from "../conformance/GivenRecords.ts"

const day = 86_400_000
const settings = { ...TestEngine.sparse.settings, retention: 2 * day, prune: 3_600_000 }

const Job = Pipeline.make("job", { payload: Schema.Int })

/** One whose records are kept as long as that. */
const keptFor = (name: string, retention: "none" | "for ever" | number): Runnable.Runnable<never> =>
  Pipeline.make(name, { payload: Schema.Int, retention })

/** Jobs of the pipelines, which the engine has worked by now. */
const worked = Effect.fnUntraced(function* (pipelines: ReadonlyArray<string>) {
  const ledger = yield* Ledger
  const workspaceId = yield* TestEngine.workspace()
  const now = yield* Clock.currentTimeMillis
  const job = { lane: "normal", campaignId: null, dueAt: now, deadline: null, payload: "1" } as const
  const deliveries = pipelines.map((pipeline) => ({ ...job, pipeline }))
  yield* ledger.insert({ workspaceId, now, deliveries })
  yield* (yield* Signal).notify(workspaceId)
  yield* TestClock.adjust("5 seconds")
  assert.strictEqual(yield* records(["completed"]), deliveries.length)
})

const records = Effect.fnUntraced(function* (states: ReadonlyArray<FinalState> = finalStates) {
  return yield* (yield* Records).countEnded({ workspaceId: null, states })
})

describe("the pruner", () => {
  it.effect("drops what is older than it is kept, within the hour", () =>
    Effect.gen(function* () {
      yield* worked(["job", "job", "job"])
      yield* TestClock.adjust("47 hours")
      assert.strictEqual(yield* records(), 3)
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(yield* records(), 0)
    }).pipe(Effect.provide(TestEngine.layer({ pipelines: [Job], settings })))
  )

  it.effect("keeps what a pipeline says for as long as it says", () => {
    const pipelines = [Job, keptFor("brief", "none"), keptFor("longer", 10 * day), keptFor("always", "for ever")]
    return Effect.gen(function* () {
      yield* worked(pipelines.map(({ name }) => name))
      const kept: Array<number> = []
      for (const hours of [2, 48, 24 * 9, 24 * 365]) {
        yield* TestClock.adjust(`${hours} hours`)
        kept.push(yield* records())
      }
      assert.deepStrictEqual(kept, [4, 2, 1, 1])
    }).pipe(Effect.provide(TestEngine.layer({ pipelines, settings })))
  })

  it.effect("works in steps until nothing old is left, soon after one another", () => {
    const left: Array<number> = []
    const pruning = Effect.gen(function* () {
      while ((left.at(-1) ?? 1) > 0) {
        const count = yield* records()
        if (left.at(-1) !== count) left.push(count)
        yield* TestClock.adjust("100 millis")
      }
    })
    return Effect.gen(function* () {
      const owned = yield* ownedWorkspace(yield* Clock.currentTimeMillis)
      for (const count of [5000, 5000, 2000]) {
        yield* endedJobs(
          owned,
          Array.from({ length: count }, () => ({ state: "completed" }))
        )
      }
      yield* TestClock.adjust("1 minute")
      const began = yield* Clock.currentTimeMillis
      const engine = TestEngine.layerEngine({ pipelines: [Job], settings: { retention: 30_000, prune: 10_000 } })
      yield* Effect.provide(pruning, engine)
      assert.deepStrictEqual(left, [12_000, 7000, 2000, 0])
      assert.isAtMost((yield* Clock.currentTimeMillis) - began, 2000)
    }).pipe(Effect.provide(TestEngine.layerStores()))
  })

  it.effect("goes on when the store can be reached again, and after a crash", () => {
    const troubles = ["away", "crash", "away"]
    const trouble = Effect.suspend(() => {
      const next = troubles.shift()
      if (next === "crash") return Effect.die(new Error("a fault"))
      return next === undefined
        ? Effect.void
        : Effect.fail(new LedgerUnavailable({ operation: "prune", cause: new Error("away") }))
    })
    const before = (operation: string) => (operation === "prune" ? trouble : Effect.void)
    const troubled = Layer.effect(
      Records,
      Effect.map(Records, (records) => Interposed.make(records, { before }))
    )
    return Effect.gen(function* () {
      yield* worked(["job"])
      yield* TestClock.adjust("50 hours")
      assert.deepStrictEqual([yield* records(), troubles], [0, []])
    }).pipe(
      Effect.provide(
        TestEngine.layerEngine({ pipelines: [Job], settings }).pipe(
          Layer.provide(troubled),
          Layer.provideMerge(TestEngine.layerStores())
        )
      )
    )
  })

  it.effect("leaves it to another while that prunes", () => {
    let asked = 0
    const others = Layer.effect(
      Records,
      Effect.map(Records, (records) => ({
        ...records,
        prune: () =>
          Effect.sync(() => {
            asked += 1
            return null
          })
      }))
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("10 hours")
      assert.isAtLeast(asked, 9)
      assert.isAtMost(asked, 10)
    }).pipe(
      Effect.provide(
        TestEngine.layerEngine({ pipelines: [Job], settings }).pipe(
          Layer.provide(others),
          Layer.provideMerge(TestEngine.layerStores())
        )
      )
    )
  })
})
