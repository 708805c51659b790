/**
 * What can be read of the past, and how it is forgotten.
 */
import { assert } from "@effect/vitest"
import { type NewOccurrence, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { freshWorkspace, job } from "./Given.ts"
import {
  advanceOf,
  another,
  busyOf,
  day,
  endOf,
  filled,
  firedAt,
  freshTrigger,
  nth,
  recordAt,
  recorded,
  skippedAt,
  standing,
  talliesOf,
  waitingAt,
  worked
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

/** Long before anything else was recorded: to forget what was over by then forgets nothing of other sentences. */
const ago = nth(0) - 400 * day

/** Nothing is left that was over in those days. */
const forgotten = Effect.gen(function* () {
  const triggers = yield* TriggerStore
  yield* triggers.forget({ before: ago + day, limit: 100_000 })
})

const recordedAgo = Effect.fnUntraced(function* (
  trigger: StoredTrigger,
  now: number,
  occurrences: ReadonlyArray<NewOccurrence>
) {
  const triggers = yield* TriggerStore
  const advances = [advanceOf(trigger, occurrences)]
  assert.deepStrictEqual(yield* triggers.record({ now, advances }), [trigger.id])
  return yield* standing(trigger)
})

/** Of which occurrences something is still known. */
const known = Effect.fnUntraced(function* ({ id: triggerId }: StoredTrigger) {
  const triggers = yield* TriggerStore
  return yield* triggers.nominals({ triggerId, from: nth(-1000), to: nth(1000), limit: 1000 })
})

const threeMinutes = [skippedAt(nth(0)), skippedAt(nth(1)), skippedAt(nth(2))]

export const historySentences = [
  sentence(
    "history comes newest first, before the given nominal time, at most as much as asked for",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* recorded(yield* freshTrigger(), threeMinutes)
      yield* filled(trigger, skippedAt(nth(-5)))
      const page = Effect.fnUntraced(function* (before: number | null, limit: number) {
        const rows = yield* triggers.history({ triggerId: trigger.id, before, limit })
        return rows.map(({ nominal }) => nominal)
      })
      assert.deepStrictEqual(yield* page(null, 100), [nth(2), nth(1), nth(0), nth(-5)])
      assert.deepStrictEqual(yield* page(null, 2), [nth(2), nth(1)])
      assert.deepStrictEqual(yield* page(nth(1), 2), [nth(0), nth(-5)])
      assert.deepStrictEqual(yield* page(nth(1) + 1, 1), [nth(1)])
      assert.deepStrictEqual(yield* page(nth(-5), 2), [])
      assert.deepStrictEqual(yield* page(null, 0), [])
    })
  ),
  sentence(
    "nominal times with a record come ascending, from the first instant, short of the last",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* recorded(yield* freshTrigger(), threeMinutes)
      yield* filled(trigger, skippedAt(nth(-5)))
      const inSpan = (from: number, to: number, limit = 100) =>
        triggers.nominals({ triggerId: trigger.id, from, to, limit })
      assert.deepStrictEqual(yield* inSpan(nth(-5), nth(3)), [nth(-5), nth(0), nth(1), nth(2)])
      assert.deepStrictEqual(yield* inSpan(nth(0), nth(2)), [nth(0), nth(1)])
      assert.deepStrictEqual(yield* inSpan(nth(0) + 1, nth(2) + 1), [nth(1), nth(2)])
      assert.deepStrictEqual(yield* inSpan(nth(-5), nth(3), 2), [nth(-5), nth(0)])
      assert.deepStrictEqual(yield* inSpan(nth(1), nth(1)), [])
      assert.deepStrictEqual(yield* inSpan(nth(-5), nth(3), 0), [])
    })
  ),
  sentence(
    "the past of one trigger is not another's",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const beside = yield* another(trigger, "beside")
      yield* recorded(trigger, [skippedAt(nth(0))])
      assert.deepStrictEqual(yield* known(beside), [])
      assert.deepStrictEqual(yield* talliesOf(beside), {})
      yield* recorded(beside, [firedAt(nth(0)), firedAt(nth(1))])
      assert.deepStrictEqual(yield* known(trigger), [nth(0)])
      assert.deepStrictEqual(yield* talliesOf(trigger), { "skipped: when": 1 })
      assert.deepStrictEqual(yield* talliesOf(beside), { fired: 2 })
    })
  ),
  sentence(
    "each outcome is tallied by its reason, and what none came to is left out",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const missed = skippedAt(nth(3), { outcome: "missed", reason: "down" })
      const late = firedAt(nth(4), { outcome: "late", reason: "down" })
      const merged = skippedAt(nth(5), { reason: "merged" })
      yield* recorded(trigger, [
        firedAt(nth(0)),
        firedAt(nth(1)),
        skippedAt(nth(2)),
        missed,
        late,
        merged,
        waitingAt(nth(6))
      ])
      const { workspaceId } = trigger
      const tallies = (yield* triggers.tallies({ workspaceId })).map(({ count, outcome, reason, triggerId }) => [
        triggerId,
        outcome,
        reason,
        count
      ])
      assert.sameDeepMembers(tallies, [
        [trigger.id, "fired", null, 2],
        [trigger.id, "skipped", "when", 1],
        [trigger.id, "missed", "down", 1],
        [trigger.id, "late", "down", 1],
        [trigger.id, "skipped", "merged", 1],
        [trigger.id, "waiting", "overlap", 1]
      ])
    })
  ),
  sentence(
    "tallies are of one workspace, or of every one",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const one = yield* recorded(yield* freshTrigger(), [firedAt(nth(0))])
      const two = yield* recorded(yield* freshTrigger(), threeMinutes)
      const tallied = Effect.fnUntraced(function* (workspaceId: typeof one.workspaceId | null) {
        const tallies = yield* triggers.tallies({ workspaceId })
        return tallies.filter(({ triggerId }) => triggerId === one.id || triggerId === two.id).length
      })
      assert.strictEqual(yield* tallied(one.workspaceId), 1)
      assert.strictEqual(yield* tallied(null), 2)
      const { id } = yield* freshWorkspace
      assert.deepStrictEqual(yield* triggers.tallies({ workspaceId: id }), [])
    })
  ),
  sentence(
    "what was over before the instant is forgotten and counted; what was over at the instant is not",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      yield* forgotten
      const trigger = yield* freshTrigger()
      const missed = skippedAt(nth(1), { outcome: "missed", reason: "down" })
      const first = yield* recordedAgo(trigger, ago, [skippedAt(nth(0)), missed])
      const last = yield* recordedAgo(first, ago + 10, [skippedAt(nth(2))])
      assert.strictEqual(yield* triggers.forget({ before: ago, limit: 100 }), 0)
      assert.strictEqual(yield* triggers.forget({ before: ago + 10, limit: 100 }), 2)
      assert.deepStrictEqual(yield* known(trigger), [nth(2)])
      assert.strictEqual(yield* triggers.forget({ before: ago + 10, limit: 100 }), 0)
      assert.strictEqual(yield* triggers.forget({ before: ago + 11, limit: 100 }), 1)
      assert.deepStrictEqual(yield* known(trigger), [])
      assert.deepStrictEqual(yield* standing(trigger), last)
    })
  ),
  sentence(
    "no more is forgotten than asked for, of whichever triggers, and tallies stay",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      yield* forgotten
      const one = yield* freshTrigger()
      const two = yield* freshTrigger()
      for (const trigger of [one, two]) yield* recordedAgo(trigger, ago, threeMinutes)
      const forget = (limit: number) => triggers.forget({ before: ago + 1, limit })
      assert.strictEqual(yield* forget(0), 0)
      assert.strictEqual(yield* forget(4), 4)
      assert.lengthOf([...(yield* known(one)), ...(yield* known(two))], 2)
      assert.strictEqual(yield* forget(4), 2)
      assert.strictEqual(yield* forget(4), 0)
      for (const trigger of [one, two]) assert.deepStrictEqual(yield* talliesOf(trigger), { "skipped: when": 3 })
    })
  ),
  sentence(
    "what waits, runs, or ran and is not marked as ended is not forgotten",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      yield* forgotten
      const trigger = yield* freshTrigger()
      const running = yield* recordedAgo(trigger, ago, [firedAt(nth(0)), waitingAt(nth(1))])
      const forget = triggers.forget({ before: ago + 1, limit: 100 })
      assert.strictEqual(yield* forget, 0)
      yield* worked(running, "completed", { now: nth(0) })
      assert.strictEqual(yield* forget, 0)
      assert.deepStrictEqual(yield* known(trigger), [nth(0), nth(1)])
      assert.deepStrictEqual(yield* busyOf(trigger), { runs: [], waiting: 1 })
    })
  ),
  sentence(
    "a run is over when it ended, not when it was recorded",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      yield* forgotten
      const trigger = yield* freshTrigger()
      yield* recordedAgo(trigger, ago, [firedAt(nth(0))])
      yield* worked(trigger, "completed", { now: nth(1) })
      yield* endOf(trigger)
      assert.strictEqual((yield* recordAt(trigger, nth(0))).endedAt, nth(1))
      assert.strictEqual(yield* triggers.forget({ before: ago + 1, limit: 100 }), 0)
      assert.deepStrictEqual(yield* known(trigger), [nth(0)])
    })
  ),
  sentence(
    "a run that has ended is forgotten with what it printed",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      yield* forgotten
      const trigger = yield* freshTrigger()
      const work = { _tag: "Deliver", delivery: job({}, { dueAt: ago }) } as const
      yield* recordedAgo(trigger, ago, [firedAt(nth(0), { work })])
      yield* triggers.output({ triggerId: trigger.id, nominal: nth(0), text: "done" })
      yield* worked(trigger, "completed", { now: ago + 5 })
      assert.lengthOf(yield* endOf(trigger, ago + 6), 1)
      assert.strictEqual(yield* triggers.forget({ before: ago + 5, limit: 100 }), 0)
      assert.strictEqual(yield* triggers.forget({ before: ago + 6, limit: 100 }), 1)
      assert.deepStrictEqual(yield* known(trigger), [])
      assert.deepStrictEqual(yield* talliesOf(trigger), { fired: 1 })
      yield* triggers.output({ triggerId: trigger.id, nominal: nth(0), text: "too late" })
      assert.deepStrictEqual(yield* known(trigger), [])
    })
  )
]
