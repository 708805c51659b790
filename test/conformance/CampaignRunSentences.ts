/**
 * How long a run is open that launched a campaign, and how it ends.
 */
import { assert } from "@effect/vitest"
import { type CampaignId, type CampaignStatus } from "@fibercast/domain/Campaign"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { claimed, ended, freshName, sourceOf } from "./Given.ts"
import {
  busyOf,
  endOf,
  firedAt,
  freshTrigger,
  launch,
  nth,
  ownerOf,
  passed,
  recordAt,
  recorded,
  runOf
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

/** A trigger whose run launched a campaign with one open delivery. */
const launched = Effect.gen(function* () {
  const campaigns = yield* CampaignStore
  const trigger = yield* freshTrigger()
  yield* recorded(trigger, [firedAt(nth(0), { work: launch(trigger.workspaceId, yield* freshName) })])
  const { campaignId } = yield* recordAt(trigger, nth(0))
  if (campaignId === null) return yield* Effect.die(new Error("no campaign was launched"))
  const page = { from: 0, to: 1, last: true, skipped: [], now: passed }
  yield* campaigns.append({ campaignId, ...page, recipients: [{ row: 1, address: "+62811", payload: "{}" }] })
  return { campaignId, trigger }
})

const move = Effect.fnUntraced(function* (
  { workspaceId }: StoredTrigger,
  campaignId: CampaignId,
  to: CampaignStatus,
  note: string | null = null
) {
  const campaigns = yield* CampaignStore
  const from = ["scheduled", "running", "paused"] as const
  return yield* campaigns.transition({ workspaceId, campaignId, from, to, note, now: nth(61) })
})

const isOpen = Effect.fnUntraced(function* (trigger: StoredTrigger) {
  assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0)], waiting: 0 })
  assert.deepStrictEqual(yield* endOf(trigger), [])
})

/** Settles its one delivery. */
const settled = Effect.fnUntraced(function* (
  trigger: StoredTrigger,
  campaignId: CampaignId,
  state: "completed" | "failed"
) {
  const campaigns = yield* CampaignStore
  const ledger = yield* Ledger
  const owned = yield* ownerOf(trigger)
  const campaign = yield* campaigns.get(trigger.workspaceId, campaignId)
  const batch = yield* claimed(owned, sourceOf(campaign))
  const settlements = batch.deliveries.map((delivery) => ended(delivery, state))
  yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
})

export const campaignRunSentences = [
  sentence(
    "a run is open until its campaign is completed, and then completed as it was",
    Effect.gen(function* () {
      for (const state of ["completed", "failed"] as const) {
        const { campaignId, trigger } = yield* launched
        yield* isOpen(trigger)
        for (const status of ["running", "paused", "running"] as const) {
          yield* move(trigger, campaignId, status)
          yield* isOpen(trigger)
        }
        yield* settled(trigger, campaignId, state)
        yield* isOpen(trigger)
        const before = yield* recordAt(trigger, nth(0))
        yield* move(trigger, campaignId, "completed")
        assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 0 })
        const how = { state: "completed", failure: null, endedAt: nth(61) } as const
        const [run] = yield* endOf(trigger, nth(65))
        assert.deepInclude(run, { ...runOf(before), ...how, output: null })
        assert.deepStrictEqual(yield* recordAt(trigger, nth(0)), { ...before, ...how })
        assert.deepStrictEqual(yield* endOf(trigger), [])
      }
    })
  ),
  sentence(
    "a run whose campaign is cancelled is open while any of its deliveries is, and then cancelled for the note's reason",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaignId, trigger } = yield* launched
      yield* move(trigger, campaignId, "cancelled", "wrong template")
      yield* isOpen(trigger)
      const owned = yield* ownerOf(trigger)
      assert.strictEqual(yield* ledger.cancel({ ...owned, campaignId, limit: 10, reason: "cancelled" }), 1)
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 0 })
      const [run] = yield* endOf(trigger, nth(65))
      assert.deepInclude(run, { state: "cancelled", failure: "wrong template", endedAt: nth(65) })
      assert.deepStrictEqual(yield* endOf(trigger), [])
    })
  )
]
