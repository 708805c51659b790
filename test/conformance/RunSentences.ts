/**
 * How long a run is open, and how its end is told.
 */
import { assert } from "@effect/vitest"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { Ledger } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type EndedRun } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { background, claimed, freshName, freshWorkspace, job, lease, putOff, start } from "./Given.ts"
import {
  added,
  another,
  asked,
  busyOf,
  endOf,
  filled,
  firedAt,
  freshTrigger,
  nth,
  ownerOf,
  passed,
  recordAt,
  recorded,
  runOf,
  skippedAt,
  waitingAt,
  worked
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

const running = Effect.gen(function* () {
  return yield* recorded(yield* freshTrigger(), [firedAt(nth(0))])
})

const isOpen = Effect.fnUntraced(function* (trigger: StoredTrigger) {
  assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0)], waiting: 0 })
  assert.deepStrictEqual(yield* endOf(trigger), [])
})

const nominals = (runs: ReadonlyArray<EndedRun>) => runs.map(({ nominal }) => nominal)

export const runSentences = [
  sentence(
    "an overlap key that nothing was recorded under is idle",
    Effect.gen(function* () {
      const trigger = yield* recorded(yield* freshTrigger(), [skippedAt(nth(0))])
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 0 })
    })
  ),
  sentence(
    "the open runs of a key are answered to the letter by id, whichever triggers they are of, beside how many wait",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const beside = yield* another(trigger, "beside", { overlapKey: "report" })
      const covers = { from: nth(-7), count: 10 }
      yield* recorded(beside, [firedAt(nth(3), { dueAt: nth(4), zone: "Asia/Jakarta", covers })])
      yield* recorded(trigger, [firedAt(nth(1), { outcome: "late", reason: "down" }), waitingAt(nth(2))])
      const first = yield* recordAt(beside, nth(3))
      const second = yield* recordAt(trigger, nth(1))
      const { runs, waiting } = yield* triggers.holders({ ...trigger, overlapKey: "report" })
      const found = runs.map((run) => ({ ...run }))
      assert.lengthOf(found, 2)
      assert.deepInclude(found[0], runOf(first))
      assert.deepInclude(found[1], runOf(second))
      assert.deepInclude(first, { name: "beside", dueAt: nth(4), zone: "Asia/Jakarta", covers })
      assert.strictEqual(waiting, 1)
    })
  ),
  sentence(
    "a record that is filled in later keeps its place among the runs",
    Effect.gen(function* () {
      const trigger = yield* recorded(yield* freshTrigger(), [skippedAt(nth(0)), firedAt(nth(1))])
      yield* filled(trigger, firedAt(nth(0), { outcome: "late", reason: "backfill" }))
      assert.deepStrictEqual((yield* busyOf(trigger)).runs, [nth(0), nth(1)])
    })
  ),
  sentence(
    "a run is open while its delivery is claimed, retried or snoozed",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const trigger = yield* running
      yield* isOpen(trigger)
      const owned = yield* ownerOf(trigger)
      const first = yield* claimed(owned)
      yield* isOpen(trigger)
      const retries = first.deliveries.map((delivery) => putOff(delivery, "retry", passed + 1))
      yield* ledger.settle({ ...owned, settlements: retries, finishedClaims: [first.claimId] })
      yield* isOpen(trigger)
      const second = yield* claimed({ ...owned, now: passed + 1 })
      const snoozes = second.deliveries.map((delivery) => putOff(delivery, "snooze", passed + 2))
      yield* ledger.settle({ ...owned, now: passed + 1, settlements: snoozes, finishedClaims: [second.claimId] })
      yield* isOpen(trigger)
      yield* worked(trigger, "completed", { now: passed + 2 })
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 0 })
    })
  ),
  sentence(
    "a run whose delivery was rescued is still open",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const trigger = yield* running
      const owned = yield* ownerOf(trigger)
      yield* claimed(owned)
      const { workspaceId } = trigger
      const takeOver = { workspaceId, owner: "node-b", now: passed + lease, lease, force: false }
      assert.strictEqual((yield* ledger.takeOver(takeOver)).rescued, 1)
      yield* isOpen(trigger)
      assert.strictEqual(yield* worked(trigger), 1)
      assert.deepStrictEqual(nominals(yield* endOf(trigger)), [nth(0)])
    })
  ),
  sentence(
    "a run whose delivery is in doubt after its sender was lost is over as unknown",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const trigger = yield* running
      const owned = yield* ownerOf(trigger)
      const batch = yield* claimed(owned, background)
      yield* start(owned, batch, batch.deliveries)
      const { workspaceId } = trigger
      const takeOver = { workspaceId, owner: "node-b", now: passed + lease, lease, force: false }
      assert.strictEqual((yield* ledger.takeOver(takeOver)).unknown, 1)
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 0 })
      const [ended] = yield* endOf(trigger)
      assert.deepInclude(ended, { nominal: nth(0), state: "unknown", endedAt: passed + lease })
    })
  ),
  sentence(
    "a run ends as its delivery did, when it did, and says why it did not complete",
    Effect.gen(function* () {
      for (const state of finalStates) {
        const trigger = yield* running
        const before = yield* recordAt(trigger, nth(0))
        yield* worked(trigger, state, { now: nth(61), reason: "as it was" })
        assert.deepStrictEqual(yield* recordAt(trigger, nth(0)), before)
        const ended = yield* endOf(trigger, nth(65))
        assert.lengthOf(ended, 1)
        const how = { state, failure: state === "completed" ? null : "as it was", endedAt: nth(61) }
        assert.deepInclude(ended[0], { ...runOf(before), ...how, output: null })
        assert.deepStrictEqual(yield* recordAt(trigger, nth(0)), { ...before, ...how })
      }
    })
  ),
  sentence(
    "a run that failed for no reason given has none",
    Effect.gen(function* () {
      const trigger = yield* running
      yield* worked(trigger, "failed")
      const [ended] = yield* endOf(trigger)
      assert.deepInclude(ended, { state: "failed", failure: null })
    })
  ),
  sentence(
    "a run that is over is ended once",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const occurrences = [firedAt(nth(0)), firedAt(nth(1)), firedAt(nth(2))]
      yield* recorded(trigger, occurrences)
      yield* worked(trigger)
      const both = yield* Effect.all([endOf(trigger), endOf(trigger)], { concurrency: 2 })
      assert.sameMembers([...nominals(both.flat())], [nth(0), nth(1), nth(2)])
      assert.deepStrictEqual(yield* endOf(trigger), [])
      assert.strictEqual((yield* recordAt(trigger, nth(0))).state, "completed")
    })
  ),
  sentence(
    "only what is over is ended, and at most as many as asked for",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const first = yield* recorded(trigger, [firedAt(nth(0)), firedAt(nth(1)), firedAt(nth(2))])
      yield* worked(trigger)
      yield* recorded(first, [firedAt(nth(3)), waitingAt(nth(4)), skippedAt(nth(5))])
      const end = (limit: number) => triggers.end({ app: trigger.app, now: passed, limit })
      assert.deepStrictEqual(yield* end(0), [])
      const some = yield* end(2)
      assert.lengthOf(some, 2)
      const rest = yield* end(2)
      assert.sameMembers([...nominals(some), ...nominals(rest)], [nth(0), nth(1), nth(2)])
      assert.deepStrictEqual(yield* end(2), [])
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(3)], waiting: 1 })
      assert.deepInclude(yield* recordAt(trigger, nth(3)), { state: null, endedAt: null })
    })
  ),
  sentence(
    "the runs of another app are not the caller's to end",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* running
      yield* worked(trigger)
      for (const app of [yield* freshName, null]) {
        const ended = yield* triggers.end({ app, now: passed, limit: 10_000 })
        assert.notInclude(
          ended.map(({ triggerId }) => triggerId),
          trigger.id
        )
      }
      assert.deepStrictEqual(nominals(yield* endOf(trigger)), [nth(0)])
    })
  ),
  sentence(
    "the runs of what was defined at run time are ended by anybody",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const { id } = yield* freshWorkspace
      const trigger = yield* added(asked(id, null, { nextDue: null }))
      yield* recorded(trigger, [firedAt(nth(0))], { nextDue: null })
      yield* worked(trigger)
      const ended = yield* triggers.end({ app: yield* freshName, now: passed, limit: 10_000 })
      const ofTrigger = ended.filter(({ triggerId }) => triggerId === trigger.id)
      assert.deepStrictEqual(nominals(ofTrigger), [nth(0)])
      assert.isFalse((yield* endOf(trigger)).some(({ triggerId }) => triggerId === trigger.id))
    })
  ),
  sentence(
    "what a run printed is kept while it runs and later, told with its end, and the last counts",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* recorded(yield* running, [firedAt(nth(1))])
      const print = (text: string) => triggers.output({ triggerId: trigger.id, nominal: nth(0), text })
      yield* print("first try")
      yield* print("12 rows\nünd “done”")
      assert.strictEqual((yield* recordAt(trigger, nth(0))).output, "12 rows\nünd “done”")
      yield* worked(trigger)
      const ended = yield* endOf(trigger)
      assert.deepStrictEqual(Object.fromEntries(ended.map(({ nominal, output }) => [nominal, output])), {
        [nth(0)]: "12 rows\nünd “done”",
        [nth(1)]: null
      })
      yield* print("more")
      assert.deepInclude(yield* recordAt(trigger, nth(0)), { output: "more", state: "completed" })
      yield* triggers.output({ triggerId: trigger.id, nominal: nth(9), text: "of nothing" })
      assert.isNull((yield* recordAt(trigger, nth(1))).output)
    })
  ),
  sentence(
    "the run that dispatched a delivery is found by it, open and ended, also when its trigger was removed",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const ledger = yield* Ledger
      const trigger = yield* recorded(yield* freshTrigger(), [
        skippedAt(nth(0)),
        firedAt(nth(1), { zone: "Asia/Jakarta" }),
        firedAt(nth(2), { outcome: "late", reason: "down" })
      ])
      const late = yield* recordAt(trigger, nth(2))
      if (late.deliveryId === null) return assert.fail("it dispatched nothing")
      const found = Effect.map(triggers.runOf(late.deliveryId), (run) => run && { ...run })
      assert.deepInclude(yield* found, runOf(late))
      yield* worked(trigger)
      yield* endOf(trigger)
      yield* triggers.remove({ triggerId: trigger.id, revision: trigger.revision, now: passed })
      assert.deepInclude(yield* found, runOf(late))
      const [lone] = yield* ledger.insert({ workspaceId: trigger.workspaceId, now: passed, deliveries: [job()] })
      assert.isNull(lone === undefined ? undefined : yield* triggers.runOf(lone))
    })
  )
]
