import { BatchId } from "@fibercast/domain/Batch"
import { dispatched, type Job } from "@fibercast/domain/Job"
import { assert, describe, it } from "@effect/vitest"

const job: Job = {
  pipeline: "resize",
  lane: "bulk",
  delay: 0,
  notBefore: null,
  expiresAfter: null,
  deadline: null,
  payload: "1",
  tags: ["photos"],
  temporary: true
}

const times = (changes: Partial<Job>, now = 1000) => {
  const { deadline, dueAt } = dispatched({ ...job, ...changes }, now)
  return { deadline, dueAt }
}

describe("a job", () => {
  it("becomes a background delivery of its batch, as it was described", () => {
    const { delay: _delay, expiresAfter: _expiresAfter, notBefore: _notBefore, ...rest } = job
    const batchId = BatchId.make(1)
    assert.deepStrictEqual(dispatched(job, 1000, batchId), { ...rest, campaignId: null, dueAt: 1000, batchId })
  })

  it("is due its delay after it is dispatched, or after the instant that it waits for", () => {
    assert.deepStrictEqual(times({ delay: 500 }), { dueAt: 1500, deadline: null })
    assert.deepStrictEqual(times({ delay: 500, notBefore: 5000 }), { dueAt: 5500, deadline: null })
    assert.deepStrictEqual(times({ delay: 500, notBefore: 10 }), { dueAt: 1500, deadline: null })
    assert.deepStrictEqual(times({ delay: 0.4 }), { dueAt: 1001, deadline: null })
  })

  it("expires so long after it is due, or at an instant, whichever is earlier", () => {
    assert.deepStrictEqual(times({ delay: 500, expiresAfter: 100 }), { dueAt: 1500, deadline: 1600 })
    assert.deepStrictEqual(times({ expiresAfter: 100, deadline: 1050 }), { dueAt: 1000, deadline: 1050 })
    assert.deepStrictEqual(times({ expiresAfter: 100, deadline: 9000 }), { dueAt: 1000, deadline: 1100 })
  })
})
