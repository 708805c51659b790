/**
 * When a decision about a trigger's next occurrences is written, and what is written of it.
 */
import { assert } from "@effect/vitest"
import { TriggerId } from "@fibercast/domain/TriggerId"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import {
  advanceOf,
  another,
  filled,
  firedAt,
  freshTrigger,
  historyOf,
  nth,
  outcomesOf,
  passed,
  record,
  recordAt,
  recorded,
  skippedAt,
  standing,
  talliesOf,
  waitingAt,
  worked
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

export const recordSentences = [
  sentence(
    "an occurrence is recorded to the letter",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const rest = { reason: "merged", detail: "it was “late”", zone: "Asia/Jakarta", rules: "r9" } as const
      const asWas = { dueAt: nth(0) + 1, covers: { from: nth(-9), count: 9 }, ...rest }
      yield* recorded(trigger, [skippedAt(nth(0), asWas)])
      const row = yield* recordAt(trigger, nth(0))
      assert.deepStrictEqual(row, {
        ...asWas,
        occurrenceId: row.occurrenceId,
        triggerId: trigger.id,
        workspaceId: trigger.workspaceId,
        name: "report",
        nominal: nth(0),
        outcome: "skipped",
        deliveryId: null,
        campaignId: null,
        recordedAt: passed,
        state: null,
        failure: null,
        endedAt: null,
        output: null
      })
    })
  ),
  sentence(
    "an advance moves the trigger on, and changes nothing else about it; with other rules the plan begins anew",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const to = { nextCursor: nth(5), nextDue: nth(6), rules: "r2", merging: { from: nth(1), count: 3 } }
      const moved = yield* recorded(trigger, [skippedAt(nth(0))], to)
      const { merging, nextDue, rules } = to
      assert.deepStrictEqual(moved, { ...trigger, cursor: nth(5), nextDue, rules, merging })
      const last = yield* recorded(moved, [], { nextDue: null })
      assert.deepStrictEqual(last, { ...moved, nextDue: null, rules: "r1", plannedFrom: nth(5), merging: null })
    })
  ),
  sentence(
    "occurrences of one advance have records of their own, in the order given",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      yield* recorded(trigger, [skippedAt(nth(0)), firedAt(nth(1)), waitingAt(nth(2))])
      const ids = (yield* historyOf(trigger)).map(({ occurrenceId }) => occurrenceId)
      assert.deepStrictEqual(
        ids,
        ids.toSorted((a, b) => (a > b ? -1 : 1))
      )
      assert.strictEqual(new Set(ids).size, 3)
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["skipped: when", "fired", "waiting: overlap"])
    })
  ),
  sentence(
    "nothing to record is nothing recorded",
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* record(), [])
    })
  ),
  sentence(
    "a decision on an older revision is not written, nor is its work",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const paused = yield* triggers.pause({ ...trigger, name: "report", note: null, now: nth(1) })
      assert.deepStrictEqual(yield* record(advanceOf(trigger, [firedAt(nth(0))])), [])
      assert.deepStrictEqual(yield* standing(trigger), paused)
      assert.deepStrictEqual(yield* historyOf(trigger), [])
      assert.deepStrictEqual(yield* talliesOf(trigger), {})
      assert.strictEqual(yield* worked(trigger), 0)
    })
  ),
  sentence(
    "a decision on another cursor is not written, nor is its work",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const moved = yield* recorded(trigger, [skippedAt(nth(0))])
      for (const cursor of [trigger.cursor, moved.cursor + 1]) {
        const stale = advanceOf({ ...trigger, cursor }, [firedAt(nth(3))], { nextCursor: nth(4) })
        assert.deepStrictEqual(yield* record(stale), [])
      }
      assert.deepStrictEqual(yield* standing(trigger), moved)
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["skipped: when"])
      assert.strictEqual(yield* worked(trigger), 0)
    })
  ),
  sentence(
    "a decision is written once, however often it is made",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const advance = advanceOf(trigger, [firedAt(nth(0)), firedAt(nth(1))])
      const both = yield* Effect.all([record(advance), record(advance)], { concurrency: 2 })
      assert.deepStrictEqual(both.flat(), [trigger.id])
      assert.deepStrictEqual(yield* record(advance), [])
      assert.deepStrictEqual(yield* talliesOf(trigger), { fired: 2 })
      assert.strictEqual(yield* worked(trigger), 2)
    })
  ),
  sentence(
    "a decision about a trigger that does not exist is not written",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const nobody = { ...trigger, id: TriggerId.make(2_000_000_000) }
      assert.deepStrictEqual(yield* record(advanceOf(nobody, [firedAt(nth(0))])), [])
      assert.strictEqual(yield* worked(trigger), 0)
    })
  ),
  sentence(
    "a nominal time that has a record gets no other: nothing of the advance is written",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      yield* filled(trigger, skippedAt(nth(1), { reason: "refused" }))
      const advance = advanceOf(trigger, [firedAt(nth(0)), firedAt(nth(1)), firedAt(nth(2))])
      assert.deepStrictEqual(yield* record(advance), [])
      assert.deepStrictEqual(yield* standing(trigger), trigger)
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["skipped: refused"])
      assert.deepStrictEqual(yield* talliesOf(trigger), { "skipped: refused": 1 })
      assert.strictEqual(yield* worked(trigger), 0)
    })
  ),
  sentence(
    "an advance that names a nominal time twice is not written",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      assert.deepStrictEqual(yield* record(advanceOf(trigger, [firedAt(nth(0)), firedAt(nth(0))])), [])
      assert.deepStrictEqual(yield* standing(trigger), trigger)
      assert.deepStrictEqual(yield* historyOf(trigger), [])
      assert.strictEqual(yield* worked(trigger), 0)
    })
  ),
  sentence(
    "several advances are written each for itself: one that does not hold stops no other",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const one = yield* freshTrigger()
      const stale = yield* another(one, "stale")
      const two = yield* another(one, "two")
      const three = yield* freshTrigger()
      const paused = yield* triggers.pause({ ...stale, name: "stale", note: null, now: nth(0) })
      const advances = [three, stale, two, one].map((trigger) => advanceOf(trigger, [firedAt(nth(0))]))
      assert.deepStrictEqual(yield* record(...advances), [three.id, two.id, one.id])
      assert.deepStrictEqual(yield* standing(stale), paused)
      assert.deepStrictEqual(yield* historyOf(stale), [])
      for (const trigger of [one, two, three]) assert.deepStrictEqual(yield* outcomesOf(trigger), ["fired"])
      assert.strictEqual(yield* worked(one), 2)
      assert.strictEqual(yield* worked(three), 1)
    })
  ),
  sentence(
    "schedulers that record the same triggers at once, in whatever order, write each once",
    Effect.gen(function* () {
      const one = yield* freshTrigger()
      const names = ["a", "b", "c", "d"]
      const all = [one, ...(yield* Effect.forEach(names, (name) => another(one, name, { overlapKey: "report" })))]
      const advances = all.map((trigger) => advanceOf(trigger, [firedAt(nth(0))]))
      const passes = [record(...advances), record(...advances.toReversed()), record(...advances)]
      const written = (yield* Effect.all(passes, { concurrency: "unbounded" })).flat()
      assert.deepStrictEqual(
        written.toSorted((a, b) => a - b),
        all.map(({ id }) => id)
      )
      assert.strictEqual(yield* worked(one), 5)
    })
  ),
  sentence(
    "two advances of one trigger are written if the second goes on where the first ended",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const first = advanceOf(trigger, [firedAt(nth(0))])
      const next = advanceOf({ ...trigger, cursor: first.nextCursor }, [firedAt(nth(1))])
      assert.deepStrictEqual(yield* record(first, first, next), [trigger.id, trigger.id])
      assert.strictEqual((yield* standing(trigger)).cursor, next.nextCursor)
      assert.deepStrictEqual(yield* talliesOf(trigger), { fired: 2 })
    })
  )
]
