/**
 * What is put off has left its claim: it is tried again when it is due, and what is said of the try before does
 * not touch the next.
 */
import { assert } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import {
  base,
  claimable,
  claimed,
  claimedCampaign,
  countsOf,
  ended,
  idsOf,
  later,
  putOff,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

/** One of three is put off for ten seconds; the claim of all three stands. */
const onePutOff = Effect.fnUntraced(function* (state: "retry" | "snooze", isStarted = false) {
  const ledger = yield* Ledger
  const { batch, ...given } = yield* claimedCampaign(3)
  const [first] = batch.deliveries
  if (first === undefined) return yield* Effect.die("nothing was claimed")
  if (isStarted) yield* start(given.owned, batch, [first])
  const put = putOff(first, state, base + 10 * second)
  const settled = yield* ledger.settle({ ...given.owned, settlements: [put], finishedClaims: [] })
  assert.deepStrictEqual(settled, { final: 0, later: 1 })
  return { ...given, batch, first, put, due: later(given.owned, 10 * second) }
})

const charged = { retry: 1, snooze: 0 }

export const putOffSentences = (["retry", "snooze"] as const).flatMap((state) => [
  sentence(
    `a ${state} is claimed again once it is due, while the rest of its claim is still held`,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { due, first, owned, source } = yield* onePutOff(state)
      assert.strictEqual(yield* ledger.nextDue({ workspaceId: owned.workspaceId, source }), due.now)
      assert.deepStrictEqual(yield* claimable(later(due, -1), source), [])
      const again = yield* claimable(due, source)
      assert.deepStrictEqual(again, [{ ...first, attempt: charged[state], dueAt: due.now }])
      assert.deepStrictEqual(yield* claimable(later(due, 3600 * second), source), [])
    })
  ),
  sentence(
    `a ${state} that is claimed again stays held when its first claim is finished, which gives back only the rest`,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, due, ids, owned, source } = yield* onePutOff(state)
      const next = yield* claimed(due, source)
      yield* ledger.settle({ ...due, settlements: [], finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(idsOf(yield* claimable(due, source)), ids.slice(1))
      const settlements = next.deliveries.map((delivery) => ended(delivery, "completed"))
      const settled = yield* ledger.settle({ ...due, settlements, finishedClaims: [next.claimId] })
      assert.deepStrictEqual(settled, { final: 1, later: 0 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, open: 2, completed: 1 })
    })
  ),
  sentence(
    `what is said again, or late, of a try that ended as a ${state} does not touch the next try`,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, due, first, owned, put, source } = yield* onePutOff(state)
      const past = [
        put,
        putOff(first, "retry", due.now + second),
        putOff(first, "snooze", due.now + second),
        ...finalStates.map((state) => ended(first, state))
      ]
      const sayAgain = Effect.forEach(past, (settlement) =>
        ledger.settle({ ...due, settlements: [settlement], finishedClaims: [] })
      )
      const nothing = past.map(() => ({ final: 0, later: 0 }))
      assert.deepStrictEqual(yield* sayAgain, nothing)
      const next = yield* claimed(due, source)
      assert.deepStrictEqual(yield* sayAgain, nothing)
      yield* ledger.settle({ ...due, settlements: [put], finishedClaims: [batch.claimId] })
      assert.strictEqual((yield* claimable(later(due, 60 * second), source)).length, 2)
      const settlements = next.deliveries.map((delivery) => ended(delivery, "failed"))
      const settled = yield* ledger.settle({ ...due, settlements, finishedClaims: [next.claimId] })
      assert.deepStrictEqual(settled, { final: 1, later: 0 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, open: 2, failed: 1 })
    })
  ),
  sentence(
    `a take-over while a ${state} is claimed again and its first claim stands rescues each delivery once`,
    Effect.gen(function* () {
      const { batch, due, first, source } = yield* onePutOff(state)
      yield* claimed(due, source)
      const { owned: next, taken } = yield* takenByAnother(due)
      assert.deepStrictEqual(taken, { epoch: next.epoch, rescued: 3, unknown: 0 })
      assert.deepStrictEqual(yield* claimable(next, source), [
        ...batch.deliveries.slice(1).map((delivery) => ({ ...delivery, rescues: 1 })),
        { ...first, attempt: charged[state], dueAt: due.now, rescues: 1 }
      ])
    })
  ),
  sentence(
    `a started mark of a try that ended as a ${state} makes no doubt of it`,
    Effect.gen(function* () {
      const { due, source } = yield* onePutOff(state, true)
      const { owned: next, taken } = yield* takenByAnother(later(due, -second))
      assert.deepStrictEqual(taken, { epoch: next.epoch, rescued: 2, unknown: 0 })
      assert.strictEqual((yield* claimable(later(next, second), source)).length, 3)
    })
  ),
  sentence(
    `a started mark of a try that ended as a ${state} is none of the next, nor is one that its first claim gets late`,
    Effect.gen(function* () {
      const { batch, due, first, source } = yield* onePutOff(state, true)
      yield* claimed(due, source)
      yield* start(due, batch, [first])
      const { taken } = yield* takenByAnother(due)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 3, unknown: 0 })
    })
  ),
  sentence(
    `a started mark of the try after a ${state} counts, whatever becomes of the first claim`,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, due, source } = yield* onePutOff(state, true)
      const next = yield* claimed(due, source)
      yield* start(due, next, next.deliveries)
      yield* ledger.settle({ ...due, settlements: [], finishedClaims: [batch.claimId] })
      const { taken } = yield* takenByAnother(due)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 0, unknown: 1 })
    })
  ),
  sentence(
    `a claim of which everything ended as a ${state} holds nothing, whether it is finished or given back`,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(3)
      const settlements = batch.deliveries.map((delivery) => putOff(delivery, state, base + 10 * second))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      const due = later(owned, 10 * second)
      const next = yield* claimed(due, source)
      assert.deepStrictEqual(idsOf(next.deliveries), idsOf(batch.deliveries))
      yield* ledger.settle({ ...due, settlements: [], finishedClaims: [batch.claimId] })
      yield* ledger.giveBack({ ...due, except: [next.claimId] })
      assert.deepStrictEqual(yield* claimable(due, source), [])
      const { taken } = yield* takenByAnother(due)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 3, unknown: 0 })
    })
  ),
  sentence(
    `a ${state} to no later than it was due is not written`,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(1)
      for (const dueAt of [base - 1, base]) {
        const settlements = batch.deliveries.map((delivery) => putOff(delivery, state, dueAt))
        const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
        assert.deepStrictEqual(settled, { final: 0, later: 0 })
      }
      assert.deepStrictEqual(yield* claimable(later(owned, 60 * second), source), [])
    })
  )
])
