/**
 * What is recorded at the asking of a person.
 */
import { assert } from "@effect/vitest"
import { type NewOccurrence, TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import {
  busyOf,
  endOf,
  filled,
  firedAt,
  freshTrigger,
  historyOf,
  launch,
  nth,
  outcomesOf,
  recordAt,
  recorded,
  skippedAt,
  standing,
  talliesOf,
  waitingAt,
  worked
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

const backfill = (nominal: number, changes: Partial<NewOccurrence> = {}): NewOccurrence =>
  firedAt(nominal, { outcome: "late", reason: "backfill", ...changes })

export const fillSentences = [
  sentence(
    "a nominal time without a record gets one, before the cursor or beyond it, and its work is dispatched",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger({ cursor: nth(5) })
      const unplanned = nth(7) + 1
      assert.deepStrictEqual(yield* filled(trigger, backfill(nth(2)), backfill(unplanned)), [nth(2), unplanned])
      assert.deepInclude(yield* recordAt(trigger, nth(2)), { outcome: "late", reason: "backfill", recordedAt: nth(70) })
      assert.deepStrictEqual(yield* talliesOf(trigger), { "late: backfill": 2 })
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(2), unplanned], waiting: 0 })
      assert.strictEqual(yield* worked(trigger), 2)
      assert.lengthOf(yield* endOf(trigger), 2)
    })
  ),
  sentence(
    "filling in moves the trigger no further, and raises no revision",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger({ cursor: nth(5) })
      yield* filled(trigger, backfill(nth(2)), backfill(nth(9)))
      assert.deepStrictEqual(yield* standing(trigger), trigger)
      yield* recorded(trigger, [firedAt(nth(5))])
    })
  ),
  sentence(
    "what was skipped or missed becomes what is given: the same record, counted once",
    Effect.gen(function* () {
      const missed = skippedAt(nth(1), { outcome: "missed", reason: "down", detail: "for an hour" })
      const skipped = skippedAt(nth(0), { covers: { from: nth(-2), count: 2 } })
      const trigger = yield* recorded(yield* freshTrigger(), [skipped, missed])
      const before = [yield* recordAt(trigger, nth(0)), yield* recordAt(trigger, nth(1))]
      assert.deepStrictEqual(yield* filled(trigger, backfill(nth(0)), backfill(nth(1))), [nth(0), nth(1)])
      for (const row of before) {
        const after = yield* recordAt(trigger, row.nominal)
        const late = { outcome: "late", reason: "backfill", recordedAt: nth(70), detail: null, covers: null } as const
        assert.deepStrictEqual(after, { ...row, ...late, deliveryId: after.deliveryId })
        assert.isNotNull(after.deliveryId)
      }
      assert.deepStrictEqual(yield* talliesOf(trigger), { "late: backfill": 2 })
      assert.strictEqual(yield* worked(trigger), 2)
    })
  ),
  sentence(
    "what was skipped may be skipped for another reason",
    Effect.gen(function* () {
      const trigger = yield* recorded(yield* freshTrigger(), [skippedAt(nth(0))])
      const refused = skippedAt(nth(0), { reason: "refused", detail: "no such template" })
      assert.deepStrictEqual(yield* filled(trigger, refused), [nth(0)])
      assert.deepStrictEqual(yield* talliesOf(trigger), { "skipped: refused": 1 })
      assert.strictEqual((yield* recordAt(trigger, nth(0))).detail, "no such template")
    })
  ),
  sentence(
    "what ran, runs or waits is left alone",
    Effect.gen(function* () {
      const first = yield* recorded(yield* freshTrigger(), [firedAt(nth(0))])
      yield* worked(first)
      yield* endOf(first)
      const late = firedAt(nth(2), { outcome: "late", reason: "down" })
      const trigger = yield* recorded(first, [firedAt(nth(1)), late, waitingAt(nth(3)), skippedAt(nth(4))])
      const before = yield* historyOf(trigger)
      const asked = [0, 1, 2, 3].map((n) => backfill(nth(n)))
      assert.deepStrictEqual(yield* filled(trigger, ...asked, backfill(nth(4)), backfill(nth(5))), [nth(4), nth(5)])
      assert.deepStrictEqual((yield* historyOf(trigger)).slice(2), before.slice(1))
      const tallies = { fired: 2, "late: down": 1, "waiting: overlap": 1, "late: backfill": 2 }
      assert.deepStrictEqual(yield* talliesOf(trigger), tallies)
      assert.strictEqual(yield* worked(trigger), 4)
    })
  ),
  sentence(
    "it is filled in whatever the overlap key is doing",
    Effect.gen(function* () {
      const trigger = yield* recorded(yield* freshTrigger(), [firedAt(nth(0)), waitingAt(nth(1))])
      assert.deepStrictEqual(yield* filled(trigger, backfill(nth(-1)), waitingAt(nth(-2))), [nth(-1), nth(-2)])
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0), nth(-1)], waiting: 2 })
    })
  ),
  sentence(
    "it answers what was written in the order given; of one given twice the first is taken",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const twice = [backfill(nth(-1)), skippedAt(nth(-3)), backfill(nth(-1)), backfill(nth(-3)), backfill(nth(-2))]
      assert.deepStrictEqual(yield* filled(trigger, ...twice), [nth(-1), nth(-3), nth(-2)])
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["skipped: when", "late: backfill", "late: backfill"])
      assert.deepStrictEqual(yield* talliesOf(trigger), { "late: backfill": 2, "skipped: when": 1 })
      assert.strictEqual(yield* worked(trigger), 2)
    })
  ),
  sentence(
    "nothing asked for is nothing filled in",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      assert.deepStrictEqual(yield* filled(trigger), [])
      assert.deepStrictEqual(yield* historyOf(trigger), [])
    })
  ),
  sentence(
    "what several ask for at once is filled in once",
    Effect.gen(function* () {
      const trigger = yield* recorded(yield* freshTrigger(), [skippedAt(nth(0))])
      const asked = filled(trigger, backfill(nth(0)), backfill(nth(-1)))
      const answers = yield* Effect.all([asked, asked, asked], { concurrency: "unbounded" })
      assert.sameMembers(answers.flat(), [nth(0), nth(-1)])
      assert.deepStrictEqual(yield* talliesOf(trigger), { "late: backfill": 2 })
      assert.strictEqual(yield* worked(trigger), 2)
    })
  ),
  sentence(
    "a campaign is launched for what is filled in, and named by its record",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      yield* filled(trigger, backfill(nth(-1), { work: launch(trigger.workspaceId, "again") }))
      const { campaignId, deliveryId } = yield* recordAt(trigger, nth(-1))
      assert.isNotNull(campaignId)
      assert.isNull(deliveryId)
    })
  ),
  sentence(
    "a paused trigger is filled in as ever",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      yield* triggers.pause({ ...trigger, name: "report", note: null, now: nth(1) })
      assert.deepStrictEqual(yield* filled(trigger, backfill(nth(-1))), [nth(-1)])
    })
  )
]
