/**
 * How a trigger is paused and resumed.
 */
import { assert } from "@effect/vitest"
import { TriggerNotFound, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { base, freshWorkspace } from "./Given.ts"
import { freshTrigger, nth, standing } from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

const pause = Effect.fnUntraced(function* ({ workspaceId }: StoredTrigger, now: number, note: string | null = null) {
  const triggers = yield* TriggerStore
  return yield* triggers.pause({ workspaceId, name: "report", note, now })
})

const resume = Effect.fnUntraced(function* ({ workspaceId }: StoredTrigger, now: number) {
  const triggers = yield* TriggerStore
  return yield* triggers.resume({ workspaceId, name: "report", now })
})

export const pauseSentences = [
  sentence(
    "a pause keeps since when and why, raises the revision and leaves all else as it was",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const paused = yield* pause(trigger, nth(3), "the account is broken")
      assert.isAbove(paused.revision, trigger.revision)
      const since = { paused: { since: nth(3), note: "the account is broken" }, revision: paused.revision }
      assert.deepStrictEqual(paused, { ...trigger, ...since })
      assert.deepStrictEqual(yield* standing(trigger), paused)
    })
  ),
  sentence(
    "a pause of what is paused changes its note, not since when, and raises the revision",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const first = yield* pause(trigger, nth(3), "the account is broken")
      const second = yield* pause(trigger, nth(4), null)
      assert.isAbove(second.revision, first.revision)
      assert.deepStrictEqual(second, { ...first, paused: { since: nth(3), note: null }, revision: second.revision })
      assert.deepStrictEqual(yield* standing(trigger), second)
    })
  ),
  sentence(
    "a resume ends the pause, keeps from when until when it was, and raises the revision",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const paused = yield* pause(trigger, nth(3), "wait")
      const resumed = yield* resume(trigger, nth(5))
      assert.isAbove(resumed.revision, paused.revision)
      const ended = { paused: null, pause: { since: nth(3), until: nth(5) }, revision: resumed.revision }
      assert.deepStrictEqual(resumed, { ...trigger, ...ended })
      assert.deepStrictEqual(yield* standing(trigger), resumed)
    })
  ),
  sentence(
    "of several pauses that have ended, the last is kept, also through the next pause",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      yield* pause(trigger, nth(1))
      yield* resume(trigger, nth(2))
      yield* pause(trigger, nth(3))
      assert.deepStrictEqual((yield* resume(trigger, nth(4))).pause, { since: nth(3), until: nth(4) })
      const again = yield* pause(trigger, nth(5))
      const both = { paused: { since: nth(5), note: null }, pause: { since: nth(3), until: nth(4) } }
      assert.deepInclude(again, both)
    })
  ),
  sentence(
    "a resume of what is not paused changes nothing",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      assert.deepStrictEqual(yield* resume(trigger, nth(1)), trigger)
      yield* pause(trigger, nth(2))
      const resumed = yield* resume(trigger, nth(3))
      assert.deepStrictEqual(yield* resume(trigger, nth(4)), resumed)
      assert.deepStrictEqual(yield* standing(trigger), resumed)
    })
  ),
  sentence(
    "what does not exist, is elsewhere or was removed is neither paused nor resumed",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const { id: elsewhere } = yield* freshWorkspace
      const notFound = Effect.fnUntraced(function* (workspaceId: typeof elsewhere, name: string) {
        const errors = [
          yield* Effect.flip(triggers.pause({ workspaceId, name, note: null, now: base })),
          yield* Effect.flip(triggers.resume({ workspaceId, name, now: base }))
        ]
        for (const error of errors) assert.deepStrictEqual(error, new TriggerNotFound({ name }))
      })
      yield* notFound(elsewhere, "report")
      yield* notFound(trigger.workspaceId, "nothing")
      assert.deepStrictEqual(yield* standing(trigger), trigger)
      yield* triggers.remove({ triggerId: trigger.id, revision: trigger.revision, now: base })
      yield* notFound(trigger.workspaceId, "report")
    })
  )
]
