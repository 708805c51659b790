import { assert, describe, it } from "@effect/vitest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { ChunkPace } from "@fibercast/engine/ChunkPace"
import { Window } from "@fibercast/engine/Window"

const flowOf = (window: Window, lane: "normal" | "bulk") =>
  window.flow({ lane, campaignId: null }, () => ({ campaign: null, silenced: false, limiters: [] }))

const flow = () => flowOf(new Window(WorkspaceId.make(1), 6000), "normal")

/** So many end every 10 ms, for a second from the start. */
const secondOf = (pace: ChunkPace, of: ReturnType<typeof flow>, each: number) => {
  for (let now = 0; now <= 1000; now += 10) pace.ended(of, each, now)
}

describe("The size of chunks", () => {
  it("is small at first, and while work takes its time", () => {
    const pace = new ChunkPace(2000)
    const one = flow()
    assert.strictEqual(pace.of(one), 64)
    secondOf(pace, one, 10)
    assert.strictEqual(pace.of(one), 64)
  })

  it("is what ends in 15 ms while work is quick", () => {
    const pace = new ChunkPace(2000)
    const one = flow()
    secondOf(pace, one, 200)
    assert.strictEqual(pace.of(one), 300)
  })

  it("is small again when work is quick no more, or was not there for a while", () => {
    const pace = new ChunkPace(2000)
    const one = flow()
    secondOf(pace, one, 200)
    pace.ended(one, 1, 60_000)
    assert.strictEqual(pace.of(one), 64)
  })

  it("is a quarter at most of what may be under way, and 512 however much may be", () => {
    const sizes = [100, 1000, 10_000].map((concurrency) => {
      const pace = new ChunkPace(concurrency)
      const one = flow()
      secondOf(pace, one, 1000)
      return pace.of(one)
    })
    assert.deepStrictEqual(sizes, [64, 250, 512])
  })

  it("is of each flow by itself", () => {
    const pace = new ChunkPace(2000)
    const window = new Window(WorkspaceId.make(1), 6000)
    secondOf(pace, flowOf(window, "bulk"), 200)
    assert.strictEqual(pace.of(flowOf(window, "normal")), 64)
  })
})
