/**
 * What is known of a delivery, and which are found by what.
 */
import { assert } from "@effect/vitest"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Ledger } from "@fibercast/ports/Ledger"
import { type EndedFilter, Records } from "@fibercast/ports/Records"
import { Effect } from "effect"
import {
  background,
  base,
  claimed,
  claimedCampaign,
  ended,
  idsOf,
  job,
  jobs,
  later,
  ownedWorkspace,
  parsed,
  putOff,
  second,
  start
} from "./Given.ts"
import { allOf, workspaceOfEnded } from "./GivenRecords.ts"
import { sentence } from "./Sentence.ts"

export const findSentences = [
  sentence(
    "all that is known of an open delivery is found: who holds it since when, and why it was asked back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const owned = yield* ownedWorkspace()
      const { workspaceId } = owned
      const deadline = base + 60 * second
      const asked = job({ to: "mother" }, { deadline, tags: ["import", "invoices"], dueAt: base - second })
      const [id = DeliveryId.make(0n), other = id] = yield* ledger.insert({
        ...owned,
        deliveries: [asked, job({}, { dueAt: base + second })]
      })
      const batch = yield* claimed(owned)
      yield* start(owned, batch, batch.deliveries)
      yield* ledger.recall({ ...owned, ids: [id], reason: "a mistake", force: false })
      const found = yield* records.find({ workspaceId, id })
      assert.deepStrictEqual<unknown>(
        { ...found?.record, payload: parsed(found?.record.payload ?? null), attempts: found?.attempts },
        {
          id,
          workspaceId,
          campaignId: null,
          batchId: null,
          pipeline: "jobs",
          lane: "normal",
          tags: ["import", "invoices"],
          state: "claimed",
          dispatchedAt: base,
          dueAt: base,
          deadline,
          attempt: 0,
          rescues: 0,
          claim: { claimedAt: base, isStarted: true, owner: "node-a" },
          recalled: "a mistake",
          settledAt: null,
          providerId: null,
          errorClass: null,
          reason: null,
          payload: { to: "mother" },
          attempts: []
        }
      )
      const { record } = (yield* records.find({ workspaceId: null, id: other })) ?? {}
      assert.deepStrictEqual<unknown>(
        [record?.state, record?.claim, record?.recalled, record?.tags, record?.dueAt],
        ["scheduled", null, null, [], base + second]
      )
    })
  ),
  sentence(
    "all that is known of an ended delivery is found, and its tries that did not complete, in their order",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const { batch, campaign, ids, owned, source } = yield* claimedCampaign(1)
      const { workspaceId } = owned
      const retries = batch.deliveries.map((delivery) => ({
        ...putOff(delivery, "retry", base + second),
        errorClass: "rateLimited" as const,
        reason: "slow down"
      }))
      yield* ledger.settle({ ...owned, settlements: retries, finishedClaims: [batch.claimId] })
      const again = yield* claimed(later(owned, second), source)
      const settlements = again.deliveries.map((delivery) => ({
        ...ended(delivery, "failed"),
        errorClass: "messagePermanent" as const,
        reason: "too long",
        providerId: "wamid.1"
      }))
      yield* ledger.settle({ ...later(owned, 2 * second), settlements, finishedClaims: [again.claimId] })
      const [id = DeliveryId.make(0n)] = ids
      const found = yield* records.find({ workspaceId, id })
      assert.deepStrictEqual<unknown>(
        { ...found?.record, payload: parsed(found?.record.payload ?? null) },
        {
          id,
          workspaceId,
          campaignId: campaign.id,
          batchId: null,
          pipeline: "reports",
          lane: "bulk",
          tags: [],
          state: "failed",
          dispatchedAt: base,
          dueAt: base + second,
          deadline: null,
          attempt: 2,
          rescues: 0,
          claim: null,
          recalled: null,
          settledAt: base + 2 * second,
          providerId: "wamid.1",
          errorClass: "messagePermanent",
          reason: "too long",
          payload: { index: 0 }
        }
      )
      assert.deepStrictEqual(found?.attempts, [
        { attempt: 1, at: base, outcome: "retry", errorClass: "rateLimited", reason: "slow down" },
        { attempt: 2, at: base + 2 * second, outcome: "failed", errorClass: "messagePermanent", reason: "too long" }
      ])
    })
  ),
  sentence(
    "a delivery is not found in another workspace, nor one that never was, nor a temporary one that completed",
    Effect.gen(function* () {
      const records = yield* Records
      const { ids, owned } = yield* workspaceOfEnded([
        { state: "completed" },
        { state: "completed", job: { temporary: true } },
        { state: "failed", job: { temporary: true } }
      ])
      const other = yield* ownedWorkspace()
      const isFound = (workspaceId: typeof owned.workspaceId | null, id: DeliveryId) =>
        Effect.map(records.find({ workspaceId, id }), (found) => found !== null)
      assert.deepStrictEqual(yield* Effect.forEach(ids, (id) => isFound(owned.workspaceId, id)), [true, false, true])
      assert.deepStrictEqual(yield* Effect.forEach(ids, (id) => isFound(other.workspaceId, id)), [false, false, false])
      assert.isFalse(yield* isFound(null, DeliveryId.make(9_000_000_000_000n)))
    })
  ),
  sentence(
    "what ended is paged by id",
    Effect.gen(function* () {
      const records = yield* Records
      const { ids, owned } = yield* workspaceOfEnded(Array.from({ length: 5 }, () => ({ state: "failed" as const })))
      const page = { filter: allOf(owned), limit: 2 }
      const first = yield* records.ended({ ...page, after: null })
      const next = yield* records.ended({ ...page, after: first.at(-1)?.id ?? null })
      const end = yield* records.ended({ ...page, after: next.at(-1)?.id ?? null })
      assert.deepStrictEqual<unknown>([first, next, end].map(idsOf), [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
      assert.strictEqual(yield* records.countEnded(page.filter), 5)
    })
  ),
  sentence(
    "what ended is found, and counted, by each part of a filter",
    Effect.gen(function* () {
      const records = yield* Records
      const { ids, owned } = yield* workspaceOfEnded([
        { state: "completed", job: { tags: ["a"] } },
        { state: "failed", errorClass: "transient", reason: "Connection RESET", job: { pipeline: "other" } },
        { state: "failed", errorClass: "messagePermanent", reason: "100% wrong", job: { lane: "urgent" } },
        { state: "unknown", errorClass: "unknown", job: { tags: ["b", "a"] } },
        { state: "cancelled", reason: "stopped" }
      ])
      const theirs = yield* claimedCampaign(1)
      const ledger = yield* Ledger
      const { workspaceId } = owned
      const found = Effect.fnUntraced(function* (part: Partial<EndedFilter>) {
        const filter = { ...allOf(owned), ...part }
        const rows = yield* records.ended({ filter, after: null, limit: 100 })
        assert.strictEqual(yield* records.countEnded(filter), rows.length)
        return rows.map(({ id }) => ids.indexOf(id))
      })
      assert.deepStrictEqual(yield* found({}), [0, 1, 2, 3, 4])
      assert.deepStrictEqual(yield* found({ states: [] }), [])
      assert.deepStrictEqual(yield* found({ states: ["failed", "unknown"] }), [1, 2, 3])
      assert.deepStrictEqual(yield* found({ states: ["completed", "cancelled"] }), [0, 4])
      assert.deepStrictEqual(yield* found({ pipeline: "other" }), [1])
      assert.deepStrictEqual(yield* found({ pipeline: "nobody's" }), [])
      assert.deepStrictEqual(yield* found({ lane: "urgent" }), [2])
      assert.deepStrictEqual(yield* found({ tag: "a" }), [0, 3])
      assert.deepStrictEqual(yield* found({ tag: "A" }), [])
      assert.deepStrictEqual(yield* found({ errorClass: "transient" }), [1])
      assert.deepStrictEqual(yield* found({ reason: "connection reset" }), [1])
      assert.deepStrictEqual(yield* found({ reason: "0%" }), [2])
      assert.deepStrictEqual(yield* found({ campaignId: theirs.campaign.id }), [])
      assert.deepStrictEqual(yield* found({ from: base + second, until: base + second + 1 }), [0, 1, 2, 3, 4])
      assert.deepStrictEqual(yield* found({ from: base + second + 1 }), [])
      assert.deepStrictEqual(yield* found({ until: base + second }), [])
      const settlements = theirs.batch.deliveries.map((delivery) => ended(delivery, "failed"))
      yield* ledger.settle({ ...theirs.owned, settlements, finishedClaims: [] })
      const ofCampaign = { ...allOf(theirs.owned), campaignId: theirs.campaign.id }
      assert.strictEqual(yield* records.countEnded(ofCampaign), 1)
      assert.strictEqual(yield* records.countEnded({ ...ofCampaign, campaignId: null }), 0)
      assert.strictEqual(yield* records.countEnded({ ...ofCampaign, workspaceId }), 0)
      assert.strictEqual(yield* records.countEnded({ ...ofCampaign, workspaceId: null }), 1)
    })
  ),
  sentence(
    "what is open is listed by due time, then by id, and counted",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const owned = yield* ownedWorkspace()
      const { workspaceId } = owned
      const deliveries = [
        job({}, { dueAt: base + second, tags: ["a"] }),
        ...jobs(2),
        job({}, { lane: "bulk", pipeline: "other", tags: ["a", "b"] })
      ]
      const ids = yield* ledger.insert({ ...owned, deliveries })
      const batch = yield* claimed(owned, background, 1)
      const listed = (part: object, limit = 10) =>
        Effect.map(records.open({ filter: { workspaceId, ...part }, limit }), (rows) =>
          rows.map(({ id }) => ids.indexOf(id))
        )
      assert.deepStrictEqual(yield* listed({}), [1, 2, 3, 0])
      assert.deepStrictEqual(yield* listed({}, 2), [1, 2])
      assert.deepStrictEqual(yield* listed({ tag: "a" }), [3, 0])
      assert.deepStrictEqual(yield* listed({ lane: "bulk", pipeline: "other", campaignId: null }), [3])
      assert.deepStrictEqual(yield* listed({ lane: "urgent" }), [])
      const states = yield* records.open({ filter: { workspaceId }, limit: 10 })
      assert.deepStrictEqual(
        states.map(({ claim, state }) => [state, claim?.claimedAt ?? null]),
        [
          ["claimed", base],
          ["scheduled", null],
          ["scheduled", null],
          ["scheduled", null]
        ]
      )
      assert.strictEqual(states[0]?.id, batch.deliveries[0]?.id)
      assert.strictEqual(yield* records.countOpen({ workspaceId }), 4)
      assert.strictEqual(yield* records.countOpen({ workspaceId, tag: "a" }), 2)
    })
  ),
  sentence(
    "every pipeline is named, each once",
    Effect.gen(function* () {
      const records = yield* Records
      yield* workspaceOfEnded([{ state: "completed" }, { state: "failed", job: { pipeline: "named.once" } }])
      yield* workspaceOfEnded([{ state: "failed", job: { pipeline: "named.once" } }])
      yield* records.retain([{ pipeline: "named.never-used", retention: null }])
      const pipelines = yield* records.pipelines
      assert.deepStrictEqual(
        pipelines.filter((name) => name.startsWith("named.")),
        ["named.never-used", "named.once"]
      )
      assert.deepStrictEqual(pipelines, [...new Set(pipelines)].toSorted())
    })
  ),
  sentence(
    "what comes before a delivery is what is due, unclaimed and earlier of its own lane and campaign",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const owned = yield* ownedWorkspace()
      const [first = DeliveryId.make(0n), second_ = first, third = first, early = first] = yield* ledger.insert({
        ...owned,
        deliveries: [job({}), job({}), job({}, { dueAt: base + 10 * second }), job({}, { lane: "bulk" })]
      })
      const before = (id: DeliveryId, now: number) => records.before({ id, now })
      assert.deepStrictEqual(
        yield* Effect.all([first, second_, third, early].map((id) => before(id, base))),
        [0, 1, 2, 0]
      )
      yield* ledger.claim({ ...owned, source: background, limit: 1, after: null })
      assert.strictEqual(yield* before(third, base), 1)
      assert.strictEqual(yield* before(DeliveryId.make(9_000_000_000n), base), 0)
    })
  )
]
