import { assert, describe, it } from "@effect/vitest"
import * as ClockSkew from "@fibercast/engine/ClockSkew"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

/** Its clock is ahead of this process's, and its answers take so long each, half of that on the way there. */
const registryAt = (ahead: number, spent: ReadonlyArray<number>) =>
  Layer.effect(
    NodeRegistry,
    Effect.map(NodeRegistry, (registry) => {
      let asked = 0
      return NodeRegistry.of({
        ...registry,
        clock: Effect.gen(function* () {
          const half = (spent[asked++ % spent.length] ?? 0) / 2
          yield* TestClock.adjust(half)
          const now = yield* Clock.currentTimeMillis
          yield* TestClock.adjust(half)
          return now + ahead
        })
      })
    })
  ).pipe(Layer.provide(NodeRegistry.layerMemory))

describe("clock skew", () => {
  it.effect("is none where the clocks agree", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* ClockSkew.measure, 0)
    }).pipe(Effect.provide(NodeRegistry.layerMemory))
  )

  it.effect(
    "is positive when this machine's clock is ahead, negative when it is behind, however long answers take",
    () =>
      Effect.gen(function* () {
        const slow = [40, 200, 8, 90, 20]
        assert.strictEqual(yield* Effect.provide(ClockSkew.measure, registryAt(-2500, slow)), 2500)
        assert.strictEqual(yield* Effect.provide(ClockSkew.measure, registryAt(70, slow)), -70)
      })
  )
})
