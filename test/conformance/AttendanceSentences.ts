/**
 * Who looks after whose triggers. A scheduler of an app looks after that app's and those defined at run time; one of no
 * app, after those defined at run time.
 */
import { assert } from "@effect/vitest"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { freshName, freshWorkspace } from "./Given.ts"
import { added, another, asked, day, freshTrigger, nth } from "./GivenTriggers.ts"
import { beat, freshEra } from "./PulseSentences.ts"
import { sentence } from "./Sentence.ts"

const attendanceOf = Effect.fnUntraced(function* (app: string | null) {
  const triggers = yield* TriggerStore
  return (yield* triggers.attendance).filter((one) => one.app === app)
})

export const attendanceSentences = [
  sentence(
    "of each app, the triggers that will fire again are counted, since the first of them was added",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const app = yield* freshName
      assert.deepStrictEqual(yield* attendanceOf(app), [])
      const { id: workspaceId } = yield* freshWorkspace
      const { id: elsewhere } = yield* freshWorkspace
      const last = yield* added(asked(workspaceId, app, { now: nth(7) }))
      const first = yield* added(asked(elsewhere, app, { now: nth(3) }))
      const ended = yield* freshTrigger({ app, nextDue: null, now: nth(1) })
      assert.isNull(ended.nextDue)
      const both = { app, triggers: 2, since: nth(3), passedAt: null }
      assert.deepStrictEqual(yield* attendanceOf(app), [both])
      yield* triggers.pause({ ...first, name: "report", note: null, now: nth(8) })
      assert.deepStrictEqual(yield* attendanceOf(app), [both])
      yield* triggers.remove({ triggerId: first.id, revision: first.revision + 1, now: nth(9) })
      assert.deepStrictEqual(yield* attendanceOf(app), [{ ...both, triggers: 1, since: nth(7) }])
      yield* triggers.remove({ triggerId: last.id, revision: last.revision, now: nth(9) })
      assert.deepStrictEqual(yield* attendanceOf(app), [])
    })
  ),
  sentence(
    "the triggers of an app are looked after by its schedulers, also once they have retired, and by no others",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const now = yield* freshEra
      const trigger = yield* freshTrigger()
      const { app } = trigger
      const [one, two] = [yield* freshName, yield* freshName]
      const passedAt = Effect.map(attendanceOf(app), (found) => found.map((one) => one.passedAt))
      yield* beat(yield* freshName, now, null)
      yield* beat(yield* freshName, now, yield* freshName)
      assert.deepStrictEqual(yield* passedAt, [null])
      yield* beat(one, now + 5, app)
      yield* beat(two, now + 3, app)
      assert.deepStrictEqual(yield* passedAt, [now + 5])
      yield* triggers.retire(one)
      assert.deepStrictEqual(yield* passedAt, [now + 5])
      yield* beat(two, now + 7, app)
      assert.deepStrictEqual(yield* passedAt, [now + 7])
    })
  ),
  sentence(
    "who has not passed for a day looks after nothing any more",
    Effect.gen(function* () {
      const now = yield* freshEra
      const { app } = yield* freshTrigger()
      yield* beat(yield* freshName, now, app)
      const other = yield* freshName
      yield* beat(other, now + day, null)
      assert.strictEqual((yield* attendanceOf(app))[0]?.passedAt, now)
      yield* beat(other, now + day + 1, null)
      assert.deepInclude((yield* attendanceOf(app))[0], { app, passedAt: null })
    })
  ),
  sentence(
    "what was defined at run time comes first and is looked after by every scheduler; apps follow by name",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const now = yield* freshEra
      const name = yield* freshName
      const apps = [`${name} Z`, `${name} a`, `${name} a-b`, `${name} ab`]
      for (const app of apps.toReversed()) yield* freshTrigger({ app })
      const { id } = yield* freshWorkspace
      const trigger = yield* added(asked(id, null))
      yield* another(trigger, "gone").pipe(
        Effect.flatMap((gone) => triggers.remove({ ...gone, triggerId: gone.id, now }))
      )
      yield* beat(yield* freshName, now, null)
      yield* beat(yield* freshName, now + 1, yield* freshName)
      const all = yield* triggers.attendance
      assert.deepInclude(all[0], { app: null, triggers: 1, passedAt: now + 1 })
      assert.deepStrictEqual(
        all.map(({ app }) => app ?? "").filter((app) => app.startsWith(name)),
        apps
      )
      assert.isTrue(yield* triggers.remove({ ...trigger, triggerId: trigger.id, now }))
    })
  )
]
