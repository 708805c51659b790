import * as RateWindow from "@fibercast/domain/RateWindow"
import { type Rate } from "@fibercast/domain/Limits"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"

/** Grants until `starts` are made; each call comes `lateness()` after the instant the window asked for. */
const saturate = (window: RateWindow.RateWindow, starts: number, from: number, lateness: () => number) => {
  const granted: Array<number> = []
  let now = from
  while (granted.length < starts) {
    const ready = RateWindow.readyAt(window, now)
    if (ready > now) now = ready + lateness()
    else if (RateWindow.grant(window, now)) granted.push(now)
  }
  return granted
}

/** The most starts in any window `[t, t + per)`: it is enough to look at those that begin with a start. */
const mostIn = (granted: ReadonlyArray<number>, per: number) => {
  let most = 0
  let end = 0
  for (let begin = 0; begin < granted.length; begin++) {
    const limit = (granted[begin] ?? 0) + per
    while (end < granted.length && (granted[end] ?? 0) < limit) end++
    most = Math.max(most, end - begin)
  }
  return most
}

/** Repeatable chance, so that a failure can be run again. */
const chance = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const rates = FastCheck.record({
  permits: FastCheck.oneof(FastCheck.integer({ min: 1, max: 50 }), FastCheck.integer({ min: 51, max: 4000 })),
  per: FastCheck.constantFrom(50, 1000, 7001, 60_000)
})

describe("RateWindow", () => {
  it("no sliding window ever holds more than the permits, however the calls come", () => {
    FastCheck.assert(
      FastCheck.property(
        rates,
        FastCheck.integer({ min: 1 }),
        FastCheck.integer({ min: 1, max: 60 }),
        FastCheck.constantFrom<number>(0, 1_790_000_000_000.25),
        (rate, seed, burst, now) => {
          const random = chance(seed)
          const window = RateWindow.make(rate, { now, burst })
          const granted: Array<number> = []
          let at = now
          for (let call = 0; call < 3 * Math.min(rate.permits, 500) + 200; call++) {
            const kind = random()
            if (kind < 0.1) at += random() * rate.per * 2
            else if (kind < 0.4) at += (random() * rate.per) / rate.permits
            else if (kind < 0.7) at = Math.max(at, RateWindow.readyAt(window, at) + random() * 3)
            if (RateWindow.grant(window, at)) granted.push(at)
          }
          assert.isAtLeast(granted.length, 1)
          assert.isAtMost(mostIn(granted, rate.per), rate.permits)
        }
      ),
      { numRuns: 300 }
    )
  })

  it("under a backlog at least 98 % of the rate starts, although each timer is late", () => {
    FastCheck.assert(
      FastCheck.property(rates, FastCheck.integer({ min: 1 }), (rate, seed) => {
        const random = chance(seed)
        const starts = Math.max(20, rate.permits * 5)
        const window = RateWindow.make(rate, { now: 0 })
        const granted = saturate(window, starts, 0, () => random() * Math.min(rate.per / 50, 500))
        const ideal = ((starts - 1) * rate.per) / rate.permits
        const took = granted.at(-1) ?? Infinity
        assert.isAtMost(took, ideal / 0.98 + rate.per / 50)
        assert.isAtMost(mostIn(granted, rate.per), rate.permits)
      }),
      { numRuns: 200 }
    )
  })

  it("under a backlog at least 98 % of 20 per second starts, although the caller stalls now and then", () => {
    const random = chance(7)
    const window = RateWindow.make({ permits: 20, per: 1000 }, { now: 0 })
    const granted = saturate(window, 10_000, 0, () => (random() < 0.02 ? random() * 200 : random() * 2))
    assert.isAtMost(granted.at(-1) ?? Infinity, (10_000 * 50) / 0.98)
    assert.isAtMost(mostIn(granted, 1000), 20)
  })

  it.each<Rate>([
    { permits: 3, per: 1000 },
    { permits: 7, per: 1000 },
    { permits: 20, per: 1000 },
    { permits: 600, per: 60_000 }
  ])("ten thousand starts of $permits per $per ms drift by less than a microsecond", (rate) => {
    const origin = 1_000_000
    const granted = saturate(RateWindow.make(rate, { now: origin }), 10_000, origin, () => 0)
    const ideal = origin + (9_999 * rate.per) / rate.permits
    assert.approximately(granted.at(-1) ?? 0, ideal, 0.001)
  })

  it("starts are spaced evenly from the first one on", () => {
    const granted = saturate(RateWindow.make({ permits: 4, per: 1000 }, { now: 0 }), 6, 0, () => 0)
    assert.deepStrictEqual(granted, [0, 250, 500, 750, 1000, 1250])
  })

  it("a late caller catches up, and only on what it missed", () => {
    const window = RateWindow.make({ permits: 20, per: 1000 }, { now: 0 })
    assert.isTrue(RateWindow.grant(window, 0))
    assert.strictEqual(RateWindow.readyAt(window, 1), 50)
    const granted = [170, 170, 170, 170].map((now) => RateWindow.grant(window, now))
    assert.deepStrictEqual(granted, [true, true, true, false])
    assert.strictEqual(RateWindow.readyAt(window, 170), 200)
  })

  it("after a silence the starts are spaced again: nothing was saved up", () => {
    const window = RateWindow.make({ permits: 20, per: 1000 }, { now: 0 })
    assert.isTrue(RateWindow.grant(window, 0))
    const granted = saturate(window, 3, 60_000, () => 0)
    assert.deepStrictEqual(granted, [60_000, 60_050, 60_100])
  })

  it("a burst that was asked for goes at once, after a silence too, and never above the permits", () => {
    const window = RateWindow.make({ permits: 10, per: 1000 }, { now: 0, burst: 4 })
    assert.deepStrictEqual(
      saturate(window, 5, 0, () => 0),
      [0, 0, 0, 0, 100]
    )
    assert.deepStrictEqual(
      saturate(window, 5, 60_000, () => 0),
      [60_000, 60_000, 60_000, 60_000, 60_100]
    )
    const all = RateWindow.make({ permits: 3, per: 1000 }, { now: 0, burst: 99 })
    assert.deepStrictEqual(
      saturate(all, 4, 0, () => 0),
      [0, 0, 0, 1000]
    )
  })

  it("what it is primed with counts: a full window starts nothing before it has passed", () => {
    const full = RateWindow.make({ permits: 10, per: 1000 }, { now: 500, primed: 10 })
    assert.strictEqual(RateWindow.readyAt(full, 500), 1500)
    const partly = RateWindow.make({ permits: 10, per: 1000 }, { now: 0, primed: 7 })
    const granted = saturate(partly, 4, 0, () => 0)
    assert.deepStrictEqual(granted, [100, 200, 300, 1000])
    const overfull = RateWindow.make({ permits: 10, per: 1000 }, { now: 0, primed: 5000 })
    assert.strictEqual(RateWindow.readyAt(overfull, 0), 1000)
  })

  it("a rate of a hundred thousand a day keeps a thousand instants and stays strict", () => {
    const rate = { permits: 100_000, per: 86_400_000 }
    const window = RateWindow.make(rate, { now: 0 })
    const random = chance(3)
    const granted = saturate(window, 250_000, 0, () => random() * 1000)
    assert.isAtMost(window.last.length, 1000)
    assert.isAtMost(mostIn(granted, rate.per), rate.permits)
    assert.isAtMost(granted.at(-1) ?? Infinity, (250_000 * 864) / 0.98)
  })

  it("a start that did not fit counts all the same", () => {
    const window = RateWindow.make({ permits: 2, per: 1000 }, { now: 0 })
    RateWindow.charge(window, 0)
    RateWindow.charge(window, 1)
    assert.isFalse(RateWindow.grant(window, 2))
    assert.strictEqual(RateWindow.readyAt(window, 2), 1000)
  })

  it("a changed rate counts what was started under the old one", () => {
    const fast = RateWindow.make({ permits: 100, per: 1000 }, { now: 0 })
    const before = saturate(fast, 100, 0, () => 0)
    const slow = RateWindow.withRate(fast, { permits: 10, per: 1000 }, 1000)
    assert.strictEqual(before.at(-1), 990)
    const after = saturate(slow, 3, 1000, () => 0)
    assert.deepStrictEqual(after, [1900, 1910, 1920])
  })

  it("a raised rate spaces on from the last start", () => {
    const slow = RateWindow.make({ permits: 1, per: 1000 }, { now: 0 })
    assert.isTrue(RateWindow.grant(slow, 0))
    const fast = RateWindow.withRate(slow, { permits: 10, per: 1000 }, 30)
    assert.deepStrictEqual(
      saturate(fast, 2, 30, () => 0),
      [100, 200]
    )
  })
})
