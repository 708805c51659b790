/**
 * How schedulers stand, and what all of them go by. All of it is one for the whole store, so each sentence begins in
 * an era of its own, long after all that came before it.
 */
import { assert } from "@effect/vitest"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { base, freshName, second } from "./Given.ts"
import { day, nth } from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

let eras = 0

export const freshEra = Effect.sync(() => {
  eras += 1
  return base + eras * 100 * day
})

const downAfter = 30 * second

export const beat = Effect.fnUntraced(function* (scheduler: string, now: number, app: string | null = null) {
  const triggers = yield* TriggerStore
  return yield* triggers.beat({ scheduler, app, startedAt: now, now, downAfter })
})

const namesOf = Effect.gen(function* () {
  const triggers = yield* TriggerStore
  return (yield* triggers.schedulers).map(({ scheduler }) => scheduler)
})

const setMaintenance = Effect.fnUntraced(function* (on: boolean, now: number, note: string | null = null) {
  const triggers = yield* TriggerStore
  yield* triggers.setMaintenance({ on, note, now })
})

export const pulseSentences = [
  sentence(
    "after a silence, schedulers are alive since the first pass",
    Effect.gen(function* () {
      const now = yield* freshEra
      assert.strictEqual((yield* beat(yield* freshName, now)).aliveSince, now)
    })
  ),
  sentence(
    "schedulers stay alive while some scheduler passes in time, whichever it is, of whichever app",
    Effect.gen(function* () {
      const now = yield* freshEra
      const [one, two] = [yield* freshName, yield* freshName]
      yield* beat(one, now, "app one")
      assert.strictEqual((yield* beat(two, now + downAfter, "app two")).aliveSince, now)
      assert.strictEqual((yield* beat(one, now + downAfter, "app one")).aliveSince, now)
      assert.strictEqual((yield* beat(two, now + 2 * downAfter, null)).aliveSince, now)
    })
  ),
  sentence(
    "an app whose schedulers were silent too long is alive anew, while those of another app kept the pulse",
    Effect.gen(function* () {
      const now = yield* freshEra
      const [one, two] = [yield* freshName, yield* freshName]
      const [school, shop] = [yield* freshName, yield* freshName]
      yield* beat(one, now, school)
      yield* beat(two, now, shop)
      yield* beat(two, now + downAfter, shop)
      const anew = now + downAfter + 1
      const { aliveSince, ownAliveSince } = yield* beat(one, anew, school)
      assert.deepStrictEqual([aliveSince, ownAliveSince], [now, anew])
      assert.strictEqual((yield* beat(two, anew, shop)).ownAliveSince, now)
      assert.strictEqual((yield* beat(yield* freshName, anew)).ownAliveSince, now)
    })
  ),
  sentence(
    "when all were silent too long, they are alive anew, and not before",
    Effect.gen(function* () {
      const now = yield* freshEra
      const name = yield* freshName
      yield* beat(name, now)
      assert.strictEqual((yield* beat(name, now + downAfter)).aliveSince, now)
      const anew = now + 2 * downAfter + 1
      assert.strictEqual((yield* beat(name, anew)).aliveSince, anew)
      assert.strictEqual((yield* beat(name, anew + downAfter)).aliveSince, anew)
    })
  ),
  sentence(
    "a pass that is told late takes nothing back",
    Effect.gen(function* () {
      const now = yield* freshEra
      const [one, two] = [yield* freshName, yield* freshName]
      yield* beat(one, now)
      yield* beat(one, now + 10 * second)
      assert.strictEqual((yield* beat(two, now + 5 * second)).aliveSince, now)
      assert.strictEqual((yield* beat(one, now + 10 * second + downAfter)).aliveSince, now)
    })
  ),
  sentence(
    "that a scheduler retires does not end the pulse",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const now = yield* freshEra
      const name = yield* freshName
      yield* beat(name, now)
      yield* triggers.retire(name)
      assert.strictEqual((yield* beat(yield* freshName, now + downAfter)).aliveSince, now)
    })
  ),
  sentence(
    "each scheduler is listed with its last pass, the latest first",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const now = yield* freshEra
      const [one, two, three] = [yield* freshName, yield* freshName, yield* freshName]
      const pass = { downAfter, startedAt: now }
      yield* triggers.beat({ ...pass, scheduler: one, app: "school", now })
      yield* triggers.beat({ ...pass, scheduler: two, app: null, now: now + 1 })
      yield* triggers.beat({ ...pass, scheduler: three, app: null, now: now + 2 })
      yield* triggers.beat({ ...pass, scheduler: one, app: "school", startedAt: now + 3, now: now + 4 })
      assert.deepStrictEqual(yield* triggers.schedulers, [
        { scheduler: one, app: "school", startedAt: now + 3, passedAt: now + 4 },
        { scheduler: three, app: null, startedAt: now, passedAt: now + 2 },
        { scheduler: two, app: null, startedAt: now, passedAt: now + 1 }
      ])
    })
  ),
  sentence(
    "a scheduler that did not pass for a day is forgotten, and not before",
    Effect.gen(function* () {
      const now = yield* freshEra
      const [one, two] = [yield* freshName, yield* freshName]
      yield* beat(one, now)
      yield* beat(two, now + day)
      assert.deepStrictEqual(yield* namesOf, [two, one])
      yield* beat(two, now + day + 1)
      assert.deepStrictEqual(yield* namesOf, [two])
    })
  ),
  sentence(
    "a scheduler that retires is forgotten at once, until it passes again; the others are not",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const now = yield* freshEra
      const [one, two] = [yield* freshName, yield* freshName]
      yield* beat(one, now)
      yield* beat(two, now + 1)
      yield* triggers.retire(two)
      yield* triggers.retire("nobody")
      assert.deepStrictEqual(yield* namesOf, [one])
      yield* beat(two, now + 2)
      assert.deepStrictEqual(yield* namesOf, [two, one])
    })
  ),
  sentence(
    "maintenance goes on from when it began until it ends; its note may change meanwhile",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      yield* setMaintenance(false, nth(0))
      assert.isNull(yield* triggers.maintenance)
      yield* setMaintenance(true, nth(1), "moving house")
      assert.deepStrictEqual(yield* triggers.maintenance, { since: nth(1), note: "moving house" })
      yield* setMaintenance(true, nth(2), null)
      assert.deepStrictEqual(yield* triggers.maintenance, { since: nth(1), note: null })
      yield* setMaintenance(false, nth(3), "not kept")
      assert.isNull(yield* triggers.maintenance)
      yield* setMaintenance(true, nth(4))
      assert.deepStrictEqual(yield* triggers.maintenance, { since: nth(4), note: null })
      yield* setMaintenance(false, nth(5))
    })
  ),
  sentence(
    "each pass is told of maintenance, which has nothing to do with being alive",
    Effect.gen(function* () {
      const now = yield* freshEra
      const name = yield* freshName
      yield* setMaintenance(false, now)
      assert.deepStrictEqual(yield* beat(name, now), { aliveSince: now, ownAliveSince: now, maintenance: null })
      yield* setMaintenance(true, now + 1, "moving house")
      const maintenance = { since: now + 1, note: "moving house" }
      assert.deepStrictEqual(yield* beat(name, now + 2), { aliveSince: now, ownAliveSince: now, maintenance })
      yield* setMaintenance(false, now + 3)
      assert.deepStrictEqual(yield* beat(name, now + 4), { aliveSince: now, ownAliveSince: now, maintenance: null })
    })
  )
]
