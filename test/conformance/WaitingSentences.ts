/**
 * What waits for its overlap key, and how its waiting ends.
 */
import { assert } from "@effect/vitest"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type RecordedOccurrence, type Waiting } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { freshName, freshWorkspace } from "./Given.ts"
import {
  added,
  another,
  asked,
  busyOf,
  deliver,
  endOf,
  filled,
  firedAt,
  freshTrigger,
  launch,
  nth,
  outcomesOf,
  recordAt,
  recorded,
  runOf,
  skippedAt,
  standing,
  talliesOf,
  waitingAt,
  worked
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

const readyOf = Effect.fnUntraced(function* (app: string | null, limit = 10_000) {
  const triggers = yield* TriggerStore
  return yield* triggers.ready({ app, limit })
})

const nominals = (waiting: ReadonlyArray<Waiting>) => waiting.map(({ nominal }) => nominal)

/** It is to run now. */
const run = Effect.fnUntraced(function* ({ occurrenceId }: RecordedOccurrence) {
  const triggers = yield* TriggerStore
  const to = { outcome: "late", reason: "overlap", detail: null, work: deliver } as const
  return yield* triggers.release({ now: nth(70), occurrenceId, ...to })
})

const skip = Effect.fnUntraced(function* ({ occurrenceId }: RecordedOccurrence) {
  const triggers = yield* TriggerStore
  const to = { outcome: "skipped", reason: "maintenance", detail: "until noon", work: null } as const
  return yield* triggers.release({ now: nth(70), occurrenceId, ...to })
})

/** Its key is free, and one waits. */
const waiting = Effect.gen(function* () {
  return yield* recorded(yield* freshTrigger(), [waitingAt(nth(0))])
})

export const waitingSentences = [
  sentence(
    "what waits is ready once its overlap key has no open run, and answered with its trigger as it stands",
    Effect.gen(function* () {
      const first = yield* recorded(yield* freshTrigger(), [firedAt(nth(0)), waitingAt(nth(1), { dueAt: nth(2) })])
      const { app } = first
      assert.deepStrictEqual(yield* readyOf(app), [])
      yield* worked(first)
      const ready = yield* readyOf(app)
      assert.lengthOf(ready, 1)
      const row = yield* recordAt(first, nth(1))
      assert.deepInclude(ready[0], { ...runOf(row), trigger: yield* standing(first) })
      yield* endOf(first)
      assert.deepStrictEqual(nominals(yield* readyOf(app)), [nth(1)])
    })
  ),
  sentence(
    "of each overlap key the first that waits is ready, by id; at most as many as asked for",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const { app } = trigger
      const beside = yield* another(trigger, "beside", { overlapKey: "report" })
      const apart = yield* another(trigger, "apart")
      const { id: elsewhere } = yield* freshWorkspace
      const other = yield* added(asked(elsewhere, app))
      yield* recorded(trigger, [waitingAt(nth(5)), waitingAt(nth(6))])
      yield* recorded(apart, [waitingAt(nth(4)), waitingAt(nth(7))])
      yield* recorded(beside, [waitingAt(nth(0))])
      yield* recorded(other, [waitingAt(nth(1))])
      assert.deepStrictEqual(nominals(yield* readyOf(app)), [nth(5), nth(4), nth(1)])
      assert.deepStrictEqual(nominals(yield* readyOf(app, 2)), [nth(5), nth(4)])
      assert.deepStrictEqual(yield* readyOf(app, 0), [])
    })
  ),
  sentence(
    "a record that is filled in as waiting keeps its place in the line",
    Effect.gen(function* () {
      const trigger = yield* recorded(yield* freshTrigger(), [skippedAt(nth(0)), waitingAt(nth(1))])
      yield* filled(trigger, waitingAt(nth(0)))
      assert.deepStrictEqual(nominals(yield* readyOf(trigger.app)), [nth(0)])
    })
  ),
  sentence(
    "what another app's trigger waits for is not the caller's, nor is what waits behind it",
    Effect.gen(function* () {
      const trigger = yield* waiting
      const definition = { ...trigger.definition, trigger: { ...trigger.definition.trigger, name: "behind" } }
      const app = yield* freshName
      const behind = yield* added(asked(trigger.workspaceId, app, { definition }))
      yield* recorded(behind, [waitingAt(nth(1))])
      assert.deepStrictEqual(yield* readyOf(app), [])
      assert.deepStrictEqual(nominals(yield* readyOf(trigger.app)), [nth(0)])
      assert.isTrue(yield* skip(yield* recordAt(trigger, nth(0))))
      assert.deepStrictEqual(nominals(yield* readyOf(app)), [nth(1)])
      const others = yield* readyOf(null)
      assert.isFalse(others.some(({ triggerId }) => triggerId === behind.id))
    })
  ),
  sentence(
    "what waits of a trigger defined at run time is anybody's",
    Effect.gen(function* () {
      const { id } = yield* freshWorkspace
      const trigger = yield* added(asked(id, null, { nextDue: null }))
      yield* recorded(trigger, [waitingAt(nth(0))], { nextDue: null })
      for (const app of [null, yield* freshName]) {
        const ready = yield* readyOf(app)
        const ofTrigger = ready.filter(({ triggerId }) => triggerId === trigger.id)
        assert.deepStrictEqual(nominals(ofTrigger), [nth(0)])
      }
      assert.isTrue(yield* skip(yield* recordAt(trigger, nth(0))))
    })
  ),
  sentence(
    "what waits of a paused trigger holds up nobody, and is in line again when the pause ends; what a person asked for stays in it",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* waiting
      const { workspaceId } = trigger
      const beside = yield* another(trigger, "beside", { overlapKey: "report" })
      yield* recorded(beside, [waitingAt(nth(1))])
      yield* triggers.pause({ workspaceId, name: "report", note: null, now: nth(1) })
      assert.deepStrictEqual(nominals(yield* readyOf(trigger.app)), [nth(1)])
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 1 })
      yield* recorded(yield* standing(beside), [waitingAt(nth(2))], { busy: { running: 0, waiting: 1 } })
      yield* triggers.resume({ workspaceId, name: "report", now: nth(2) })
      assert.deepStrictEqual(nominals(yield* readyOf(trigger.app)), [nth(0)])
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 3 })
      yield* triggers.pause({ workspaceId, name: "report", note: null, now: nth(3) })
      yield* filled(trigger, waitingAt(nth(-5), { reason: "test" }))
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 3 })
    })
  ),
  sentence(
    "what waited runs: its work is dispatched, its record is the same one, its key is held, its tally moves",
    Effect.gen(function* () {
      const trigger = yield* waiting
      const before = yield* recordAt(trigger, nth(0))
      assert.isTrue(yield* run(before))
      const after = yield* recordAt(trigger, nth(0))
      const { deliveryId } = after
      assert.isNotNull(deliveryId)
      const late = { outcome: "late", reason: "overlap", recordedAt: nth(70), deliveryId } as const
      assert.deepStrictEqual(after, { ...before, ...late })
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [nth(0)], waiting: 0 })
      assert.deepStrictEqual(yield* talliesOf(trigger), { "late: overlap": 1 })
      assert.deepStrictEqual(yield* readyOf(trigger.app), [])
      assert.deepStrictEqual(yield* standing(trigger), trigger)
      assert.strictEqual(yield* worked(trigger), 1)
      assert.deepStrictEqual(
        (yield* endOf(trigger)).map(({ occurrenceId }) => occurrenceId),
        [before.occurrenceId]
      )
    })
  ),
  sentence(
    "what waited launches its campaign",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const triggers = yield* TriggerStore
      const trigger = yield* waiting
      const { workspaceId } = trigger
      const { occurrenceId } = yield* recordAt(trigger, nth(0))
      const to = { outcome: "late", reason: "overlap", detail: null, work: launch(workspaceId, "waited") } as const
      assert.isTrue(yield* triggers.release({ now: nth(70), occurrenceId, ...to }))
      const [campaign] = yield* campaigns.list({ workspaceId, limit: 10 })
      assert.strictEqual(campaign?.key, "waited")
      const row = yield* recordAt(trigger, nth(0))
      assert.isNotNull(row.campaignId)
      assert.strictEqual(row.campaignId, campaign?.id)
      assert.isNull(row.deliveryId)
    })
  ),
  sentence(
    "what waited is given another outcome, and dispatches nothing",
    Effect.gen(function* () {
      const trigger = yield* waiting
      const before = yield* recordAt(trigger, nth(0))
      assert.isTrue(yield* skip(before))
      const skipped = { outcome: "skipped", reason: "maintenance", detail: "until noon", recordedAt: nth(70) } as const
      assert.deepStrictEqual(yield* recordAt(trigger, nth(0)), { ...before, ...skipped })
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 0 })
      assert.deepStrictEqual(yield* talliesOf(trigger), { "skipped: maintenance": 1 })
      assert.strictEqual(yield* worked(trigger), 0)
    })
  ),
  sentence(
    "what waits does not run while a run of its key is open, but may be skipped meanwhile",
    Effect.gen(function* () {
      const trigger = yield* recorded(yield* freshTrigger(), [firedAt(nth(0)), waitingAt(nth(1))])
      const row = yield* recordAt(trigger, nth(1))
      assert.isFalse(yield* run(row))
      assert.deepStrictEqual(yield* recordAt(trigger, nth(1)), row)
      assert.deepStrictEqual(yield* talliesOf(trigger), { fired: 1, "waiting: overlap": 1 })
      assert.isTrue(yield* skip(row))
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["fired", "skipped: maintenance"])
      assert.strictEqual(yield* worked(trigger), 1)
    })
  ),
  sentence(
    "what waits is released once, though several try at once",
    Effect.gen(function* () {
      const trigger = yield* waiting
      const row = yield* recordAt(trigger, nth(0))
      const answers = yield* Effect.all([run(row), run(row), run(row)], { concurrency: "unbounded" })
      assert.sameMembers([...answers], [true, false, false])
      assert.isFalse(yield* skip(row))
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["late: overlap"])
      assert.strictEqual(yield* worked(trigger), 1)
    })
  ),
  sentence(
    "of two that wait for one key and are to run at once, one does",
    Effect.gen(function* () {
      const trigger = yield* recorded(yield* freshTrigger(), [waitingAt(nth(0)), waitingAt(nth(1))])
      const rows = [yield* recordAt(trigger, nth(0)), yield* recordAt(trigger, nth(1))]
      const answers = yield* Effect.all(rows.map(run), { concurrency: 2 })
      assert.sameMembers([...answers], [true, false])
      const { runs, waiting } = yield* busyOf(trigger)
      assert.deepStrictEqual([runs.length, waiting], [1, 1])
      assert.strictEqual(yield* worked(trigger), 1)
    })
  ),
  sentence(
    "what does not wait is not released: what runs, ran or was skipped, and what does not exist",
    Effect.gen(function* () {
      const fired = yield* recorded(yield* freshTrigger(), [firedAt(nth(0)), skippedAt(nth(1))])
      yield* worked(fired)
      const rows = [yield* recordAt(fired, nth(0)), yield* recordAt(fired, nth(1))]
      const isLeftAlone = Effect.fnUntraced(function* (row: RecordedOccurrence) {
        assert.isFalse(yield* run(row))
        assert.isFalse(yield* skip(row))
      })
      yield* Effect.forEach(rows, isLeftAlone)
      yield* endOf(fired)
      yield* Effect.forEach(rows, isLeftAlone)
      yield* Effect.forEach(rows, (row) => isLeftAlone({ ...row, occurrenceId: 9_000_000_000n }))
      assert.deepStrictEqual(yield* outcomesOf(fired), ["fired", "skipped: when"])
      assert.strictEqual(yield* worked(fired), 0)
    })
  ),
  sentence(
    "what waited of a trigger that is removed is not released",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger: StoredTrigger = yield* waiting
      const row = yield* recordAt(trigger, nth(0))
      yield* triggers.remove({ triggerId: trigger.id, revision: trigger.revision, now: nth(1) })
      assert.isFalse(yield* run(row))
      assert.isFalse(yield* skip(row))
      assert.deepStrictEqual(yield* outcomesOf(trigger), ["skipped: removed"])
      assert.strictEqual(yield* worked(trigger), 0)
    })
  )
]
