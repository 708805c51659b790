import { BatchStatus, failures, nextStep, outcome, type Standing } from "@fibercast/domain/Batch"
import { none, planned, settled } from "@fibercast/domain/Counts"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { assert, describe, it } from "@effect/vitest"

const standing = (changes: Partial<Standing> = {}): Standing => ({
  status: "running",
  allowFailures: 0,
  counts: none,
  stagesLeft: 0,
  catches: true,
  ...changes
})

/** One job that ended so, and one that is open. */
const halfDone = (state: (typeof finalStates)[number]) => settled(planned(none, 2), state)

describe("a batch's next step", () => {
  it("takes what failed, is in doubt or expired for failures, and nothing else", () => {
    const found = finalStates.filter((state) => failures(halfDone(state)) === 1)
    assert.deepStrictEqual(found, ["failed", "expired", "unknown"])
  })

  it("is none while jobs are open and no more failed than may", () => {
    assert.isNull(nextStep(standing({ counts: halfDone("completed") })))
    assert.isNull(nextStep(standing({ counts: halfDone("failed"), allowFailures: 1, catches: false })))
    assert.isNull(nextStep(standing({ counts: halfDone("failed"), allowFailures: null, catches: false })))
  })

  it("tells of the first failure before anything else, whatever the batch has come to", () => {
    for (const status of BatchStatus.literals) {
      assert.strictEqual(nextStep(standing({ status, counts: halfDone("failed") })), "catch")
    }
  })

  it("stops a batch that runs, once more failed than may", () => {
    const counts = halfDone("failed")
    assert.strictEqual(nextStep(standing({ counts, catches: false })), "stop")
    assert.isNull(nextStep(standing({ counts, catches: false, status: "failed" })))
    assert.isNull(nextStep(standing({ counts, catches: false, status: "cancelled" })))
  })

  it("begins a stage when nothing is open, unless the batch was stopped, and ends it when none is left", () => {
    assert.strictEqual(nextStep(standing({ stagesLeft: 1 })), "begin")
    assert.strictEqual(nextStep(standing({ stagesLeft: 1, status: "failed" })), "end")
    assert.strictEqual(nextStep(standing({ stagesLeft: 1, status: "cancelled" })), "end")
    assert.strictEqual(nextStep(standing()), "end")
  })

  it("comes to completed only if nothing else was certain before", () => {
    assert.deepStrictEqual(BatchStatus.literals.map(outcome), ["completed", "completed", "failed", "cancelled"])
  })
})
