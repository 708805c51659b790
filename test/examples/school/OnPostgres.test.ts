import { Launcher } from "@fibercast/engine/Launcher"
import { Triggers } from "@fibercast/engine/Triggers"
import app, { pipelines } from "@fibercast/examples/school/App"
import { Register } from "@fibercast/examples/school/Register"
import * as Reports from "@fibercast/examples/school/Reports"
import * as Audiences from "@fibercast/node/Audiences"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import * as Expect from "@fibercast/testkit/Expect"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer } from "effect"
import * as OnPostgres from "../OnPostgres.ts"
import { child, classOf, counts, e164Of, enrol, numberOf, send } from "./Schools.ts"

/** A node with the app, and what a person launches with beside it. */
const school = Layer.mergeAll(Launcher.layer(pipelines).pipe(Layer.provide(Audiences.layer())), Register.layerSql).pipe(
  Layer.provideMerge(OnPostgres.run(app)),
  Layer.provideMerge(OnPostgres.machine)
)

/** Returns when no campaign is left to send. */
const over = Effect.gen(function* () {
  const { id } = yield* Reports.workspace
  yield* OnPostgres.until(
    Effect.flatMap(CampaignStore, (store) => store.active(id)),
    (active) => active.length === 0
  )
})

/** How many messages each number has got, as the provider says. */
const received = Effect.flatMap(FonnteSimulator, ({ accepted }) => Effect.map(accepted, Object.fromEntries))

const digits = (n: number) => e164Of(n).slice(1)

/** What the admins were told. */
const told = (pattern: RegExp) =>
  Effect.map(OnPostgres.Said, ({ lines }) => lines.filter((line) => pattern.test(line)).length)

describe("The monthly report of a school, on Postgres", () => {
  it.live("asked for by several people at once goes to each child once, and admins hear of bad numbers once", () =>
    Effect.gen(function* () {
      yield* classOf(4)
      yield* enrol(child(10, "A", numberOf(1)), child(11, "A", "tanya ayah"), child(12, "B"))
      const asked = yield* Effect.all([send(), send("B"), send(), send("B"), send()], { concurrency: 5 })
      assert.strictEqual(asked.filter((campaign) => campaign !== null).length, 2)
      yield* over
      yield* OnPostgres.until(told(/Anak 11 .*bad number/u), (times) => times > 0)
      assert.deepStrictEqual(yield* received, {
        [digits(0)]: 1,
        [digits(1)]: 2,
        [digits(2)]: 1,
        [digits(3)]: 1,
        [digits(12)]: 1
      })
      assert.deepInclude(yield* counts, { planned: 7, completed: 6, skipped: 1 })
      assert.strictEqual(yield* told(/bad number/u), 1)
    }).pipe(Effect.provide(school))
  )

  it.live("follows a child to its new class, and its trigger sends what no person has sent", () =>
    Effect.gen(function* () {
      const { put } = yield* Register
      const { id } = yield* Reports.workspace
      yield* enrol(child(1), child(2), child(3, "B"))
      const now = DateTime.setZoneNamedUnsafe(yield* DateTime.now, Reports.zone)
      const month = Reports.monthBefore(DateTime.formatIsoZoned(now))
      yield* Reports.send({ month, className: "A" })
      yield* put(child(2, "B"))
      const { test } = yield* Triggers
      yield* test(id, "reports.monthly")
      yield* OnPostgres.until(received, (all) => Object.keys(all).length === 3)
      yield* over
      assert.deepStrictEqual(yield* received, { [digits(1)]: 1, [digits(2)]: 1, [digits(3)]: 1 })
    }).pipe(Effect.provide(school))
  )

  it.live("waits while the phone of the school is offline, and loses nothing", () =>
    Effect.gen(function* () {
      const { acceptedTotal, requests, setDevice } = yield* FonnteSimulator
      yield* setDevice("disconnect")
      yield* classOf(20)
      yield* send()
      yield* OnPostgres.until(Expect.alerts, (alerts) => alerts.includes("AccountBroken"))
      assert.strictEqual(yield* acceptedTotal, 0)
      assert.isAtMost(yield* requests, 2)
      yield* setDevice("connect")
      yield* over
      assert.strictEqual(yield* acceptedTotal, 20)
      assert.deepInclude(yield* counts, { planned: 20, completed: 20 })
    }).pipe(Effect.provide(school))
  )

  it.live("raises an alarm at a quarter of a class, and tells the admins of each parent once", () =>
    Effect.gen(function* () {
      const { script } = yield* FonnteSimulator
      yield* script([{ kind: "invalidTarget", targets: [1, 2, 3, 4].map(digits) }])
      yield* classOf(12)
      yield* send()
      yield* over
      yield* OnPostgres.until(told(/not sent/u), (times) => times >= 4)
      yield* Expect.alerted("HighFailureRate")
      assert.strictEqual(yield* told(/not sent/u), 4)
      assert.deepInclude(yield* counts, { planned: 12, completed: 8, failed: 4 })
    }).pipe(Effect.provide(school))
  )
})
