import { pipelines } from "@fibercast/examples/comingfrom/App"
import { scheduled } from "@fibercast/examples/comingfrom/Nightly"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Shop from "./Shop.ts"

const named = (...names: ReadonlyArray<string>) =>
  scheduled.filter(({ definition }) => names.includes(definition.trigger.name))

const engine = (
  options: Pick<Parameters<typeof TestEngine.layerScheduling>[0], "environment" | "settings" | "scheduling">,
  only: typeof scheduled,
  course?: Shop.Course
) =>
  TestEngine.layerSchedulingEngine({ pipelines, scheduled: only, ...options }).pipe(
    Layer.provideMerge(Shop.layerWork(course)),
    Layer.provideMerge(TestEngine.layerStores({ startAt: Shop.startAt }))
  )

describe("The triggers of a shop", () => {
  it.effect("fire every ten seconds, and wait for a run that is not over", () =>
    Effect.gen(function* () {
      yield* Shop.pass(60)
      assert.deepStrictEqual(yield* Shop.times("ping"), [0, 20, 40, 60])
    }).pipe(Effect.provide(engine({}, named("queue.ping"), { seconds: 15 })))
  )

  it.effect("fire in maintenance mode if they say so, and are recorded as skipped if not", () =>
    Effect.gen(function* () {
      const store = yield* TriggerStore
      yield* store.setMaintenance({ on: true, now: yield* Clock.currentTimeMillis, note: "moving house" })
      yield* Shop.pass(3600, 5)
      const pings = yield* Shop.times("ping")
      assert.isAtLeast(pings.length, 350)
      assert.deepStrictEqual(yield* Shop.times("sync main"), [])
      yield* Expect.occurred("stock.sync", "skipped", 2)
    }).pipe(Effect.provide(engine({}, named("queue.ping", "stock.sync"))))
  )

  it.effect("dispatch at a quarter past and a quarter to", () =>
    Effect.gen(function* () {
      yield* Shop.pass(3600, 5)
      assert.deepStrictEqual(yield* Shop.times("sync main"), [900, 2700])
    }).pipe(Effect.provide(engine({}, named("stock.sync"))))
  )

  it.effect("fire on the fourth of the month by the clock of Jakarta, and on weekdays from eight to five", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("31 days")
      yield* Expect.occurred("books.close", "fired", 1)
      // January 2027 has 21 weekdays, of 37 quarters of an hour from eight to five.
      yield* Expect.occurred("report.weekdays", "fired", 21 * 37)
      const [first] = yield* Expect.occurrences("books.close")
      assert.strictEqual(new Date(first?.nominal ?? 0).toISOString(), "2027-01-04T08:00:00.000Z")
    }).pipe(
      Effect.provide(
        engine({ ...TestEngine.sparse, environment: "production" }, named("books.close", "report.weekdays"))
      )
    )
  )

  it.effect("do not fire where they should not", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("40 days")
      assert.notInclude(yield* Shop.did, "close the books")
    }).pipe(Effect.provide(engine({ ...TestEngine.sparse, environment: "development" }, named("books.close"))))
  )

  it.effect("fire once on two nodes", () =>
    Effect.gen(function* () {
      yield* Shop.pass(3600, 5)
      assert.lengthOf(yield* Shop.times("sync main"), 2)
    }).pipe(
      Effect.provide(
        Layer.merge(
          TestEngine.layerSchedulingEngine({ pipelines, scheduled: named("stock.sync"), alone: false }),
          TestEngine.layerSchedulingEngine({ pipelines, scheduled: named("stock.sync"), alone: false })
        ).pipe(
          Layer.provideMerge(Shop.layerWork()),
          Layer.provideMerge(TestEngine.layerStores({ startAt: Shop.startAt }))
        )
      )
    )
  )
})
