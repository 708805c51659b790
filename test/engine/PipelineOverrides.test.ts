import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import type * as Runnable from "@fibercast/engine/Runnable"
import * as PipelineOverrides from "@fibercast/engine/PipelineOverrides"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const job = Pipeline.make("job", {
  payload: Schema.Int,
  lane: "bulk",
  retry: RetryPolicy.after("5 seconds", { tries: 3 }),
  timeout: "10 seconds"
})

const waits = ({ options: { retry } }: Runnable.Runnable<unknown>) =>
  [1, 2, 3, 4].map((ended) => RetryPolicy.next(retry, { ended, chance: 0 }))

describe("overrides of a pipeline", () => {
  it("leave what they do not name", () => {
    const same = PipelineOverrides.apply(job, {})
    assert.deepStrictEqual(
      [same.name, same.options.lane, same.options.timeout, waits(same)],
      ["job", "bulk", 10_000, [5000, 5000, null, null]]
    )
  })

  it("change how often it is tried, and how far apart, each by itself", () => {
    assert.deepStrictEqual(waits(PipelineOverrides.apply(job, { tries: 1 })), [null, null, null, null])
    assert.deepStrictEqual(waits(PipelineOverrides.apply(job, { backoff: ["1 second", "1 minute"] })), [
      1000,
      60_000,
      null,
      null
    ])
    assert.deepStrictEqual(waits(PipelineOverrides.apply(job, { tries: 4, backoff: ["1 second"] })), [
      1000,
      1000,
      1000,
      null
    ])
  })

  it("change how long a try may take", () => {
    assert.strictEqual(PipelineOverrides.apply(job, { timeout: 1500 }).options.timeout, 1500)
  })
})
