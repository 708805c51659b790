/**
 * What a claim hands out: what, in which order, how much, and never twice.
 */
import { assert } from "@effect/vitest"
import { Ledger } from "@fibercast/ports/Ledger"
import { EpochLost } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import {
  background,
  base,
  claimable,
  claimed,
  ended,
  freshCampaign,
  idsOf,
  job,
  jobs,
  later,
  ownedWorkspace,
  parsed,
  second,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

export const claimSentences = [
  sentence(
    "insert answers rising ids in the order given",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { workspaceId } = yield* ownedWorkspace()
      const dues = [3, 1, 2].map((at) => job({ at }, { dueAt: base + at }))
      const first = yield* ledger.insert({ workspaceId, now: base, deliveries: dues })
      const next = yield* ledger.insert({ workspaceId, now: base, deliveries: jobs(2) })
      const ids = [...first, ...next]
      assert.strictEqual(ids.length, 5)
      assert.deepStrictEqual(
        ids,
        ids.toSorted((a, b) => (a < b ? -1 : 1))
      )
      assert.strictEqual(new Set(ids).size, 5)
    })
  ),
  sentence(
    "an insert of nothing answers nothing",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      assert.deepStrictEqual(yield* ledger.insert({ ...owned, deliveries: [] }), [])
      assert.deepStrictEqual(yield* claimable(owned), [])
    })
  ),
  sentence(
    "a claim hands out what was inserted, by due time and then by id",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const dues = [20, 10, 20, 0].map((millis, index) =>
        job(
          { name: `d${index}`, 'quoted "key"': [1, null, "é"] },
          { dueAt: base + millis, deadline: base + 5000 + index }
        )
      )
      const ids = yield* ledger.insert({ ...owned, deliveries: dues })
      const batch = yield* claimed(later(owned, second))
      assert.strictEqual(batch.claimedAt, base + second)
      const order = [3, 1, 0, 2]
      assert.deepStrictEqual<unknown>(
        idsOf(batch.deliveries),
        order.map((index) => ids[index])
      )
      assert.deepStrictEqual<unknown>(
        batch.deliveries.map(({ payload, ...rest }) => ({ ...rest, payload: parsed(payload) })),
        order.map((index) => ({
          id: ids[index],
          pipeline: "jobs",
          lane: "normal",
          campaignId: null,
          attempt: 0,
          rescues: 0,
          batchId: null,
          dueAt: dues[index]?.dueAt,
          deadline: base + 5000 + index,
          payload: parsed(dues[index]?.payload ?? null)
        }))
      )
    })
  ),
  sentence(
    "a due time in the past means now",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const [late, now] = yield* ledger.insert({ ...owned, deliveries: [job(), job(1, { dueAt: base - 60 * second })] })
      const batch = yield* claimed(owned)
      assert.deepStrictEqual<unknown>(idsOf(batch.deliveries), [late, now])
      assert.deepStrictEqual(
        batch.deliveries.map(({ dueAt }) => dueAt),
        [base, base]
      )
    })
  ),
  sentence(
    "a claim holds no more than its limit and leaves the rest to the next",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const ids = yield* ledger.insert({ ...owned, deliveries: jobs(5) })
      const first = yield* claimed(owned, background, 2)
      const second = yield* claimed(owned, background, 2)
      const third = yield* claimed(owned, background, 2)
      const batches = [first, second, third]
      assert.deepStrictEqual(
        batches.map(({ deliveries }) => idsOf(deliveries)),
        [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]
      )
      assert.strictEqual(new Set(batches.map(({ claimId }) => claimId)).size, 3)
    })
  ),
  sentence(
    "only what is due is claimed, to the millisecond",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const [soon] = yield* ledger.insert({
        ...owned,
        deliveries: [job(1, { dueAt: base + 1 }), job(2, { dueAt: base + 2 })]
      })
      assert.deepStrictEqual(yield* claimable(owned), [])
      assert.deepStrictEqual<unknown>(idsOf(yield* claimable(later(owned, 1))), [soon])
    })
  ),
  sentence(
    "a source without due work answers null",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      assert.isNull(yield* ledger.claim({ ...owned, source: background, limit: 1, after: null }))
    })
  ),
  sentence(
    "while a claim stands, none of its deliveries is claimed again",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ ...owned, deliveries: jobs(3) })
      yield* claimed(owned)
      const [fresh] = yield* ledger.insert({ ...owned, deliveries: [job()] })
      assert.deepStrictEqual<unknown>(idsOf(yield* claimable(later(owned, 3600 * second))), [fresh])
    })
  ),
  sentence(
    "after a cursor only later places are claimed, also among equal due times",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const dues = [0, 5, 5, 5, 9].map((millis) => job(millis, { dueAt: base + millis }))
      const ids = yield* ledger.insert({ ...owned, deliveries: dues })
      const after = { dueAt: base + 5, id: ids[2] ?? (yield* Effect.die("inserted less than given")) }
      const batch = yield* ledger.claim({ ...later(owned, 10), source: background, limit: 10, after })
      assert.deepStrictEqual(idsOf(batch?.deliveries ?? []), ids.slice(3))
      assert.deepStrictEqual(idsOf(yield* claimable(later(owned, 10))), ids.slice(0, 3))
    })
  ),
  sentence(
    "lanes and campaigns are sources of their own",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const one = yield* freshCampaign(owned.workspaceId, "one")
      const two = yield* freshCampaign(owned.workspaceId, "two")
      const places = [one.id, two.id, null].flatMap((campaignId) =>
        (["bulk", "urgent"] as const).map((lane) => ({ lane, campaignId }))
      )
      const deliveries = places.map((place) => job(place, place))
      const ids = yield* ledger.insert({ ...owned, deliveries })
      for (const [index, source] of places.entries()) {
        const { deliveries } = yield* claimed(owned, source)
        assert.deepStrictEqual<unknown>(
          deliveries.map(({ campaignId, id, lane }) => ({ campaignId, id, lane })),
          [{ ...source, id: ids[index] ?? null }]
        )
      }
    })
  ),
  sentence(
    "a claim never reaches into another workspace",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const mine = yield* ownedWorkspace()
      const theirs = yield* ownedWorkspace()
      const campaign = yield* freshCampaign(theirs.workspaceId)
      const source = { lane: "normal", campaignId: campaign.id } as const
      yield* ledger.insert({ ...theirs, deliveries: [job(), job(1, source)] })
      assert.deepStrictEqual(yield* claimable(mine), [])
      assert.deepStrictEqual(yield* claimable(mine, source), [])
      assert.strictEqual((yield* claimable(theirs)).length, 1)
    })
  ),
  sentence(
    "the next due time of a source is its earliest, and null when it is empty",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const nextDue = ledger.nextDue({ workspaceId: owned.workspaceId, source: background })
      assert.isNull(yield* nextDue)
      const dues = [700, 300, 500].map((millis) => job(millis, { dueAt: base + millis }))
      yield* ledger.insert({ ...owned, deliveries: [...dues, job(0, { lane: "urgent" })] })
      assert.strictEqual(yield* nextDue, base + 300)
      assert.isNull(
        yield* ledger.nextDue({ workspaceId: owned.workspaceId, source: { lane: "bulk", campaignId: null } })
      )
    })
  ),
  sentence(
    "asked at the same time for several sources and workspaces what is due next, it answers each its own",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const [mine, theirs] = [yield* ownedWorkspace(), yield* ownedWorkspace()]
      yield* ledger.insert({
        ...mine,
        deliveries: [job(0, { dueAt: base + 10 }), job(1, { dueAt: base + 20, lane: "bulk" })]
      })
      yield* ledger.insert({ ...theirs, deliveries: [job(2, { dueAt: base + 30 })] })
      const asked = [mine, theirs].flatMap(({ workspaceId }) =>
        (["bulk", "urgent", "normal"] as const).map((lane) => ({ workspaceId, source: { lane, campaignId: null } }))
      )
      assert.deepStrictEqual(yield* Effect.forEach(asked, ledger.nextDue, { concurrency: "unbounded" }), [
        base + 20,
        null,
        base + 10,
        null,
        null,
        base + 30
      ])
    })
  ),
  sentence(
    "a settled delivery is no longer what is due next",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ ...owned, deliveries: [job(), job(1, { dueAt: base + 900 })] })
      const batch = yield* claimed(owned)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.strictEqual(yield* ledger.nextDue({ workspaceId: owned.workspaceId, source: background }), base + 900)
    })
  ),
  sentence(
    "what a lost claim holds is given back, and nothing else",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { workspaceId, ...owned } = yield* ownedWorkspace()
      const own = { workspaceId, ...owned }
      const ids = yield* ledger.insert({ workspaceId, now: base, deliveries: jobs(4) })
      const known = yield* ledger.claim({ ...own, source: background, limit: 2, after: null })
      yield* ledger.claim({ ...own, source: background, limit: 2, after: null })
      yield* ledger.giveBack({ ...own, except: known === null ? [] : [known.claimId] })
      const again = yield* claimable(own, background)
      assert.deepStrictEqual(idsOf(again), ids.slice(2))
      assert.deepStrictEqual(
        again.map(({ attempt, rescues }) => ({ attempt, rescues })),
        [
          { attempt: 0, rescues: 0 },
          { attempt: 0, rescues: 0 }
        ]
      )
    })
  ),
  sentence(
    "an old epoch cannot give claims back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const { owned: next } = yield* takenByAnother(owned)
      yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries: jobs(2) })
      yield* claimed(next, background)
      assert.instanceOf(yield* Effect.flip(ledger.giveBack({ ...owned, except: [] })), EpochLost)
      assert.deepStrictEqual(yield* claimable(next, background), [])
    })
  )
]
