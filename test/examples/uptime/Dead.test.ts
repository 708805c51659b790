import { Monitors } from "@fibercast/examples/uptime/Monitors"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { findings, gaps, numberOf, put, scheduling, seconds, world } from "./World.ts"

const latency = 20

/** A fifth of them, that fall due at the same two seconds of ten: all places are taken while they are first looked at. */
const isDead = (n: number): boolean => n % 5 === 0

describe("A thousand monitors of which two hundred never answer", () => {
  it.effect(
    "take no slot from a healthy one, and from their second slot on delay it by a tenth of a second at most",
    () => {
      const { own, seen } = world((url) => (isDead(numberOf(url)) ? null : latency))
      return Effect.gen(function* () {
        yield* put(1000)
        yield* seconds(180)
        yield* TestClock.adjust("500 millis")
        for (let n = 0; n < 1000; n++) {
          const found = yield* findings(n)
          if (isDead(n)) {
            assert.isAtLeast(found.length, 9)
            assert.isTrue(found.every(({ problem }) => problem === "no answer"))
            continue
          }
          assert.strictEqual(found.length, 18)
          assert.deepStrictEqual(gaps(found), [10_000])
          const [first = 0, ...others] = found.map(({ at, slot }) => at - slot - latency)
          assert.isAtMost(first, 3000)
          assert.isAtMost(Math.max(...others), 100)
        }
        const down = (yield* (yield* Monitors).standing).filter(({ down }) => down)
        assert.strictEqual(down.length, 200)
        assert.strictEqual(seen.most, 1)
      }).pipe(Effect.provide(scheduling(own)))
    }
  )
})
