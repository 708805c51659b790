import { type Needs, pipelines, scheduled } from "@fibercast/examples/uptime/App"
import * as Maintenance from "@fibercast/examples/uptime/Maintenance"
import { Monitors } from "@fibercast/examples/uptime/Monitors"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { findings, put, start, stores, world } from "./World.ts"

const scheduler = TestEngine.layerSchedulingEngine<Needs | Monitors, Needs | Monitors>({
  pipelines,
  scheduled,
  app: "uptime"
})

/** Of a monitor, now: of so many slots. */
const found = (n: number, slots: number) =>
  Effect.gen(function* () {
    const { record } = yield* Monitors
    const at = yield* Clock.currentTimeMillis
    const seen = { id: `m${n}`, at, status: 200, latency: 5, problem: null }
    for (let slot = 0; slot < slots; slot++) yield* record({ ...seen, slot: at + slot }, () => Effect.void)
  })

describe("Findings", () => {
  it.effect("are kept for seven days, and forgotten within the hour after that, by a trigger", () => {
    const { own } = world()
    return Effect.gen(function* () {
      yield* put(1, 86_400)
      yield* found(0, 2)
      yield* TestClock.adjust("1 hour")
      yield* found(0, 3)
      yield* TestClock.adjust(Maintenance.kept - 3_600_000 + 410_000)
      yield* Effect.provide(TestClock.adjust("20 seconds"), scheduler)
      const times = (yield* findings(0)).map(({ at }) => at - start)
      assert.deepStrictEqual(times.slice(0, 3), [3_600_000, 3_600_000, 3_600_000])
    }).pipe(Effect.provide(stores(own)))
  })

  it.effect("that are more than one step deletes are all forgotten", () => {
    const { own } = world()
    return Effect.gen(function* () {
      yield* put(13, 86_400)
      for (let n = 0; n < 13; n++) yield* found(n, 1000)
      yield* TestClock.adjust(Maintenance.kept)
      assert.strictEqual(yield* Maintenance.prune(), "0 findings are forgotten")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* Maintenance.prune(), "13000 findings are forgotten")
      assert.lengthOf(yield* findings(12), 0)
    }).pipe(Effect.provide(stores(own)))
  })
})
