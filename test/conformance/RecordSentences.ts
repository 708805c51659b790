/**
 * When a decision about a trigger's next occurrences is written, and what is written of it.
 */
import { assert } from "@effect/vitest"
import { TriggerId } from "@fibercast/domain/TriggerId"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import {
  added,
  advanceOf,
  another,
  asked,
  busyOf,
  defined,
  fill,
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
    "an advance moves the trigger on, and changes nothing else about it",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const to = { nextCursor: nth(5), nextDue: nth(6), rules: "r2", merging: { from: nth(1), count: 3 } }
      const moved = yield* recorded(trigger, [skippedAt(nth(0))], to)
      const { merging, nextDue, rules } = to
      assert.deepStrictEqual(moved, { ...trigger, cursor: nth(5), nextDue, rules, merging })
      const last = yield* recorded(moved, [], { nextDue: null })
      assert.deepStrictEqual(last, { ...moved, nextDue: null, rules: "r1", merging: null })
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
      yield* fill(trigger, skippedAt(nth(1), { reason: "refused" }))
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
    "a decision is written only if its overlap key runs and waits as much as it found",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const busy = yield* recorded(trigger, [firedAt(nth(0)), waitingAt(nth(1)), waitingAt(nth(2))])
      const wrong = [
        { running: 0, waiting: 0 },
        { running: 0, waiting: 2 },
        { running: 1, waiting: 0 },
        { running: 2, waiting: 2 },
        { running: 1, waiting: 3 },
        { running: 2, waiting: 1 }
      ]
      for (const found of wrong) {
        assert.deepStrictEqual(yield* record(advanceOf(busy, [firedAt(nth(3))], { busy: found })), [])
      }
      assert.deepStrictEqual(yield* standing(trigger), busy)
      assert.strictEqual((yield* historyOf(trigger)).length, 3)
      yield* recorded(busy, [waitingAt(nth(3))], { busy: { running: 1, waiting: 2 } })
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0)], waiting: 3 })
    })
  ),
  sentence(
    "a decision that does not depend on its overlap key is written whatever the key is doing",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const busy = yield* recorded(trigger, [firedAt(nth(0)), waitingAt(nth(1))])
      yield* recorded(busy, [firedAt(nth(2))], { busy: null })
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0), nth(2)], waiting: 1 })
    })
  ),
  sentence(
    "a run that is over does not keep its overlap key busy, though nobody has marked it as ended",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const running = yield* recorded(trigger, [firedAt(nth(0))])
      const free = { busy: { running: 0, waiting: 0 } }
      assert.deepStrictEqual(yield* record(advanceOf(running, [firedAt(nth(1))], free)), [])
      yield* worked(trigger)
      yield* recorded(running, [firedAt(nth(1))], free)
    })
  ),
  sentence(
    "an overlap key is of its workspace, and shared by the triggers that name it",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const elsewhere = yield* freshTrigger()
      const beside = yield* another(trigger, "beside", { overlapKey: "report" })
      const apart = yield* another(trigger, "apart")
      yield* recorded(trigger, [firedAt(nth(0))])
      const busy = { running: 0, waiting: 0 }
      assert.deepStrictEqual(yield* record(advanceOf(beside, [firedAt(nth(0))], { busy })), [])
      const free = [advanceOf(elsewhere, [firedAt(nth(0))], { busy }), advanceOf(apart, [firedAt(nth(0))], { busy })]
      assert.deepStrictEqual(yield* record(...free), [elsewhere.id, apart.id])
      yield* recorded(beside, [firedAt(nth(0))], { busy: { running: 1, waiting: 0 } })
    })
  ),
  sentence(
    "what runs under a key holds that key, also once its trigger is changed to another",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const running = yield* recorded(trigger, [firedAt(nth(0)), waitingAt(nth(1))])
      const definition = defined("report", { overlapKey: "another" })
      const { cursor } = running
      const changed = yield* added(asked(trigger.workspaceId, trigger.app, { definition, seen: running, cursor }))
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0)], waiting: 1 })
      assert.deepStrictEqual(yield* busyOf(changed), { runs: [], waiting: 0 })
      yield* recorded(changed, [firedAt(nth(2))], { busy: { running: 0, waiting: 0 } })
      assert.deepStrictEqual(yield* busyOf(changed), { runs: [nth(2)], waiting: 0 })
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
    "of two advances that found one overlap key free, one is written; the next must know of it",
    Effect.gen(function* () {
      const one = yield* freshTrigger()
      const two = yield* another(one, "two", { overlapKey: "report" })
      const three = yield* another(one, "three", { overlapKey: "report" })
      const busy = { running: 0, waiting: 0 }
      const advances = [
        advanceOf(one, [firedAt(nth(0))], { busy }),
        advanceOf(two, [firedAt(nth(0))], { busy }),
        advanceOf(three, [waitingAt(nth(0))], { busy: { running: 1, waiting: 0 } })
      ]
      assert.deepStrictEqual(yield* record(...advances), [one.id, three.id])
      assert.deepStrictEqual(yield* busyOf(one), { runs: [nth(0)], waiting: 1 })
      assert.strictEqual(yield* worked(one), 1)
    })
  ),
  sentence(
    "of two schedulers that found one overlap key free at once, one is right",
    Effect.gen(function* () {
      const one = yield* freshTrigger()
      const two = yield* another(one, "two", { overlapKey: "report" })
      const busy = { running: 0, waiting: 0 }
      const atOnce = [one, two].map((trigger) => record(advanceOf(trigger, [firedAt(nth(0))], { busy })))
      const written = yield* Effect.all(atOnce, { concurrency: 2 })
      assert.lengthOf(written.flat(), 1)
      assert.deepStrictEqual(yield* busyOf(one), { runs: [nth(0)], waiting: 0 })
      assert.strictEqual(yield* worked(one), 1)
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
  ),
  sentence(
    "what waited for the key of an advance that displaces is skipped for overlap, whichever trigger it is of",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const beside = yield* another(trigger, "beside", { overlapKey: "report" })
      const apart = yield* another(trigger, "apart")
      const elsewhere = yield* freshTrigger()
      for (const waiting of [beside, apart, elsewhere]) yield* recorded(waiting, [waitingAt(nth(0))])
      const running = yield* recorded(trigger, [firedAt(nth(0)), waitingAt(nth(1))])
      const displace = { displace: true, busy: { running: 1, waiting: 2 } }
      yield* recorded(running, [waitingAt(nth(2))], displace)
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["fired", "skipped: overlap", "waiting: overlap"])
      assert.deepStrictEqual(yield* outcomesOf(beside), ["skipped: overlap"])
      for (const waiting of [apart, elsewhere]) {
        assert.deepStrictEqual(yield* outcomesOf(waiting), ["waiting: overlap"])
      }
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0)], waiting: 1 })
      const tallies = { fired: 1, "skipped: overlap": 1, "waiting: overlap": 1 }
      assert.deepStrictEqual(yield* talliesOf(trigger), tallies)
    })
  ),
  sentence(
    "an advance that does not hold displaces nothing, and one that does not displace leaves what waits",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const waiting = yield* recorded(trigger, [waitingAt(nth(0))])
      const stale = { displace: true, busy: { running: 1, waiting: 1 } }
      assert.deepStrictEqual(yield* record(advanceOf(waiting, [waitingAt(nth(1))], stale)), [])
      yield* recorded(waiting, [skippedAt(nth(1))], { busy: { running: 0, waiting: 1 } })
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["waiting: overlap", "skipped: when"])
    })
  )
]
