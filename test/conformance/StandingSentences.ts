/**
 * What an owner that lost sight of its work finds still standing.
 */
import { assert } from "@effect/vitest"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type HeldDelivery } from "@fibercast/ports/HandOver"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import {
  base,
  claimed,
  ended,
  givenBack,
  heldOf,
  later,
  putOff,
  runningCampaign,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

const standing = Effect.fnUntraced(function* (owned: Owned, held: ReadonlyArray<HeldDelivery>) {
  return yield* (yield* Ledger).standing({ ...owned, held })
})

const stands = (ids: ReadonlyArray<DeliveryId>, started: boolean) => ids.map((id) => ({ id, started }))

export const standingSentences = [
  sentence(
    "what is held as named stands, in the order given, and whether it is marked as started",
    Effect.gen(function* () {
      const { batch, ids, owned } = yield* runningCampaign(4)
      yield* start(owned, batch, batch.deliveries.slice(1, 3))
      const named = heldOf(batch).slice(0, 3).toReversed()
      const marked = stands(ids.slice(1, 3).toReversed(), true)
      assert.deepStrictEqual(yield* standing(owned, named), [...marked, ...stands(ids.slice(0, 1), false)])
      assert.deepStrictEqual(yield* standing(owned, []), [])
    })
  ),
  sentence(
    "what has ended, was put off or was given back stands no more",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned } = yield* runningCampaign(4)
      const settlements = [
        ...batch.deliveries.slice(0, 1).map((delivery) => ended(delivery, "failed")),
        ...batch.deliveries.slice(1, 2).map((delivery) => putOff(delivery, "snooze", base + second))
      ]
      const returned = givenBack(batch, batch.deliveries.slice(2, 3))
      yield* ledger.settle({ ...owned, settlements, givenBack: returned, finishedClaims: [] })
      assert.deepStrictEqual(yield* standing(owned, heldOf(batch)), stands(ids.slice(3), false))
      yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(yield* standing(owned, heldOf(batch)), [])
    })
  ),
  sentence(
    "what is claimed again stands as the second claim holds it, as the try that it is, without the mark of the first",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, source } = yield* runningCampaign(2)
      yield* start(owned, batch, batch.deliveries)
      const settlements = batch.deliveries.slice(0, 1).map((delivery) => putOff(delivery, "retry", base + second))
      const returned = givenBack(batch, batch.deliveries.slice(1))
      yield* ledger.settle({ ...owned, settlements, givenBack: returned, finishedClaims: [] })
      const again = yield* claimed(later(owned, second), source)
      assert.deepStrictEqual(yield* standing(owned, heldOf(batch)), [])
      const before = heldOf(batch).map((named) => ({ ...named, claimId: again.claimId }))
      assert.deepStrictEqual(yield* standing(owned, before), stands(ids.slice(1), false))
      assert.deepStrictEqual(yield* standing(owned, heldOf(again)), stands(ids.toReversed(), false))
    })
  ),
  sentence(
    "what may not be sent stands as well: of a paused campaign, or asked back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const campaigns = yield* CampaignStore
      const { batch, campaign, ids, owned } = yield* runningCampaign(2)
      const change = { workspaceId: owned.workspaceId, campaignId: campaign.id, note: null, now: base }
      yield* campaigns.transition({ ...change, from: ["running"], to: "paused" })
      yield* ledger.recall({ ...owned, ids: ids.slice(0, 1), reason: "a mistake", force: false })
      assert.deepStrictEqual(yield* standing(owned, heldOf(batch)), stands(ids, false))
      yield* ledger.recall({ ...owned, ids: ids.slice(0, 1), reason: "a mistake", force: true })
      assert.deepStrictEqual(yield* standing(owned, heldOf(batch)), stands(ids.slice(1), false))
    })
  ),
  sentence(
    "an old epoch is not told what stands, nor the owner of another workspace",
    Effect.gen(function* () {
      const { batch, owned } = yield* runningCampaign(1)
      const { owned: other } = yield* runningCampaign(1)
      assert.deepStrictEqual(yield* standing(other, heldOf(batch)), [])
      yield* takenByAnother(owned)
      const error = yield* Effect.flip(standing(owned, heldOf(batch)))
      assert.strictEqual(error._tag, "EpochLost")
    })
  )
]
