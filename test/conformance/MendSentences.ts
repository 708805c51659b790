/**
 * What is forgotten, and what is cleared away.
 */
import { assert } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { Ledger } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { Effect } from "effect"
import {
  background,
  base,
  claimable,
  claimed,
  claimedCampaign,
  countsOf,
  ended,
  idsOf,
  job,
  jobs,
  later,
  openCampaign,
  ownedWorkspace,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { allOf, failedOf, workspaceOfEnded } from "./GivenRecords.ts"
import { sentence } from "./Sentence.ts"

export const mendSentences = [
  sentence(
    "what is forgotten keeps its state and its counts, but neither payload nor reasons, and is not listed nor opened",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const { batch, campaign, owned } = yield* claimedCampaign(2)
      const settlements = batch.deliveries.map((delivery) => ({
        ...ended(delivery, "failed"),
        errorClass: "messagePermanent" as const,
        reason: "no such number: +62812"
      }))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      const [first] = batch.deliveries
      const ids = first === undefined ? [] : [first.id]
      assert.strictEqual(yield* records.forget({ filter: failedOf(owned), ids, limit: 10 }), 1)
      assert.strictEqual(yield* records.forget({ filter: failedOf(owned), ids, limit: 10 }), 0)
      const found = first && (yield* records.find({ workspaceId: owned.workspaceId, id: first.id }))
      const { errorClass, payload, reason, state } = found?.record ?? {}
      assert.deepStrictEqual([state, errorClass, payload, reason], ["failed", "messagePermanent", null, null])
      assert.deepStrictEqual(
        found?.attempts.map((attempt) => [attempt.outcome, attempt.reason]),
        [["failed", null]]
      )
      assert.strictEqual(yield* records.countEnded(failedOf(owned)), 1)
      assert.lengthOf(yield* records.ended({ filter: failedOf(owned), after: null, limit: 10 }), 1)
      assert.deepStrictEqual(yield* records.retry({ filter: failedOf(owned), ids, limit: 10, now: base }), [])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, failed: 2 })
    })
  ),
  sentence(
    "what is in the filter is forgotten, at most the limit a call; what completed stays as it is",
    Effect.gen(function* () {
      const records = yield* Records
      const failed = { state: "failed" } as const
      const { owned } = yield* workspaceOfEnded([
        failed,
        failed,
        { state: "completed" },
        failed,
        { state: "cancelled" }
      ])
      const other = yield* workspaceOfEnded([failed])
      const forget = records.forget({
        filter: { ...failedOf(owned), states: ["failed", "completed"] },
        ids: null,
        limit: 2
      })
      assert.deepStrictEqual([yield* forget, yield* forget, yield* forget], [2, 1, 0])
      assert.strictEqual(yield* records.countEnded(allOf(owned)), 2)
      assert.strictEqual(yield* records.countEnded(allOf(other.owned)), 1)
    })
  ),
  sentence(
    "what was in doubt and is opened again or forgotten is not told as in doubt any more",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const owned = yield* ownedWorkspace()
      const ids = yield* ledger.insert({ ...owned, deliveries: jobs(3) })
      const batch = yield* claimed(owned, background)
      yield* start(owned, batch, batch.deliveries)
      const { owned: next } = yield* takenByAnother(later(owned, second))
      const filter = allOf(owned)
      yield* records.retry({ filter, ids: ids.slice(0, 1), limit: 10, now: next.now })
      assert.strictEqual(yield* records.forget({ filter, ids: ids.slice(1, 2), limit: 10 }), 1)
      const take = ledger.takeDoubts({ ...next, limit: 1, pipelines: ["jobs"] })
      assert.deepStrictEqual(idsOf((yield* take).map(({ delivery }) => delivery)), ids.slice(2))
      assert.deepStrictEqual(yield* take, [])
    })
  ),
  sentence(
    "open work that no claim holds is cleared away as cancelled, with the reason, at most the limit a call",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const { campaign, owned, source } = yield* openCampaign(5)
      const { workspaceId } = owned
      yield* claimed(owned, source, 1)
      const clear = records.clear({ filter: { workspaceId }, limit: 3, reason: "a mistake", now: base + second })
      assert.deepStrictEqual([yield* clear, yield* clear, yield* clear], [3, 1, 0])
      const counts = yield* countsOf(workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 5, open: 1, cancelled: 4 })
      assert.deepStrictEqual(yield* claimable(later(owned, second), source), [])
      const done = yield* ledger.done({ campaignId: campaign.id, states: ["cancelled"], after: null, limit: 10 })
      assert.deepStrictEqual(
        done.map(({ reason, settledAt }) => [reason, settledAt]),
        Array.from({ length: 4 }, () => ["a mistake", base + second])
      )
    })
  ),
  sentence(
    "only what is in the filter is cleared away, in every workspace that is asked for",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const [one, other] = [yield* ownedWorkspace(), yield* ownedWorkspace()]
      const pipeline = `cleared in ${one.workspaceId}`
      const deliveries = [job({}, { lane: "bulk" }), ...jobs(2, { pipeline, tags: ["a"] }), job({}, { pipeline })]
      for (const owned of [one, other]) yield* ledger.insert({ ...owned, deliveries })
      const clear = (filter: Parameters<typeof records.clear>[0]["filter"]) =>
        records.clear({ filter, limit: 100, reason: "a mistake", now: base })
      const open = Effect.forEach([one, other], ({ workspaceId }) => records.countOpen({ workspaceId }))
      assert.strictEqual(yield* clear({ workspaceId: one.workspaceId, lane: "bulk" }), 1)
      assert.deepStrictEqual(yield* open, [3, 4])
      assert.strictEqual(yield* clear({ workspaceId: one.workspaceId, tag: "b" }), 0)
      assert.strictEqual(yield* clear({ workspaceId: null, pipeline, tag: "a" }), 4)
      assert.deepStrictEqual(yield* open, [1, 2])
      const left = yield* records.open({ filter: { workspaceId: other.workspaceId }, limit: 10 })
      assert.lengthOf(idsOf(left), 2)
      assert.deepStrictEqual(
        (yield* claimable(other, background)).map((delivery) => delivery.pipeline),
        [pipeline]
      )
    })
  )
]
