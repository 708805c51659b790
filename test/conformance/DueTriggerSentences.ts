/**
 * Which triggers have an occurrence meant to run by now, and when the next one will.
 */
import { assert } from "@effect/vitest"
import { type Misfires } from "@fibercast/domain/Misfire"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { base, freshName, freshWorkspace } from "./Given.ts"
import { added, asked, defined, freshTrigger, nth, recorded, skippedAt } from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

/** Ids of what is due of the app. */
const dueOf = Effect.fnUntraced(function* (app: string | null, now: number) {
  const triggers = yield* TriggerStore
  const due = yield* triggers.due({ app, now, after: null, limit: 10_000 })
  return due.filter((trigger) => trigger.app === app).map(({ id }) => id)
})

const pause = Effect.fnUntraced(function* ({ workspaceId }: StoredTrigger) {
  const triggers = yield* TriggerStore
  return yield* triggers.pause({ workspaceId, name: "report", note: null, now: base })
})

const resume = Effect.fnUntraced(function* ({ workspaceId }: StoredTrigger) {
  const triggers = yield* TriggerStore
  return yield* triggers.resume({ workspaceId, name: "report", now: base })
})

const whilePaused = (paused: Misfires["paused"]) => {
  const { misfires } = defined("report")
  return defined("report", { misfires: { ...misfires, paused } })
}

const holding: ReadonlyArray<Misfires["paused"]> = [
  { _tag: "Latest" },
  { _tag: "All", cap: 10, maxAge: null },
  { _tag: "Merged" }
]

export const dueTriggerSentences = [
  sentence(
    "a trigger is due from its next occurrence on, and answered as it stands",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger({ nextDue: nth(1) })
      const { app } = trigger
      assert.deepStrictEqual(yield* dueOf(app, nth(1) - 1), [])
      const due = yield* triggers.due({ app, now: nth(1), after: null, limit: 10_000 })
      assert.deepInclude(due, trigger)
      assert.deepStrictEqual(yield* dueOf(app, nth(9)), [trigger.id])
    })
  ),
  sentence(
    "a trigger without a next occurrence is never due",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const { app } = yield* freshTrigger({ nextDue: null })
      assert.deepStrictEqual(yield* dueOf(app, nth(1_000_000)), [])
      assert.isNull(yield* triggers.nextDue({ app, after: 0 }))
    })
  ),
  sentence(
    "what was recorded is due by its new next occurrence",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const { app } = trigger
      yield* recorded(trigger, [skippedAt(nth(0))], { nextDue: nth(5) })
      assert.deepStrictEqual(yield* dueOf(app, nth(5) - 1), [])
      assert.deepStrictEqual(yield* dueOf(app, nth(5)), [trigger.id])
    })
  ),
  sentence(
    "the longest due come first, those due together by id; at most as many as asked for, after the given place",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const app = yield* freshName
      const ids = new Map<number, number>()
      // Long before anything that is nobody's in particular.
      const start = nth(-1_000_000)
      const dueAts = [5, 3, 3, 1, 9, 3]
      for (const [index, minutes] of dueAts.entries()) {
        const { id: workspaceId } = yield* freshWorkspace
        const trigger = yield* added(asked(workspaceId, app, { nextDue: start + minutes }))
        ids.set(trigger.id, index)
      }
      const page = Effect.fnUntraced(function* (after: StoredTrigger | null, limit: number) {
        const place = after === null ? null : { nextDue: after.nextDue ?? 0, triggerId: after.id }
        return yield* triggers.due({ app, now: start + 5, after: place, limit })
      })
      const placesOf = (due: ReadonlyArray<StoredTrigger>) => due.map(({ id }) => ids.get(id))
      assert.deepStrictEqual(placesOf(yield* page(null, 100)), [3, 1, 2, 5, 0])
      assert.deepStrictEqual(yield* page(null, 0), [])
      const first = yield* page(null, 2)
      assert.deepStrictEqual(placesOf(first), [3, 1])
      const second = yield* page(first[1] ?? null, 2)
      assert.deepStrictEqual(placesOf(second), [2, 5])
      const third = yield* page(second[1] ?? null, 2)
      assert.deepStrictEqual(placesOf(third), [0])
      assert.deepStrictEqual(yield* page(third[0] ?? null, 2), [])
    })
  ),
  sentence(
    "the triggers of another app are not the caller's",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger({ nextDue: nth(-500_000) })
      for (const app of [yield* freshName, null]) {
        const due = yield* triggers.due({ app, now: nth(0), after: null, limit: 10_000 })
        assert.notInclude(
          due.map(({ id }) => id),
          trigger.id
        )
        assert.notStrictEqual(yield* triggers.nextDue({ app, after: nth(-500_001) }), nth(-500_000))
      }
    })
  ),
  sentence(
    "what was defined at run time is everybody's",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const { id: workspaceId } = yield* freshWorkspace
      const trigger = yield* added(asked(workspaceId, null, { nextDue: nth(-600_000) }))
      for (const app of [yield* freshName, null]) {
        const due = yield* triggers.due({ app, now: nth(-600_000), after: null, limit: 10_000 })
        assert.deepInclude(due, trigger)
        assert.strictEqual(yield* triggers.nextDue({ app, after: nth(-600_001) }), nth(-600_000))
      }
      assert.isTrue(yield* triggers.remove({ triggerId: trigger.id, revision: trigger.revision, now: base }))
    })
  ),
  sentence(
    "a paused trigger whose misfires are kept is not due until it is resumed",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      for (const policy of holding) {
        const trigger = yield* freshTrigger({ definition: whilePaused(policy) })
        const { app } = trigger
        yield* pause(trigger)
        assert.deepStrictEqual(yield* dueOf(app, nth(9)), [])
        assert.isNull(yield* triggers.nextDue({ app, after: nth(-1) }))
        yield* resume(trigger)
        assert.deepStrictEqual(yield* dueOf(app, nth(9)), [trigger.id])
        assert.strictEqual(yield* triggers.nextDue({ app, after: nth(-1) }), nth(0))
      }
    })
  ),
  sentence(
    "a paused trigger whose misfires are skipped is due as ever, to be skipped",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger({ definition: whilePaused({ _tag: "Skip" }) })
      const { app } = trigger
      const paused = yield* pause(trigger)
      const due = yield* triggers.due({ app, now: nth(0), after: null, limit: 10_000 })
      assert.deepInclude(due, paused)
      assert.strictEqual(yield* triggers.nextDue({ app, after: nth(-1) }), nth(0))
    })
  ),
  sentence(
    "the next due time is the earliest after the instant, whichever workspace it is of",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const app = yield* freshName
      for (const n of [700, 300, 500]) {
        const { id: workspaceId } = yield* freshWorkspace
        yield* added(asked(workspaceId, app, { nextDue: nth(n) }))
      }
      const nextAfter = (after: number) => triggers.nextDue({ app, after })
      assert.strictEqual(yield* nextAfter(nth(0)), nth(300))
      assert.strictEqual(yield* nextAfter(nth(300) - 1), nth(300))
      assert.strictEqual(yield* nextAfter(nth(300)), nth(500))
      assert.strictEqual(yield* nextAfter(nth(500)), nth(700))
      assert.isNull(yield* nextAfter(nth(700)))
    })
  )
]
