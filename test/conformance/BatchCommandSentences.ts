/**
 * What can be done to a batch: more jobs, a cancel; who has it go on, and who finds it.
 */
import { assert } from "@effect/vitest"
import { BatchId } from "@fibercast/domain/Batch"
import { none } from "@fibercast/domain/Counts"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { BatchNotFound, BatchStore } from "@fibercast/ports/BatchStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect } from "effect"
import { base, claimable, freshWorkspace, idsOf, ownedWorkspace, second } from "./Given.ts"
import {
  advance,
  batchOf,
  claimedNow,
  created,
  isDue,
  job,
  nameOf,
  settle,
  stage,
  work,
  workAll
} from "./GivenBatches.ts"
import { sentence } from "./Sentence.ts"

const missing = BatchId.make(2_000_000_000)

export const batchCommandSentences = [
  sentence(
    "jobs that are added are counted, and hold the stage up",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const { id: batchId, owned } = yield* created([stage("a"), stage("z")])
      const claimed = yield* claimedNow(owned)
      yield* batches.add({ workspaceId: owned.workspaceId, batchId, jobs: stage("b", "c"), now: base })
      yield* settle(owned, claimed, { a: "completed" })
      assert.deepStrictEqual(yield* advance(owned), [])
      assert.deepStrictEqual((yield* batchOf(owned, batchId)).counts, { ...none, planned: 3, open: 2, completed: 1 })
      assert.deepStrictEqual(yield* workAll(owned), [["b", "c"], ["z"], ["finally", "then"]])
    })
  ),
  sentence(
    "nothing is added to a batch that completed, failed or was cancelled",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const completed = yield* created([stage("a")])
      yield* workAll(completed.owned)
      const failed = yield* created([stage("a", "b")])
      const claimed = yield* claimedNow(failed.owned)
      yield* settle(failed.owned, claimed, { a: "failed" })
      yield* advance(failed.owned)
      const cancelled = yield* created([stage("a")])
      const { workspaceId } = cancelled.owned
      yield* batches.cancel({ workspaceId, batchId: cancelled.id, reason: "wrong file", now: base })
      for (const [{ id, owned }, status] of [
        [completed, "completed"],
        [failed, "failed"],
        [cancelled, "cancelled"]
      ] as const) {
        const { counts } = yield* batchOf(owned, id)
        const add = batches.add({ workspaceId: owned.workspaceId, batchId: id, jobs: stage("late"), now: base })
        assert.deepInclude(yield* Effect.flip(add), { _tag: "BatchOver", batchId: id, status })
        assert.deepStrictEqual((yield* batchOf(owned, id)).counts, counts)
      }
    })
  ),
  sentence(
    "a cancel cancels what is open, asks for what is held, and only what follows in any case is dispatched, at the end",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const ledger = yield* Ledger
      const { id: batchId, owned } = yield* created([[...stage("a", "b"), job("c", { delay: second })], stage("d")])
      const claimed = yield* claimedNow(owned)
      yield* settle(owned, claimed, { a: "completed" })
      const { workspaceId } = owned
      const cancelled = yield* batches.cancel({ workspaceId, batchId, reason: "wrong file", now: base })
      assert.deepInclude(cancelled, { status: "cancelled", note: "wrong file", endedAt: null, waiting: 1 })
      assert.deepStrictEqual(cancelled.counts, { ...none, planned: 3, open: 1, completed: 1, cancelled: 1 })
      assert.deepStrictEqual(yield* advance(owned), [])
      const stops = yield* ledger.recalled(owned)
      assert.deepStrictEqual(
        stops.map(({ id, reason }) => [id, reason]),
        [[claimed.get("b")?.id, "wrong file"]]
      )
      yield* settle(owned, claimed, { b: "cancelled" })
      assert.deepStrictEqual(yield* workAll(owned), [["finally"]])
      const over = yield* batchOf(owned, batchId)
      assert.strictEqual(over.status, "cancelled")
      assert.isNotNull(over.endedAt)
      assert.deepStrictEqual(yield* batches.cancel({ workspaceId, batchId, reason: "again", now: base }), over)
    })
  ),
  sentence(
    "a batch that has completed or failed stays so, whoever cancels it",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      for (const state of ["completed", "failed"] as const) {
        const { id: batchId, owned } = yield* created([stage("a")])
        yield* workAll(owned, { a: state })
        const before = yield* batchOf(owned, batchId)
        assert.strictEqual(before.status, state)
        const { workspaceId } = owned
        assert.deepStrictEqual(yield* batches.cancel({ workspaceId, batchId, reason: "too late", now: base }), before)
      }
    })
  ),
  sentence(
    "each call advances at most so many batches, of its workspace alone, and leaves none for good",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const { id: first, owned } = yield* created([])
      const other = yield* created([])
      const { workspaceId } = owned
      const more = { workspaceId, name: "more", allowFailures: 0, then: null, catch: null, finally: null, now: base }
      const second = yield* batches.create({ ...more, stages: [] })
      const third = yield* batches.create({ ...more, stages: [] })
      const some = batches.advance({ workspaceId, now: base, limit: 2 })
      assert.deepStrictEqual(
        (yield* some).map(({ batchId }) => batchId),
        [first, second]
      )
      assert.deepStrictEqual(
        (yield* some).map(({ batchId }) => batchId),
        [third]
      )
      assert.strictEqual((yield* batchOf(other.owned, other.id)).status, "running")
    })
  ),
  sentence(
    "of callers that advance at the same time one does each thing",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const { owned } = yield* created([stage("a")])
      yield* work(owned)
      const { workspaceId } = owned
      const call = batches.advance({ workspaceId, now: base, limit: 10 })
      const answers = yield* Effect.all([call, call, call, call], { concurrency: "unbounded" })
      assert.strictEqual(
        answers.flat().reduce((sum, { dispatched }) => sum + dispatched, 0),
        2
      )
      assert.deepStrictEqual((yield* claimable(owned)).map(nameOf).toSorted(), ["finally", "then"])
    })
  ),
  sentence(
    "a workspace that was set aside has nothing to advance for others",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const { owned } = yield* created([])
      yield* workspaces.setQuarantine(owned.workspaceId, "it crashed five times")
      assert.isFalse(yield* isDue(owned))
      yield* workspaces.setQuarantine(owned.workspaceId, null)
      assert.isTrue(yield* isDue(owned))
    })
  ),
  sentence(
    "batches are listed the newest first, page by page, those of the workspace alone",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const owned = yield* ownedWorkspace()
      const { workspaceId } = owned
      const ids: Array<BatchId> = []
      for (const name of ["one", "two", "three"]) {
        const nothing = { allowFailures: 0, then: null, catch: null, finally: null }
        ids.unshift(yield* batches.create({ workspaceId, name, ...nothing, stages: [stage(name)], now: base }))
      }
      const page = (before: BatchId | null) => Effect.map(batches.list({ workspaceId, before, limit: 2 }), idsOf)
      assert.deepStrictEqual(yield* page(null), ids.slice(0, 2))
      assert.deepStrictEqual(yield* page(ids[1] ?? missing), ids.slice(2))
      assert.deepStrictEqual(yield* page(ids[2] ?? missing), [])
      const [newest] = yield* batches.list({ workspaceId, before: null, limit: 1 })
      assert.deepStrictEqual(newest, yield* batchOf(owned, ids[0] ?? missing))
    })
  ),
  sentence(
    "a batch is not found from another workspace, nor one that does not exist, by any call",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const { id } = yield* created([stage("a")])
      const { id: workspaceId } = yield* freshWorkspace
      for (const batchId of [id, missing]) {
        const notFound = new BatchNotFound({ batchId })
        assert.deepStrictEqual(yield* Effect.flip(batches.get(workspaceId, batchId)), notFound)
        const add = batches.add({ workspaceId, batchId, jobs: stage("b"), now: base })
        assert.deepStrictEqual(yield* Effect.flip(add), notFound)
        const cancel = batches.cancel({ workspaceId, batchId, reason: "not mine", now: base })
        assert.deepStrictEqual(yield* Effect.flip(cancel), notFound)
      }
    })
  ),
  sentence(
    "a batch of a workspace that does not exist is refused",
    Effect.gen(function* () {
      const error = yield* Effect.flip(created([stage("a")], { workspaceId: WorkspaceId.make(2_000_000_000) }))
      assert.strictEqual(error._tag, "LedgerUnavailable")
    })
  )
]
