import { Monitors } from "@fibercast/examples/uptime/Monitors"
import * as Planning from "@fibercast/examples/uptime/Planning"
import { Records } from "@fibercast/ports/Records"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { engine, findings, gaps, open, put, scheduling, seconds, start, stores, world } from "./World.ts"

describe("A target", () => {
  it.effect("that never answers is given up before its next check is due, and delays no other", () => {
    const { own, seen } = world((url) => (url === "http://t/0" ? null : 5))
    return Effect.gen(function* () {
      yield* put(2, 1)
      yield* seconds(40)
      assert.strictEqual(seen.most, 1)
      assert.deepStrictEqual(gaps(yield* findings(1)), [1000])
      assert.deepStrictEqual(gaps(yield* findings(0)), [1000])
      assert.isTrue((yield* findings(0)).every(({ latency }) => latency === 800))
    }).pipe(Effect.provide(scheduling(own)))
  })

  it.effect("that fails twice is told of as down, once, and as up when it answers again", () => {
    const { own, seen } = world(
      () => 5,
      (_, now) => (now > start + 15_500 && now < start + 60_000 ? "it answered 500" : null)
    )
    return Effect.gen(function* () {
      yield* put(1)
      yield* seconds(90)
      const failed = (yield* findings(0)).filter(({ problem }) => problem !== null)
      assert.isAtLeast(failed.length, 3)
      assert.deepStrictEqual(
        seen.told.map(({ change, slot }) => [change, slot]),
        [
          ["down", failed[1]?.slot],
          ["up", (failed.at(-1)?.slot ?? 0) + 10_000]
        ]
      )
    }).pipe(Effect.provide(scheduling(own)))
  })
})

describe("Checks that nobody works", () => {
  it.effect("for a day are one for each monitor, and are worked off when a worker is back", () => {
    const { own, seen } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(20)
      // Every ten seconds for a day.
      for (let tick = 0; tick < 8640; tick++) {
        yield* TestClock.adjust("10 seconds")
        yield* Planning.plan(workspaceId)
      }
      assert.strictEqual(yield* open, 20)
      yield* Effect.gen(function* () {
        yield* seconds(10)
        assert.strictEqual(yield* open, 0)
        assert.strictEqual(seen.looks, 20)
      }).pipe(Effect.provide(engine))
    }).pipe(Effect.provide(stores(own)))
  })

  it.effect("are dropped when their monitor is deleted meanwhile", () => {
    const { own, seen } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(2)
      yield* TestClock.adjust("10 seconds")
      yield* Planning.plan(workspaceId)
      yield* (yield* Monitors).remove("m0")
      yield* Effect.gen(function* () {
        yield* seconds(10)
      }).pipe(Effect.provide(engine))
      assert.strictEqual(yield* open, 0)
      assert.strictEqual(seen.looks, 1)
    }).pipe(Effect.provide(stores(own)))
  })

  it.effect("of an important monitor wait in lane high", () => {
    const { own } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(3, 10, true)
      yield* TestClock.adjust("10 seconds")
      yield* Planning.plan(workspaceId)
      const depths = yield* (yield* Records).depths({ workspaceId, now: yield* Clock.currentTimeMillis })
      assert.deepStrictEqual(
        depths.map(({ lane, open }) => [lane, open]),
        [["high", 3]]
      )
    }).pipe(Effect.provide(stores(own)))
  })
})
