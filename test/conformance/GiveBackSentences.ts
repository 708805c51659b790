/**
 * What is given back, not begun, has left its claim as it was before, whatever else that holds.
 */
import { assert } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import {
  base,
  claimable,
  claimed,
  claimedCampaign,
  countsOf,
  givenBack,
  idsOf,
  later,
  putOff,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

export const giveBackSentences = [
  sentence(
    "what is given back of a claim is claimed again at once, uncharged, while the rest is still held",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(4)
      const back = batch.deliveries.slice(1, 3)
      const settled = yield* ledger.settle({
        ...owned,
        settlements: [],
        givenBack: givenBack(batch, back),
        finishedClaims: []
      })
      assert.deepStrictEqual(settled, { final: 0, later: 0 })
      assert.deepStrictEqual(yield* claimable(owned, source), back)
      assert.deepStrictEqual(yield* claimable(later(owned, 60 * second), source), [])
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 4, open: 4 })
    })
  ),
  sentence(
    "what was given back and is claimed again is not given back by the first claim, nor with it",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, source } = yield* claimedCampaign(3)
      const back = givenBack(batch, batch.deliveries.slice(0, 1))
      const giveBack = ledger.settle({ ...owned, settlements: [], givenBack: back, finishedClaims: [] })
      yield* giveBack
      yield* claimed(owned, source)
      yield* giveBack
      assert.deepStrictEqual(yield* claimable(owned, source), [])
      yield* ledger.settle({ ...owned, settlements: [], givenBack: back, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(idsOf(yield* claimable(owned, source)), ids.slice(1))
    })
  ),
  sentence(
    "one settle may give back some of a claim and put off others of it",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, source } = yield* claimedCampaign(3)
      const settlements = batch.deliveries.slice(0, 1).map((one) => putOff(one, "retry", base + second))
      const back = givenBack(batch, batch.deliveries.slice(1, 2))
      const settled = yield* ledger.settle({ ...owned, settlements, givenBack: back, finishedClaims: [] })
      assert.deepStrictEqual(settled, { final: 0, later: 1 })
      assert.deepStrictEqual(idsOf(yield* claimable(owned, source)), ids.slice(1, 2))
      assert.deepStrictEqual(idsOf(yield* claimable(later(owned, second), source)), ids.slice(0, 1))
    })
  ),
  sentence(
    "a started mark goes with what is given back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(2)
      yield* start(owned, batch, batch.deliveries)
      const back = givenBack(batch, batch.deliveries.slice(0, 1))
      yield* ledger.settle({ ...owned, settlements: [], givenBack: back, finishedClaims: [] })
      yield* claimed(owned, source)
      const { taken } = yield* takenByAnother(owned)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 1, unknown: 1 })
    })
  ),
  sentence(
    "nothing is given back of another's claim, nor under an old epoch",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(2)
      const { owned: other } = yield* claimedCampaign(1)
      const giveBack = { settlements: [], givenBack: givenBack(batch, batch.deliveries), finishedClaims: [] }
      yield* ledger.settle({ ...other, ...giveBack })
      assert.deepStrictEqual(yield* claimable(owned, source), [])
      const { owned: next } = yield* takenByAnother(owned)
      const again = yield* claimed(next, source)
      const error = yield* Effect.flip(
        ledger.settle({ ...owned, ...giveBack, givenBack: givenBack(again, again.deliveries) })
      )
      assert.strictEqual(error._tag, "EpochLost")
      assert.deepStrictEqual(yield* claimable(next, source), [])
    })
  )
]
