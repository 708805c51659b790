/**
 * What a batch has, what follows when its jobs end, and that it follows once.
 */
import { assert } from "@effect/vitest"
import { isBalanced, none } from "@fibercast/domain/Counts"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import { base, claimable, later, second, start, takenByAnother } from "./Given.ts"
import { advance, batchOf, claimedNow, created, isDue, job, settle, stage, work, workAll } from "./GivenBatches.ts"
import { sentence } from "./Sentence.ts"

export const batchSentences = [
  sentence(
    "a batch is created with its first stage open, the others waiting, and its jobs as they were asked for",
    Effect.gen(function* () {
      const first = job("a", { lane: "high", delay: second, expiresAfter: 2 * second })
      const { id, owned } = yield* created([[first, job("b")], stage("c")], { name: "résumés", allowFailures: 3 })
      assert.deepStrictEqual(yield* batchOf(owned, id), {
        id,
        workspaceId: owned.workspaceId,
        name: "résumés",
        status: "running",
        allowFailures: 3,
        stage: 1,
        stages: 2,
        counts: { ...none, planned: 2, open: 2 },
        waiting: 1,
        note: null,
        createdAt: base,
        endedAt: null
      })
      const [b] = yield* claimable(owned)
      assert.deepInclude(b, { batchId: id, campaignId: null, dueAt: base, deadline: null })
      const [a] = yield* claimable(later(owned, second), { lane: "high", campaignId: null })
      assert.deepInclude(a, { batchId: id, pipeline: "jobs", dueAt: base + second, deadline: base + 3 * second })
      assert.isFalse(yield* isDue(owned))
    })
  ),
  sentence(
    "work without a batch names none, and is counted for none",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { id, owned } = yield* created([stage("a")])
      const { delay: _delay, expiresAfter: _expires, notBefore: _notBefore, ...rest } = job("lone")
      yield* ledger.insert({ ...owned, deliveries: [{ ...rest, campaignId: null, dueAt: base }] })
      const claimed = yield* claimedNow(owned)
      assert.strictEqual(claimed.get("lone")?.batchId, null)
      yield* settle(owned, claimed, { lone: "failed" })
      assert.deepStrictEqual((yield* batchOf(owned, id)).counts, { ...none, planned: 1, open: 1 })
    })
  ),
  sentence(
    "its counts are those of its jobs, whatever state each ended in, and add up",
    Effect.gen(function* () {
      const { id, owned } = yield* created([stage("a", "b", "c", "d", "e", "f", "g")], { allowFailures: null })
      const claimed = yield* claimedNow(owned)
      yield* settle(owned, claimed, { a: "completed", b: "failed", c: "skipped" })
      yield* settle(owned, claimed, { d: "cancelled", e: "expired", f: "unknown", a: "failed" })
      const { counts } = yield* batchOf(owned, id)
      const one = { completed: 1, failed: 1, skipped: 1, cancelled: 1, expired: 1, unknown: 1 }
      assert.deepStrictEqual(counts, { planned: 7, open: 1, ...one })
      assert.isTrue(isBalanced(counts))
    })
  ),
  sentence(
    "a take-over counts what is in doubt, and what was rescued stays open",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { id, owned } = yield* created([stage("a", "b")])
      const batch = yield* ledger.claim({
        ...owned,
        source: { lane: "normal", campaignId: null },
        limit: 9,
        after: null
      })
      if (batch === null) throw new Error("nothing was claimed")
      yield* start(owned, batch, batch.deliveries.slice(0, 1))
      yield* takenByAnother(owned)
      assert.deepStrictEqual((yield* batchOf(owned, id)).counts, { ...none, planned: 2, open: 1, unknown: 1 })
    })
  ),
  sentence(
    "when all has ended, what is to be done then and finally is dispatched, once, and counted for no batch",
    Effect.gen(function* () {
      const { id, owned } = yield* created([stage("a", "b")])
      assert.deepStrictEqual(yield* advance(owned), [])
      yield* work(owned)
      assert.isTrue(yield* isDue(owned))
      const now = later(owned, second)
      assert.deepStrictEqual(yield* advance(now), [{ batchId: id, status: "completed", dispatched: 2, asked: 0 }])
      assert.isFalse(yield* isDue(owned))
      assert.deepInclude(yield* batchOf(owned, id), { status: "completed", endedAt: now.now })
      const follows = yield* claimedNow(now)
      assert.deepStrictEqual([...follows.keys()].toSorted(), ["finally", "then"])
      assert.deepInclude(follows.get("then"), { batchId: null, dueAt: now.now })
      yield* settle(now, follows, { then: "failed", finally: "completed" })
      assert.deepStrictEqual(yield* workAll(now), [])
      assert.strictEqual((yield* batchOf(owned, id)).counts.planned, 2)
    })
  ),
  sentence(
    "skipped and cancelled jobs are no failures",
    Effect.gen(function* () {
      const { id, owned } = yield* created([stage("a", "b")])
      assert.deepStrictEqual(yield* workAll(owned, { a: "skipped", b: "cancelled" }), [
        ["a", "b"],
        ["finally", "then"]
      ])
      assert.strictEqual((yield* batchOf(owned, id)).status, "completed")
    })
  ),
  sentence(
    "what is to be done at the first failure is dispatched at once, and once, also if the failure is allowed",
    Effect.gen(function* () {
      for (const state of ["failed", "unknown", "expired"] as const) {
        const { id, owned } = yield* created([stage("a", "b", "c")], { allowFailures: 2 })
        const claimed = yield* claimedNow(owned)
        yield* settle(owned, claimed, { a: state })
        assert.deepStrictEqual(yield* advance(owned), [{ batchId: id, status: "running", dispatched: 1, asked: 0 }])
        assert.deepStrictEqual(yield* work(owned), ["catch"])
        yield* settle(owned, claimed, { b: state })
        assert.deepStrictEqual(yield* advance(owned), [])
        yield* settle(owned, claimed, { c: "completed" })
        yield* advance(owned)
        assert.deepStrictEqual(yield* work(later(owned, 1)), ["finally", "then"])
      }
    })
  ),
  sentence(
    "one failure more than it allows cancels what is open, asks for what is held, and it ends as failed",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const waits = job("waits", { delay: 3600 * second })
      const { id, owned } = yield* created([[...stage("a", "held"), waits], stage("never")])
      const claimed = yield* claimedNow(owned)
      yield* settle(owned, claimed, { a: "failed" })
      const [done] = yield* advance(owned)
      assert.deepStrictEqual(done, { batchId: id, status: "failed", dispatched: 1, asked: 1 })
      const stopping = yield* batchOf(owned, id)
      assert.deepInclude(stopping, { status: "failed", endedAt: null, waiting: 1, stage: 1 })
      assert.deepStrictEqual(stopping.counts, { ...none, planned: 3, open: 1, failed: 1, cancelled: 1 })
      const reason = "more of the batch failed than it allows: 0"
      const held = claimed.get("held")
      assert.deepStrictEqual(yield* ledger.recalled(owned), held === undefined ? [] : [{ id: held.id, reason }])
      yield* settle(owned, claimed, { held: "completed" })
      assert.deepStrictEqual(yield* workAll(owned), [["catch"], ["finally"]])
      const over = yield* batchOf(owned, id)
      assert.deepInclude(over, { status: "failed", note: reason })
      assert.isNotNull(over.endedAt)
      assert.deepStrictEqual(over.counts, { ...none, planned: 3, completed: 1, failed: 1, cancelled: 1 })
    })
  ),
  sentence(
    "a batch that allows any number of failures completes with all of them failed",
    Effect.gen(function* () {
      const { id, owned } = yield* created([stage("a", "b")], { allowFailures: null })
      assert.deepStrictEqual(yield* workAll(owned, { a: "failed", b: "unknown" }), [
        ["a", "b"],
        ["catch", "finally", "then"]
      ])
      assert.strictEqual((yield* batchOf(owned, id)).status, "completed")
    })
  ),
  sentence(
    "a stage begins when all of the one before has ended, counted from when it does",
    Effect.gen(function* () {
      const delayed = job("c", { delay: second, expiresAfter: second })
      const { id, owned } = yield* created([stage("a", "b"), [delayed], [], stage("d")])
      const claimed = yield* claimedNow(owned)
      yield* settle(owned, claimed, { a: "completed" })
      assert.deepStrictEqual(yield* advance(owned), [])
      yield* settle(owned, claimed, { b: "skipped" })
      const hour = later(owned, 3600 * second)
      assert.deepStrictEqual(yield* advance(hour), [{ batchId: id, status: "running", dispatched: 1, asked: 0 }])
      assert.deepInclude(yield* batchOf(owned, id), { stage: 2, waiting: 1 })
      assert.deepStrictEqual(yield* claimable(hour), [])
      const [c, ...others] = yield* claimable(later(hour, second))
      assert.deepStrictEqual(others, [])
      assert.deepInclude(c, { batchId: id, dueAt: hour.now + second, deadline: hour.now + 2 * second })
      yield* settle(hour, new Map(c === undefined ? [] : [["c", c]]), { c: "completed" })
      assert.deepStrictEqual(yield* workAll(later(hour, second)), [["d"], ["finally", "then"]])
      assert.deepInclude(yield* batchOf(owned, id), { stage: 4, stages: 4, waiting: 0, status: "completed" })
    })
  ),
  sentence(
    "in a chain nothing begins after a step that failed, is in doubt or expired",
    Effect.gen(function* () {
      for (const state of ["failed", "unknown", "expired"] as const) {
        const { id, owned } = yield* created([stage("one"), stage("two"), stage("three")])
        assert.deepStrictEqual(yield* workAll(owned, { two: state }), [["one"], ["two"], ["catch", "finally"]])
        assert.deepInclude(yield* batchOf(owned, id), { status: "failed", stage: 2, waiting: 1 })
      }
    })
  ),
  sentence(
    "a batch without a job is over at once, and what follows is dispatched",
    Effect.gen(function* () {
      for (const stages of [[], [[], []]]) {
        const { id, owned } = yield* created(stages)
        assert.isTrue(yield* isDue(owned))
        assert.deepStrictEqual(yield* workAll(owned), [["finally", "then"]])
        assert.deepInclude(yield* batchOf(owned, id), { status: "completed", counts: none })
      }
    })
  ),
  sentence(
    "what is not asked for does not follow",
    Effect.gen(function* () {
      const nothing = { then: null, catch: null, finally: null }
      const { id, owned } = yield* created([stage("a")], { ...nothing, allowFailures: 1 })
      assert.deepStrictEqual(yield* workAll(owned, { a: "failed" }), [["a"]])
      assert.strictEqual((yield* batchOf(owned, id)).status, "completed")
    })
  )
]
