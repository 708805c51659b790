/**
 * What remains of a trigger that is removed, and how it comes back.
 */
import { assert } from "@effect/vitest"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import {
  added,
  advanceOf,
  another,
  asked,
  busyOf,
  defined,
  endOf,
  filled,
  firedAt,
  freshTrigger,
  historyOf,
  minute,
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

const remove = Effect.fnUntraced(function* ({ id: triggerId, revision }: StoredTrigger, now: number = passed) {
  const triggers = yield* TriggerStore
  return yield* triggers.remove({ triggerId, revision, now })
})

export const removalSentences = [
  sentence(
    "a removed trigger is neither found, listed nor due",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const { app, workspaceId } = trigger
      assert.isTrue(yield* remove(trigger))
      assert.isNull(yield* triggers.find(workspaceId, "report"))
      assert.deepStrictEqual(yield* triggers.list({ workspaceId }), [])
      const due = yield* triggers.due({ app, now: nth(9), after: null, limit: 10_000 })
      assert.notInclude(
        due.map(({ id }) => id),
        trigger.id
      )
      assert.isNull(yield* triggers.nextDue({ app, after: nth(-1) }))
    })
  ),
  sentence(
    "what was changed since it was seen is not removed",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const paused = yield* triggers.pause({ ...trigger, name: "report", note: null, now: passed })
      assert.isFalse(yield* remove(trigger))
      assert.deepStrictEqual(yield* standing(trigger), paused)
    })
  ),
  sentence(
    "a trigger is removed once",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const removals = yield* Effect.all([remove(trigger), remove(trigger)], { concurrency: 2 })
      assert.sameMembers([...removals], [true, false])
      for (const ahead of [0, 1, 2]) assert.isFalse(yield* remove({ ...trigger, revision: trigger.revision + ahead }))
    })
  ),
  sentence(
    "what waited of it is skipped as removed, under whichever key, and nothing is dispatched",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const first = yield* freshTrigger()
      const waiting = yield* recorded(first, [waitingAt(nth(0))])
      const definition = defined("report", { overlapKey: "another" })
      const changed = yield* added(asked(first.workspaceId, first.app, { definition, seen: waiting, cursor: nth(1) }))
      const both = yield* recorded(changed, [waitingAt(nth(1))])
      assert.isTrue(yield* remove(both, nth(70)))
      assert.deepStrictEqual(yield* outcomesOf(both), ["skipped: removed", "skipped: removed"])
      assert.deepStrictEqual(yield* talliesOf(both), { "skipped: removed": 2 })
      assert.deepInclude(yield* recordAt(both, nth(1)), { recordedAt: nth(70), deliveryId: null })
      for (const trigger of [first, both]) assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 0 })
      assert.deepStrictEqual(yield* triggers.ready({ app: first.app, limit: 10_000 }), [])
      assert.strictEqual(yield* worked(both), 0)
    })
  ),
  sentence(
    "what waits of other triggers under its key goes on waiting",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const beside = yield* another(trigger, "beside", { overlapKey: "report" })
      yield* recorded(trigger, [waitingAt(nth(0))])
      yield* recorded(beside, [waitingAt(nth(0))])
      yield* remove(trigger)
      assert.deepStrictEqual(yield* outcomesOf(beside), ["waiting: overlap"])
      assert.deepStrictEqual(yield* busyOf(beside), { runs: [], waiting: 1 })
    })
  ),
  sentence(
    "its runs go on: they hold their key until they are over, and are ended",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      yield* recorded(trigger, [firedAt(nth(0))])
      yield* remove(trigger)
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0)], waiting: 0 })
      assert.strictEqual(yield* worked(trigger), 1)
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 0 })
      const ended = yield* endOf(trigger)
      assert.deepStrictEqual(
        ended.map(({ nominal, state }) => ({ nominal, state })),
        [{ nominal: nth(0), state: "completed" }]
      )
    })
  ),
  sentence(
    "its history and its tallies stay",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      yield* recorded(trigger, [skippedAt(nth(0)), firedAt(nth(1))])
      const history = yield* historyOf(trigger)
      assert.lengthOf(history, 2)
      yield* remove(trigger)
      assert.deepStrictEqual(yield* historyOf(trigger), history)
      assert.deepStrictEqual(yield* talliesOf(trigger), { "skipped: when": 1, fired: 1 })
      const span = { from: nth(0), to: nth(9), limit: 10 }
      assert.deepStrictEqual(yield* triggers.nominals({ triggerId: trigger.id, ...span }), [nth(0), nth(1)])
    })
  ),
  sentence(
    "nothing is recorded or filled in for it, and no change brings it back unseen",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const { app, revision, workspaceId } = trigger
      yield* remove(trigger)
      for (const ahead of [0, 1]) {
        const seen = { ...trigger, revision: revision + ahead }
        assert.deepStrictEqual(yield* record(advanceOf(seen, [firedAt(nth(0))])), [])
        assert.isNull(yield* triggers.put(asked(workspaceId, app, { seen })))
      }
      const late = { outcome: "late", reason: "backfill" } as const
      assert.deepStrictEqual(yield* filled(trigger, firedAt(nth(-1), late)), [])
      assert.deepStrictEqual(yield* historyOf(trigger), [])
      assert.strictEqual(yield* worked(trigger), 0)
    })
  ),
  sentence(
    "a removed trigger that is added again is the same one: its id, its age and its history; not paused, nor amid a pile-up",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const { workspaceId } = trigger
      const name = "report"
      yield* triggers.pause({ workspaceId, name, note: null, now: nth(1) })
      yield* triggers.resume({ workspaceId, name, now: nth(2) })
      const paused = yield* triggers.pause({ workspaceId, name, note: "broken", now: nth(3) })
      const merging = { from: nth(0), count: 2 }
      const before = yield* recorded(paused, [skippedAt(nth(0))], { merging })
      yield* remove(before)
      const app = "of another app"
      const put = asked(workspaceId, app, { cursor: nth(8), nextDue: nth(8), zone: "Asia/Tokyo", now: nth(8) })
      const back = yield* added(put)
      const anew = {
        app,
        cursor: nth(8),
        plannedFrom: nth(8),
        nextDue: nth(8),
        zone: "Asia/Tokyo",
        paused: null,
        pause: null,
        merging: null
      }
      assert.deepStrictEqual(back, { ...before, ...anew, rules: "r1", revision: back.revision })
      assert.isAbove(back.revision, before.revision + 1)
      assert.deepStrictEqual(yield* standing(trigger), back)
      assert.deepStrictEqual(yield* outcomesOf(back), ["skipped: when"])
      assert.deepStrictEqual(yield* triggers.list({ workspaceId }), [back])
      const due = yield* triggers.due({ app, now: nth(8) + minute, after: null, limit: 10_000 })
      assert.deepInclude(due, back)
      yield* recorded(back, [skippedAt(nth(8))])
      assert.deepStrictEqual(yield* talliesOf(back), { "skipped: when": 2 })
      assert.isTrue(yield* remove(back))
    })
  ),
  sentence(
    "one that comes back begins no earlier than where it was, so that it never meets its own records",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const { app, workspaceId } = trigger
      const before = yield* recorded(trigger, [skippedAt(nth(0)), skippedAt(nth(1))])
      yield* remove(before)
      const back = yield* added(asked(workspaceId, app, { cursor: nth(1), nextDue: nth(1), now: nth(1) }))
      const { cursor } = before
      assert.deepInclude(back, { cursor, plannedFrom: cursor })
      assert.deepStrictEqual(yield* standing(trigger), back)
    })
  )
]
