/**
 * What an occurrence that runs sets off.
 */
import { assert } from "@effect/vitest"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { type NewOccurrence } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { background, base, claimable, claimed, freshName, idsOf, job, parsed, spec } from "./Given.ts"
import {
  advanceOf,
  firedAt,
  freshTrigger,
  historyOf,
  launch,
  nth,
  ownerOf,
  passed,
  record,
  recordAt,
  recorded,
  skippedAt,
  waitingAt,
  worked
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

export const dispatchSentences = [
  sentence(
    "a delivery is dispatched as it was asked for, and the record names it",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const payload = { month: "März", nested: [1, { two: null }] }
      const asked = job(payload, { lane: "urgent", pipeline: "school.report", deadline: nth(99), dueAt: nth(61) })
      yield* recorded(trigger, [firedAt(nth(0), { work: { _tag: "Deliver", delivery: asked } })])
      const owned = yield* ownerOf(trigger, nth(61))
      const source = { lane: "urgent", campaignId: null } as const
      const [delivery] = (yield* claimed(owned, source)).deliveries
      assert.strictEqual(delivery?.id, (yield* recordAt(trigger, nth(0))).deliveryId)
      const { deadline, dueAt, lane, pipeline } = asked
      assert.deepInclude(delivery, { deadline, dueAt, lane, pipeline, attempt: 0, rescues: 0, campaignId: null })
      assert.deepStrictEqual(parsed(delivery?.payload ?? null), payload)
    })
  ),
  sentence(
    "a delivery is not claimable before its own due time, and an overdue one at once",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const late: Partial<NewOccurrence> = { work: { _tag: "Deliver", delivery: job({}, { dueAt: passed + 5 }) } }
      yield* recorded(trigger, [firedAt(nth(0)), firedAt(nth(1), late)])
      const owned = yield* ownerOf(trigger, passed)
      const atOnce = yield* claimable(owned)
      assert.strictEqual(atOnce[0]?.id, (yield* recordAt(trigger, nth(0))).deliveryId)
      assert.lengthOf(atOnce, 1)
      const later = yield* claimable({ ...owned, now: passed + 5 })
      assert.strictEqual(later[0]?.id, (yield* recordAt(trigger, nth(1))).deliveryId)
      assert.lengthOf(later, 1)
    })
  ),
  sentence(
    "dispatched work makes its workspace due, and no other's",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const trigger = yield* freshTrigger()
      const idle = yield* freshTrigger()
      const due = Effect.map(ledger.dueWorkspaces({ by: passed, now: passed, limit: 10_000 }), (found) =>
        found.map(({ workspaceId }) => workspaceId)
      )
      assert.notInclude(yield* due, trigger.workspaceId)
      yield* recorded(trigger, [firedAt(nth(0))])
      assert.include(yield* due, trigger.workspaceId)
      assert.notInclude(yield* due, idle.workspaceId)
      assert.strictEqual(yield* worked(idle), 0)
      assert.strictEqual(yield* worked(trigger), 1)
    })
  ),
  sentence(
    "each occurrence that runs has a delivery of its own, and what does not run has none",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const missed = skippedAt(nth(2), { outcome: "missed", reason: "down" })
      const late = firedAt(nth(4), { outcome: "late", reason: "down" })
      const occurrences = [firedAt(nth(0)), skippedAt(nth(1)), missed, waitingAt(nth(3)), late]
      yield* recorded(trigger, occurrences)
      const history = (yield* historyOf(trigger)).toReversed()
      const ids = history.flatMap(({ deliveryId }) => (deliveryId === null ? [] : [deliveryId]))
      assert.deepStrictEqual(
        history.map(({ deliveryId }) => deliveryId !== null),
        [true, false, false, false, true]
      )
      const batch = yield* claimed(yield* ownerOf(trigger), background)
      assert.sameMembers([...idsOf(batch.deliveries)], ids)
    })
  ),
  sentence(
    "a campaign is launched as it was asked for, and the record names it",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const trigger = yield* freshTrigger()
      const { workspaceId } = trigger
      const key = yield* freshName
      yield* recorded(trigger, [firedAt(nth(0), { work: launch(workspaceId, key) })])
      const row = yield* recordAt(trigger, nth(0))
      assert.isNull(row.deliveryId)
      const [campaign, ...others] = yield* campaigns.list({ workspaceId, limit: 10 })
      assert.deepStrictEqual(others, [])
      const asked = {
        key,
        spec,
        templateHash: "t1",
        audienceHash: "a1",
        createdAt: passed,
        status: "scheduled"
      } as const
      assert.deepInclude(campaign, asked)
      assert.strictEqual(campaign?.id, row.campaignId)
    })
  ),
  sentence(
    "a campaign that was launched by its key before is not launched again, and stays as it is",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const trigger = yield* freshTrigger()
      const { workspaceId } = trigger
      for (const [index, changes] of [{}, { template: "Good morning" }].entries()) {
        const key = yield* freshName
        const asked = { workspaceId, key, templateHash: "t1", audienceHash: "a1", now: base }
        const { campaign } = yield* campaigns.create({ ...asked, spec: { ...spec, ...changes } })
        const seen = { ...trigger, cursor: index === 0 ? trigger.cursor : nth(0) + 1 }
        yield* recorded(seen, [firedAt(nth(index), { work: launch(workspaceId, key) })])
        assert.strictEqual((yield* recordAt(trigger, nth(index))).campaignId, campaign.id)
        assert.deepStrictEqual(yield* campaigns.get(workspaceId, campaign.id), campaign)
      }
      assert.lengthOf(yield* campaigns.list({ workspaceId, limit: 10 }), 2)
    })
  ),
  sentence(
    "an advance that does not hold launches nothing",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const trigger = yield* freshTrigger()
      const { workspaceId } = trigger
      const work = launch(workspaceId, "never")
      const busy = { running: 1, waiting: 0 }
      assert.deepStrictEqual(yield* record(advanceOf(trigger, [firedAt(nth(0), { work })], { busy })), [])
      assert.deepStrictEqual(yield* campaigns.list({ workspaceId, limit: 10 }), [])
    })
  )
]
