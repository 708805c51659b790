import { assert, describe, it } from "@effect/vitest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { ChunkPace } from "@fibercast/engine/ChunkPace"
import { defaults } from "@fibercast/engine/EngineConfig"
import { Window } from "@fibercast/engine/Window"
import { claimed, workspaceId } from "./internal/Tries.ts"

const flowOf = (window: Window, lane: "normal" | "bulk") =>
  window.flow({ lane, campaignId: null }, () => ({ campaign: null, silenced: false, limiters: [] }))

const flow = () => flowOf(new Window(WorkspaceId.make(1), 6000), "normal")

/** So many end every 10 ms, for a second from the start. */
const secondOf = (pace: ChunkPace, of: ReturnType<typeof flow>, each: number) => {
  for (let now = 0; now <= 1000; now += 10) pace.ended(of, each, now)
}

/** How much is taken at once of claims of these sizes, at most so many, while nothing has ended yet. */
const runs = (claims: ReadonlyArray<number>, most: number, concurrency = 4000) => {
  const window = new Window(workspaceId, 6000)
  const one = flowOf(window, "normal")
  for (const [index, count] of claims.entries()) {
    const deliveries = Array.from({ length: count }, () => claimed("1"))
    window.admit(one, { claimId: BigInt(index), claimedAt: 0, deliveries })
  }
  const pace = new ChunkPace({ ...defaults, concurrency })
  const lengths: Array<number> = []
  while (window.queued(one) > 0) lengths.push(window.take(one, pace.next(one, most, 0)).length)
  return lengths
}

/** What is next of a claim of 500 where there is room for 300, and so many are under way. */
const nextOf = (options: { readonly each?: number; readonly own: number; readonly others?: number }) => {
  const window = new Window(workspaceId, 6000)
  const one = flowOf(window, "normal")
  const pace = new ChunkPace({ ...defaults, concurrency: 2000 })
  secondOf(pace, one, options.each ?? 200)
  window.admit(one, {
    claimId: 1n,
    claimedAt: 0,
    deliveries: Array.from({ length: 500 }, () => claimed("1"))
  })
  one.active = options.own
  return { window, one, count: pace.next(one, 300, options.own + (options.others ?? 0)), pace }
}

describe("The size of chunks", () => {
  it("is small at first, and while work takes its time", () => {
    const pace = new ChunkPace({ ...defaults, concurrency: 2000 })
    const one = flow()
    assert.strictEqual(pace.of(one), 64)
    secondOf(pace, one, 10)
    assert.strictEqual(pace.of(one), 64)
  })

  it("is what ends in 40 ms while work is quick", () => {
    const pace = new ChunkPace({ ...defaults, concurrency: 2000 })
    const one = flow()
    secondOf(pace, one, 100)
    assert.strictEqual(pace.of(one), 400)
  })

  it("is small again when work is quick no more, or was not there for a while", () => {
    const pace = new ChunkPace({ ...defaults, concurrency: 2000 })
    const one = flow()
    secondOf(pace, one, 200)
    pace.ended(one, 1, 60_000)
    assert.strictEqual(pace.of(one), 64)
  })

  it("is half as large after a pause, and half of that after the next", () => {
    const pace = new ChunkPace({ ...defaults, concurrency: 4000 })
    const one = flow()
    secondOf(pace, one, 200)
    const sizes = [1050, 1100, 1150, 1200, 1250].map((now) => {
      pace.ended(one, 1, now)
      return pace.of(one)
    })
    assert.deepStrictEqual(sizes, [400, 200, 100, 64, 64])
  })

  it("is a quarter at most of what may be under way, and no more than a claim however much may be", () => {
    const sizes = [100, 1000, 10_000].map((concurrency) => {
      const pace = new ChunkPace({ ...defaults, concurrency })
      const one = flow()
      secondOf(pace, one, 10_000)
      return pace.of(one)
    })
    assert.deepStrictEqual(sizes, [64, 250, 1000])
  })

  it("is of each flow by itself", () => {
    const pace = new ChunkPace({ ...defaults, concurrency: 2000 })
    const window = new Window(WorkspaceId.make(1), 6000)
    secondOf(pace, flowOf(window, "bulk"), 200)
    assert.strictEqual(pace.of(flowOf(window, "normal")), 64)
  })

  it("is such that chunks end with claims, where one ends near", () => {
    assert.deepStrictEqual(runs([100, 60, 400], 1000), [100, 60, 64, 64, 64, 64, 64, 80])
    assert.deepStrictEqual(runs([40, 40, 40], 1000), [40, 40, 40])
    assert.deepStrictEqual(runs([100, 100], 80), [64, 36, 64, 36])
    assert.deepStrictEqual(runs([30], 1000), [30])
  })

  it("is small where few may be under way, whatever a claim holds", () => {
    assert.deepStrictEqual(runs([100], 1000, 100), [64, 36])
  })

  it("is no more than may be started", () => {
    assert.deepStrictEqual(runs([100], 70), [64, 36])
    assert.deepStrictEqual(runs([100, 20], 50), [50, 50, 20])
    assert.deepStrictEqual(runs([5], 2), [2, 2, 1])
  })

  describe("of quick work that has a claim of 500 next, and room for 300", () => {
    it("is nothing yet, as there is room for all of it once some of its own have ended", () => {
      assert.strictEqual(nextOf({ own: 200 }).count, 0)
    })

    it("is what there is room for where too few of its own are under way to make room", () => {
      assert.strictEqual(nextOf({ own: 199 }).count, 300)
    })

    it("is what there is room for where anything else is under way, which may take its time", () => {
      assert.strictEqual(nextOf({ own: 1699, others: 1 }).count, 300)
    })

    it("is small at once where the work is not quick", () => {
      assert.strictEqual(nextOf({ own: 1700, each: 10 }).count, 64)
    })

    it("is what there is room for of a claim that was parted already", () => {
      const { one, pace, window } = nextOf({ own: 200 })
      window.take(one, 1)
      assert.strictEqual(pace.next(one, 300, 200), 300)
    })
  })
})
