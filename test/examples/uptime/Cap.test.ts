import { cap } from "@fibercast/examples/uptime/Check"
import { Monitors } from "@fibercast/examples/uptime/Monitors"
import { Tell } from "@fibercast/examples/uptime/Notice"
import * as Planning from "@fibercast/examples/uptime/Planning"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { engine, findings, open, put, seconds, stores, world } from "./World.ts"

/** How many monitors lost how many slots. */
const lost = Effect.gen(function* () {
  const counts = new Map<number, number>()
  for (const { refused } of yield* (yield* Monitors).standing) counts.set(refused, (counts.get(refused) ?? 0) + 1)
  return Object.fromEntries(counts)
})

describe("At 10,000 open checks", () => {
  it.effect("the last one is taken and the next is refused, which is said, counted and alerted", () => {
    const { own } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(cap)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Planning.plan(workspaceId), "10000 checks")
      yield* put(1, 1, false, cap)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Planning.plan(workspaceId), "0 checks, 1000 still under way, 1 refused")
      assert.strictEqual(yield* open, cap)
      assert.deepStrictEqual(yield* lost, { 0: cap, 1: 1 })
      const raised = (yield* (yield* MemoryAlerts).raised).filter(({ _tag }) => _tag === "BacklogFull")
      assert.deepStrictEqual(raised, [{ _tag: "BacklogFull", workspaceId, pipeline: "uptime.check", cap }])
    }).pipe(Effect.provide(stores(own)))
  })

  it.effect("neither notices nor another workspace are held up", () => {
    const { own } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(cap + 1)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Planning.plan(workspaceId), "10000 checks, 1 refused")
      const payload = { monitor: "m1", change: "down", slot: 0, problem: "it answered 500" } as const
      assert.strictEqual((yield* Pipeline.dispatch(Tell, { workspaceId, payload }))._tag, "Inserted")
      yield* put(20, 1, false, cap + 1)
      yield* TestClock.adjust("1 second")
      const other = yield* TestEngine.workspace("other")
      assert.strictEqual(yield* Planning.plan(other), "1021 checks")
    }).pipe(Effect.provide(stores(own)))
  })

  it.effect("a monitor that was refused is planned again at its next slot, ahead of those that lost nothing", () => {
    const { own, seen } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(cap + 10, 10)
      yield* TestClock.adjust("10 seconds")
      yield* Planning.plan(workspaceId)
      assert.deepStrictEqual(yield* lost, { 0: cap, 1: 10 })
      const refused = (yield* (yield* Monitors).standing).filter(({ refused }) => refused > 0)
      yield* Effect.provide(seconds(5), engine)
      assert.strictEqual(yield* open, 0)
      assert.strictEqual(seen.looks, cap)
      // All are due again, and ten others lose their slot.
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Planning.plan(workspaceId), "10000 checks, 10 refused")
      assert.deepStrictEqual(yield* lost, { 0: cap - 10, 1: 20 })
      yield* Effect.provide(seconds(5), engine)
      for (const { id } of refused) assert.lengthOf(yield* findings(Number(id.slice(1))), 1)
    }).pipe(Effect.provide(stores(own)))
  })
})
