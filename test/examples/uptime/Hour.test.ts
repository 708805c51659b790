/**
 * What ends within a millisecond is settled together: one settlement for each of 360,000 checks takes half as long again.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { findings, numberOf, open, put, scheduling, start, world } from "./World.ts"

const monitors = 1000
const rounds = 360

/** Targets answer after 5 to 45 milliseconds. */
const latencyOf = (n: number): number => 5 + (n % 5) * 10

describe("A thousand monitors every ten seconds, for an hour", () => {
  it.effect("are checked at their exact instants, one check of each at a time, while hardly a hundred are open", () => {
    const { own, seen } = world((url) => latencyOf(numberOf(url)))
    return Effect.gen(function* () {
      yield* put(monitors)
      let most = 0
      for (let second = 0; second < rounds * 10; second++) {
        // At the instant of a planning, among its checks, and when they are done.
        for (const millis of [940, 40, 20]) {
          yield* TestClock.adjust(millis)
          const depth = yield* open
          if (depth >= 101) assert.fail(`${depth} checks are open in second ${second}`)
          most = Math.max(most, depth)
        }
      }
      yield* TestClock.adjust("100 millis")
      for (let n = 0; n < monitors; n++) {
        const first = start + (1 + (n % 10)) * 1000
        const found = yield* findings(n)
        const expected = Array.from({ length: rounds }, (_, round) => first + round * 10_000)
        if (found.length !== rounds || found.some(({ slot }, at) => slot !== expected[at])) assert.fail(`m${n} drifted`)
        if (found.some(({ at, slot }) => at - slot - latencyOf(n) > 45)) assert.fail(`m${n} was checked late`)
      }
      assert.strictEqual(seen.looks, monitors * rounds)
      assert.strictEqual(seen.most, 1)
      assert.isAtMost(most, 100)
      assert.strictEqual(yield* open, 0)
    }).pipe(Effect.provide(scheduling(own, { linger: 1 })))
  })
})
