/**
 * What an overlap key has to do with whether a decision is written.
 */
import { assert } from "@effect/vitest"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import {
  added,
  advanceOf,
  another,
  asked,
  busyOf,
  defined,
  firedAt,
  freshTrigger,
  historyOf,
  nth,
  outcomesOf,
  record,
  recorded,
  skippedAt,
  standing,
  talliesOf,
  waitingAt,
  worked
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

export const overlapKeySentences = [
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
    "what an advance makes wait behind a pause holds up none of those after it, unless a person asked for it",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const one = yield* freshTrigger()
      const two = yield* another(one, "two", { overlapKey: "report" })
      yield* triggers.pause({ workspaceId: one.workspaceId, name: "report", note: null, now: nth(0) })
      const paused = yield* standing(one)
      const busy = { running: 0, waiting: 0 }
      const advances = [advanceOf(paused, [waitingAt(nth(0))], { busy }), advanceOf(two, [waitingAt(nth(0))], { busy })]
      assert.deepStrictEqual(yield* record(...advances), [one.id, two.id])
      assert.deepStrictEqual(yield* busyOf(one), { runs: [], waiting: 1 })

      const asked = waitingAt(nth(1), { reason: "test" })
      const found = { busy: { running: 0, waiting: 1 } }
      const behind = [
        advanceOf(yield* standing(one), [asked], found),
        advanceOf(yield* standing(two), [waitingAt(nth(1))], found)
      ]
      assert.deepStrictEqual(yield* record(...behind), [one.id])
      assert.deepStrictEqual(yield* busyOf(one), { runs: [], waiting: 2 })
    })
  ),
  sentence(
    "an advance displaces what one before it made wait behind a pause",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const one = yield* freshTrigger()
      const two = yield* another(one, "two", { overlapKey: "report" })
      yield* triggers.pause({ workspaceId: one.workspaceId, name: "report", note: null, now: nth(0) })
      const displace = { displace: true, busy: { running: 0, waiting: 0 } }
      const advances = [
        advanceOf(yield* standing(one), [waitingAt(nth(0))]),
        advanceOf(two, [waitingAt(nth(0))], displace)
      ]
      assert.deepStrictEqual(yield* record(...advances), [one.id, two.id])
      assert.deepStrictEqual(yield* outcomesOf(one), ["skipped: overlap"])
      assert.deepStrictEqual(yield* outcomesOf(two), ["waiting: overlap"])
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
