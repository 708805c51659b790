/**
 * What is kept for how long.
 */
import { assert } from "@effect/vitest"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { Effect, Exit } from "effect"
import { base, claimable, claimed, ended, freshName, jobs, later, ownedWorkspace, putOff, second } from "./Given.ts"
import * as GivenBatches from "./GivenBatches.ts"
import { allOf, endedJobs, workspaceOfEnded } from "./GivenRecords.ts"
import { sentence } from "./Sentence.ts"

const day = 86_400_000

const nothingFollows = { then: null, catch: null, finally: null }

/** Until nothing is left to prune. What other sentences left goes as well. */
const pruneAll = Effect.fnUntraced(function* (now: number, otherwise: number) {
  const records = yield* Records
  for (;;) {
    const pruned = yield* records.prune({ now, otherwise, limit: 1000 })
    if (pruned?.isMore !== true) return pruned
  }
})

export const pruneSentences = [
  sentence(
    "a final record is kept as long as its pipeline says, or else as long as others, and no longer",
    Effect.gen(function* () {
      const records = yield* Records
      const name = yield* freshName
      const [brief, long, forEver] = [`${name} brief`, `${name} long`, `${name} for ever`]
      yield* records.retain([
        { pipeline: brief, retention: 2 * day },
        { pipeline: long, retention: 20 * day },
        { pipeline: forEver, retention: Infinity },
        { pipeline: "jobs", retention: null }
      ])
      const { ids, owned } = yield* workspaceOfEnded([
        { state: "failed", job: { pipeline: brief } },
        { state: "completed" },
        { state: "completed", job: { pipeline: long } },
        { state: "failed", job: { pipeline: forEver } }
      ])
      const settledAt = base + second
      const kept = Effect.fnUntraced(function* (now: number) {
        yield* pruneAll(now, 10 * day)
        const rows = yield* records.ended({ filter: allOf(owned), after: null, limit: 10 })
        return rows.map(({ id }) => ids.indexOf(id))
      })
      assert.deepStrictEqual(yield* kept(settledAt + 2 * day), [0, 1, 2, 3])
      assert.deepStrictEqual(yield* kept(settledAt + 2 * day + 1), [1, 2, 3])
      assert.deepStrictEqual(yield* kept(settledAt + 10 * day), [1, 2, 3])
      assert.deepStrictEqual(yield* kept(settledAt + 10 * day + 1), [2, 3])
      assert.deepStrictEqual(yield* kept(settledAt + 20 * day + 1), [3])
      assert.deepStrictEqual(yield* kept(settledAt + 2000 * day), [3])
      yield* records.retain([{ pipeline: forEver, retention: null }])
      assert.deepStrictEqual(yield* kept(settledAt + 10 * day + 1), [])
    })
  ),
  sentence(
    "a record that is pruned is not found, and its tries are not either",
    Effect.gen(function* () {
      const records = yield* Records
      const { ids, owned } = yield* workspaceOfEnded([{ state: "failed" }])
      const [id] = ids
      const find = Effect.fnUntraced(function* (id: DeliveryId) {
        return yield* records.find({ workspaceId: owned.workspaceId, id })
      })
      assert.isNotNull(id === undefined ? null : yield* find(id))
      yield* pruneAll(base + 2 * day, day)
      assert.isNull(id === undefined ? undefined : yield* find(id))
      assert.strictEqual(yield* records.countEnded(allOf(owned)), 0)
    })
  ),
  sentence(
    "open work is not pruned, however old, nor what rate limits still count",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ ...owned, deliveries: jobs(3) })
      const batch = yield* claimed(owned)
      const [first, ...rest] = batch.deliveries
      const settlements = [
        ...(first === undefined ? [] : [putOff(first, "retry", base + second)]),
        ...rest.slice(1).map((delivery) => ended(delivery, "completed"))
      ]
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      const since = { workspaceId: owned.workspaceId, since: base }
      yield* pruneAll(base + day, 0)
      assert.strictEqual(yield* ledger.attemptsSince(since), 2)
      yield* pruneAll(base + 100 * day, 0)
      assert.strictEqual(yield* ledger.attemptsSince(since), 0)
      assert.lengthOf(yield* claimable(later(owned, 2 * second)), 2)
    })
  ),
  sentence(
    "rows are pruned in steps of the limit, and it is said while there is more",
    Effect.gen(function* () {
      const records = yield* Records
      yield* pruneAll(base + 200 * day, 0)
      const name = yield* freshName
      yield* records.retain([{ pipeline: name, retention: second }])
      const owned = yield* ownedWorkspace(base + 300 * day)
      const some = Array.from({ length: 5 }, (_, index) => ({
        state: "completed" as const,
        job: { pipeline: index === 0 ? "jobs" : name }
      }))
      yield* endedJobs(owned, some)
      const prune = records.prune({ now: owned.now + 60 * second, otherwise: 400 * day, limit: 2 })
      const steps = [yield* prune, yield* prune, yield* prune]
      assert.deepStrictEqual(
        steps.map((pruned) => pruned?.records),
        [2, 2, 0]
      )
      assert.deepStrictEqual([steps[0]?.isMore, steps[2]?.isMore], [true, false])
      assert.strictEqual(yield* records.countEnded(allOf(owned)), 1)
    })
  ),
  sentence(
    "a batch that is over is kept as long as other records and no longer, unless work of it is open; its number is not given again",
    Effect.gen(function* () {
      const batches = yield* BatchStore
      const ledger = yield* Ledger
      const { id: over, owned } = yield* GivenBatches.created([GivenBatches.stage("a")], nothingFollows)
      const { workspaceId } = owned
      const more = { workspaceId, name: "import", allowFailures: 0, ...nothingFollows, now: owned.now }
      const late = yield* batches.create({ ...more, stages: [GivenBatches.stage("b")] })
      const running = yield* batches.create({ ...more, stages: [GivenBatches.stage("c"), GivenBatches.stage("d")] })
      const claimedNow = yield* GivenBatches.claimedNow(owned)
      yield* GivenBatches.settle(owned, claimedNow, { a: "completed", b: "failed", c: "completed" })
      yield* batches.advance({ workspaceId, now: owned.now, limit: 10 })
      // Somebody counts more work for one that is over.
      yield* ledger.insert({ ...owned, deliveries: jobs(1, { batchId: late, dueAt: base + 100 * day }) })
      const kept = Effect.fnUntraced(function* (now: number) {
        yield* pruneAll(now, 10 * day)
        const listed = yield* batches.list({ workspaceId, before: null, limit: 10 })
        const found = yield* Effect.forEach([over, late, running], (id) =>
          Effect.map(Effect.exit(batches.get(workspaceId, id)), (exit) => (Exit.isSuccess(exit) ? [id] : []))
        )
        assert.deepStrictEqual(listed.map(({ id }) => id).toReversed(), found.flat())
        return found.flat()
      })
      assert.deepStrictEqual(yield* kept(owned.now + 10 * day), [over, late, running])
      assert.deepStrictEqual(yield* kept(owned.now + 10 * day + 1), [late, running])
      assert.deepStrictEqual(yield* kept(owned.now + 1000 * day), [late, running])
      assert.isAbove(yield* batches.create({ ...more, stages: [] }), running)
    })
  )
]
