/**
 * What becomes of the work of an owner that is gone: rescued, or unknown.
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
  heldOf,
  idsOf,
  jobs,
  later,
  ownedWorkspace,
  parsed,
  putOff,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

export const rescueSentences = [
  sentence(
    "a take-over rescues what was not started: claimable again, uncharged, one rescue more",
    Effect.gen(function* () {
      const { batch, campaign, owned, source } = yield* claimedCampaign(3)
      const { owned: next, taken } = yield* takenByAnother(later(owned, second))
      assert.deepStrictEqual(taken, { epoch: next.epoch, rescued: 3, unknown: 0 })
      const again = yield* claimable(next, source)
      assert.deepStrictEqual(
        again,
        batch.deliveries.map((delivery) => ({ ...delivery, rescues: 1 }))
      )
      const { owned: third } = yield* takenByAnother(later(next, second))
      const thrice = yield* claimable(third, source)
      assert.deepStrictEqual(
        thrice.map(({ attempt, rescues }) => ({ attempt, rescues })),
        [
          { attempt: 0, rescues: 2 },
          { attempt: 0, rescues: 2 },
          { attempt: 0, rescues: 2 }
        ]
      )
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 3, open: 3 })
    })
  ),
  sentence(
    "a take-over makes unknown what carries a started mark, and rescues the rest of the claim",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned, source } = yield* claimedCampaign(3)
      yield* start(owned, batch, batch.deliveries.slice(1))
      const { owned: next, taken } = yield* takenByAnother(later(owned, second))
      assert.deepStrictEqual(taken, { epoch: next.epoch, rescued: 1, unknown: 2 })
      assert.deepStrictEqual(idsOf(yield* claimable(next, source)), ids.slice(0, 1))
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, open: 1, unknown: 2 })
      const done = yield* ledger.done({ campaignId: campaign.id, states: finalStates, after: null, limit: 10 })
      assert.deepStrictEqual<unknown>(
        done.map(({ id, payload, settledAt, state }) => ({ id, payload: parsed(payload), settledAt, state })),
        ids
          .slice(1)
          .map((id, index) => ({ id, payload: { index: index + 1 }, settledAt: base + second, state: "unknown" }))
      )
      assert.strictEqual(yield* ledger.attemptsSince({ workspaceId: owned.workspaceId, since: base }), 2)
    })
  ),
  sentence(
    "marks written in several steps all count",
    Effect.gen(function* () {
      const { batch, owned } = yield* claimedCampaign(3)
      yield* start(owned, batch, batch.deliveries.slice(0, 1))
      yield* start(owned, batch, batch.deliveries.slice(1, 2))
      const { taken } = yield* takenByAnother(owned)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 1, unknown: 2 })
    })
  ),
  sentence(
    "a started background job becomes unknown as well and is not claimed again",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ ...owned, deliveries: jobs(2) })
      const batch = yield* claimed(owned)
      yield* start(owned, batch, batch.deliveries)
      const { owned: next, taken } = yield* takenByAnother(owned)
      assert.deepStrictEqual(taken, { epoch: next.epoch, rescued: 0, unknown: 2 })
      assert.deepStrictEqual(yield* claimable(later(next, 60 * second)), [])
    })
  ),
  sentence(
    "what was started and settled before keeps its end, and what was put off its new due time",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(4)
      yield* start(owned, batch, batch.deliveries)
      const settlements = batch.deliveries.slice(0, 3).map((delivery, index) => {
        if (index === 0) return ended(delivery, "completed")
        return putOff(delivery, index === 1 ? "retry" : "snooze", base + 60 * second)
      })
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      const { owned: next, taken } = yield* takenByAnother(later(owned, second))
      assert.deepStrictEqual(taken, { epoch: next.epoch, rescued: 0, unknown: 1 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 4, open: 2, completed: 1, unknown: 1 })
      assert.deepStrictEqual(yield* claimable(later(next, 58 * second), source), [])
      const again = yield* claimable(later(next, 59 * second), source)
      assert.deepStrictEqual(
        again.map(({ attempt, rescues }) => ({ attempt, rescues })),
        [
          { attempt: 1, rescues: 0 },
          { attempt: 0, rescues: 0 }
        ]
      )
    })
  ),
  sentence(
    "a started mark ends with its claim",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(2)
      yield* start(owned, batch, batch.deliveries)
      yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [batch.claimId] })
      yield* claimed(owned, source)
      const { taken } = yield* takenByAnother(owned)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 2, unknown: 0 })
    })
  ),
  sentence(
    "who abandons with started work leaves it unknown",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(2)
      yield* start(owned, batch, batch.deliveries.slice(0, 1))
      yield* ledger.abandon(owned)
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, open: 1, unknown: 1 })
    })
  ),
  sentence(
    "what a sender died with leaves its claim, uncharged, one rescue more, while the rest is still held",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(4)
      const held = heldOf(batch).slice(1, 3)
      yield* ledger.rescue({ ...owned, held })
      const again = yield* claimable(owned, source)
      assert.deepStrictEqual(
        again,
        batch.deliveries.slice(1, 3).map((delivery) => ({ ...delivery, rescues: 1 }))
      )
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 4, open: 4 })
      const { taken } = yield* takenByAnother(later(owned, second))
      assert.deepStrictEqual([taken.rescued, taken.unknown], [4, 0])
    })
  ),
  sentence(
    "a death is counted once, however often it is told, and not for what is claimed again",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(1)
      const held = heldOf(batch)
      yield* ledger.rescue({ ...owned, held })
      yield* ledger.rescue({ ...owned, held })
      const second = yield* claimed(owned, source)
      yield* ledger.rescue({ ...owned, held })
      assert.deepStrictEqual(yield* claimable(owned, source), [])
      yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [second.claimId] })
      const [last] = yield* claimable(owned, source)
      assert.strictEqual(last?.rescues, 1)
    })
  ),
  sentence(
    "what ended, was put off, was marked as started or is another's is not rescued from a sender",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(4)
      const elsewhere = yield* claimedCampaign(1)
      const [done, waits, marked, left] = batch.deliveries
      if (done === undefined || waits === undefined || marked === undefined || left === undefined) return
      const settlements = [ended(done, "completed"), putOff(waits, "snooze", base + second)]
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      yield* start(owned, batch, [marked])
      yield* ledger.rescue({ ...owned, held: [...heldOf(batch).slice(0, 3), ...heldOf(elsewhere.batch)] })
      assert.deepStrictEqual(yield* claimable(owned, source), [])
      assert.deepStrictEqual(yield* claimable(elsewhere.owned, elsewhere.source), [])
      const soon = later(owned, second)
      assert.deepStrictEqual(
        (yield* claimable(soon, source)).map(({ id, rescues }) => [id, rescues]),
        [[waits.id, 0]]
      )
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), {
        ...none,
        planned: 4,
        open: 3,
        completed: 1
      })
      const { taken } = yield* takenByAnother(later(soon, second))
      assert.deepStrictEqual([taken.rescued, taken.unknown], [2, 1])
    })
  ),
  sentence(
    "an old epoch cannot rescue",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(1)
      const { owned: next } = yield* takenByAnother(later(owned, second))
      const taken = yield* claimed(next, source)
      const lost = yield* Effect.flip(ledger.rescue({ ...owned, held: heldOf(taken) }))
      assert.strictEqual(lost._tag, "EpochLost")
      assert.deepStrictEqual(yield* claimable(next, source), [])
      assert.lengthOf(heldOf(batch), 1)
    })
  )
]
