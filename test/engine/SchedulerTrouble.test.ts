import * as Frequency from "@fibercast/domain/Frequency"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerDefinition from "@fibercast/domain/TriggerDefinition"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as SchedulerHealth from "@fibercast/engine/SchedulerHealth"
import { Triggers } from "@fibercast/engine/Triggers"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Schedules from "./internal/Schedules.ts"

const tick = (name = "tick") => Scheduled.run(name, Frequency.everyMinute, Effect.void)
const Even = Pipeline.make("even", { payload: Schema.Int })

/** Stores that fail every call while they are told to. */
const outage = () => {
  const state = { isOn: false }
  const fail = (operation: string) =>
    Effect.suspend(() => (state.isOn ? Effect.fail(new LedgerUnavailable({ operation, cause: "gone" })) : Effect.void))
  return { state, stores: Interposed.layerStores({ before: fail }).pipe(Layer.provideMerge(Schedules.world())) }
}

describe("A trigger that cannot be run as it is defined", () => {
  it.effect("is skipped as refused, told of once, and keeps no other from its turn", () => {
    const all = [
      Scheduled.dispatch("bad", Frequency.everyMinute, Even, ({ wallTime }) => (wallTime.endsWith("00:03") ? 2 : 0.5)),
      Scheduled.dispatch("throws", Frequency.everyMinute, Even, ({ wallTime }) => {
        if (wallTime.endsWith("00:03")) return 4
        throw new Error("no such table")
      }),
      tick()
    ]
    return Effect.gen(function* () {
      yield* TestClock.adjust("190 seconds")
      const expected = ["00:01:00 skipped (refused)", "00:02:00 skipped (refused)", "00:03:00 fired"]
      assert.deepStrictEqual(yield* Schedules.history("bad"), expected)
      assert.deepStrictEqual(yield* Schedules.history("throws"), expected)
      const [first] = yield* Expect.occurrences("throws")
      assert.strictEqual(first?.detail ?? "", "making its work crashed: no such table")
      yield* Expect.alerted("TriggerRefused", 2)
      yield* Expect.occurred("tick", "fired", 3)
    }).pipe(Effect.provide(Schedules.engine(all, { pipelines: [Even] })))
  })

  it.effect("is refused as well when it had waited or was asked for by a person", () => {
    const bad = Scheduled.dispatch("bad", Frequency.daily, Even, (): number => {
      throw new Error("no such table")
    })
    return Effect.gen(function* () {
      const id = yield* TestEngine.workspace("test")
      yield* (yield* Triggers).test(id, "bad")
      yield* TestClock.adjust("61 seconds")
      yield* Expect.occurred("bad", "skipped", 1, "refused")
      yield* Expect.alerted("TriggerRefused", 1)
      yield* Expect.occurred("tick", "fired", 1)
    }).pipe(Effect.provide(Schedules.engine([bad, tick()], { pipelines: [Even] })))
  })

  it.effect("in the store, whose zone or time nobody can read, keeps no other from its turn", () =>
    Effect.gen(function* () {
      const node = yield* TestNode.makeScheduling({ pipelines: [], scheduled: [tick("broken"), tick()] })
      const store = yield* TriggerStore
      const id = yield* TestEngine.workspace("test")
      const broken = yield* store.find(id, "broken")
      assert.isNotNull(broken)
      yield* store.put({ ...broken, zone: "Mars/Olympus", seen: broken, now: broken.createdAt })
      yield* TestClock.adjust("190 seconds")
      yield* Expect.ran("broken", 0)
      yield* Expect.occurred("tick", "fired", 3)
      yield* Expect.alerted("TriggerRefused", 1)
      yield* node.stop
    }).pipe(Effect.provide(Schedules.world()))
  )

  it.effect("what the store does not take of one keeps no other from its turn, and is told of once", () => {
    let calls = 0
    const picky = Layer.effect(
      TriggerStore,
      Effect.map(TriggerStore, (store) =>
        TriggerStore.of({
          ...store,
          record: (options) =>
            Effect.flatMap(store.list({ workspaceId: null }), (all) => {
              const bad = all.find(({ definition }) => definition.trigger.name === "bad")?.id
              calls += 1
              return options.advances.some(({ triggerId }) => triggerId === bad)
                ? Effect.fail(new LedgerUnavailable({ operation: "record occurrences", cause: "the row is too big" }))
                : store.record(options)
            })
        })
      )
    ).pipe(Layer.provideMerge(Schedules.world()))
    return Effect.gen(function* () {
      const all = ["a", "bad", "c", ...Array.from({ length: 50 }, (_, index) => `t${index}`)]
      yield* TestNode.makeScheduling({ pipelines: [], scheduled: all.map((name) => tick(name)) })
      yield* TestClock.adjust("190 seconds")
      for (const name of all) yield* Expect.occurred(name, "fired", name === "bad" ? 0 : 3)
      yield* Expect.ended("c", "completed", 3)
      yield* Expect.alerted("TriggerRefused", 1)
      assert.isAbove(calls, 3)
    }).pipe(Effect.provide(picky))
  })

  it.effect("a hundred that wait behind a pause do not keep one from being released", () => {
    const many = Array.from({ length: 120 }, (_, index) =>
      Scheduled.run(`held-${index}`, Frequency.hourly, Effect.void)
    )
    const slow = many.map((one) => one.pipe(Scheduled.overlap({ _tag: "BufferOne" })))
    return Effect.gen(function* () {
      const triggers = yield* Triggers
      const store = yield* TriggerStore
      const id = yield* TestEngine.workspace("test")
      for (const { definition, id: triggerId, rules, zone } of yield* triggers.list(id)) {
        if (definition.trigger.name === "last") continue
        const waiting = { outcome: "waiting", reason: "overlap", detail: null, covers: null, work: null } as const
        yield* store.fill({ now: 0, triggerId, occurrences: [{ nominal: 1, dueAt: 1, zone, rules, ...waiting }] })
        yield* triggers.pause(id, definition.trigger.name)
      }
      yield* triggers.test(id, "last")
      yield* TestClock.adjust("5 seconds")
      yield* Expect.ran("last", 1)
    }).pipe(Effect.provide(Schedules.engine([...slow, Scheduled.run("last", Frequency.daily, Effect.void)])))
  })
})

describe("A store that cannot be reached for a while", () => {
  it.effect("loses nothing: what fell due meanwhile is caught up with", () => {
    const { state, stores } = outage()
    const every = tick().pipe(Scheduled.misfire({ down: { _tag: "All", cap: 100, maxAge: null } }))
    return Effect.gen(function* () {
      yield* TestNode.makeScheduling({ pipelines: [], scheduled: [every] })
      yield* TestClock.adjust("150 seconds")
      state.isOn = true
      yield* TestClock.adjust("10 minutes")
      state.isOn = false
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Schedules.tallies("tick"), { fired: 3, "late (down)": 10 })
      yield* Expect.ended("tick", "completed", 13)
    }).pipe(Effect.provide(stores))
  })

  it.effect("keeps the alarm about what was missed, if it goes away in the middle of a pass", () => {
    let records = 0
    const fail = (operation: string) =>
      Effect.suspend(() =>
        operation === "record" && ++records === 3
          ? Effect.fail(new LedgerUnavailable({ operation, cause: "gone" }))
          : Effect.void
      )
    const stores = Interposed.layerStores({ before: fail }).pipe(Layer.provideMerge(Schedules.world()))
    return Effect.gen(function* () {
      const options = { pipelines: [], scheduled: [tick()], scheduling: { page: 10 } }
      const first = yield* TestNode.makeScheduling(options)
      yield* first.stop
      yield* TestClock.adjust("1 hour")
      yield* TestNode.makeScheduling(options)
      yield* TestClock.adjust("10 seconds")
      yield* Expect.occurred("tick", "missed", 58, "down")
      const alerts = (yield* (yield* MemoryAlerts).raised).flatMap((one) =>
        one._tag === "OccurrencesMissed" ? [one.count] : []
      )
      assert.strictEqual(
        alerts.reduce((sum, count) => sum + count, 0),
        58
      )
    }).pipe(Effect.provide(stores))
  })
})

describe("The audit of what is recorded", () => {
  const gaps = Effect.map(
    Effect.flatMap(MemoryAlerts, ({ raised }) => raised),
    (alerts) =>
      alerts.flatMap((one) =>
        one._tag === "OccurrenceGap" ? [[one.trigger, one.count, Schedules.clockOf(one.from)]] : []
      )
  )

  it.effect(
    "alarms once about records that are gone, and a backfill mends them; a trigger that is broken hides none",
    () =>
      Effect.gen(function* () {
        const often = { scheduling: { housekeeping: 600_000 } }
        const node = yield* TestNode.makeScheduling({ pipelines: [], scheduled: [tick("broken"), tick()], ...often })
        const store = yield* TriggerStore
        const id = yield* TestEngine.workspace("test")
        yield* TestClock.adjust("9 minutes")
        const broken = (yield* store.find(id, "broken")) ?? assert.fail()
        yield* store.put({ ...broken, zone: "Mars/Olympus", seen: broken, now: broken.createdAt })
        yield* store.forget({ before: Date.UTC(2026, 0, 1, 0, 3, 30), limit: 100 })
        yield* TestClock.adjust("22 minutes")
        assert.deepStrictEqual(yield* gaps, [["tick", 3, "00:01:00"]])
        const range = { from: Date.UTC(2026, 0, 1, 0, 1), to: Date.UTC(2026, 0, 1, 1) }
        const { asked } = yield* node.use(Effect.flatMap(Triggers, (triggers) => triggers.backfill(id, "tick", range)))
        assert.lengthOf(asked, 3)
      }).pipe(Effect.provide(Schedules.world()))
  )

  it.effect("alarms about what nobody can decide on, as no process knows what it sets off", () =>
    Effect.gen(function* () {
      const id = yield* TestEngine.workspace()
      const often = { scheduling: { housekeeping: 600_000 } }
      const node = yield* TestNode.makeScheduling({ pipelines: [], scheduled: [tick()], ...often })
      const target = {
        _tag: "Launch",
        pipeline: "broadcast.elsewhere",
        template: "Hello",
        audience: { _tag: "Inline", rows: [] },
        addressColumn: "phone"
      } as const
      const news = TriggerDefinition.make(Trigger.named("news")(Frequency.everyFiveMinutes), target)
      yield* node.use(Effect.flatMap(Triggers, (triggers) => triggers.define(id, news)))
      yield* TestClock.adjust("25 minutes")
      assert.deepStrictEqual(yield* gaps, [["news", 4, "00:05:00"]])
    }).pipe(Effect.provide(Schedules.world()))
  )
})

describe("The watch over schedulers", () => {
  it.effect("goes on after a crash of its own", () => {
    let isBroken = false
    const stores = Interposed.layerStores({
      before: () => Effect.suspend(() => (isBroken ? Effect.die(new Error("a bug")) : Effect.void))
    }).pipe(Layer.provideMerge(Schedules.world()))
    return Effect.gen(function* () {
      yield* Layer.build(SchedulerHealth.layerWatch)
      const first = yield* TestNode.makeScheduling({ pipelines: [], scheduled: [tick()] })
      yield* first.kill
      isBroken = true
      yield* TestClock.adjust("1 minute")
      isBroken = false
      yield* TestClock.adjust("5 minutes")
      yield* Expect.alerted("SchedulerDead", 1)
    }).pipe(Effect.provide(stores))
  })

  it.effect("is quiet while one passes, alarms once when none does, and again only after one has come back", () =>
    Effect.gen(function* () {
      yield* Layer.build(SchedulerHealth.layerWatch)
      const first = yield* TestNode.makeScheduling({ pipelines: [], scheduled: [tick()] })
      yield* TestClock.adjust("10 minutes")
      yield* Expect.alerted("SchedulerDead", 0)
      assert.strictEqual((yield* SchedulerHealth.look()).status, "green")
      yield* first.kill
      yield* TestClock.adjust("10 minutes")
      yield* Expect.alerted("SchedulerDead", 1)
      const { status, unattended } = yield* SchedulerHealth.look()
      assert.strictEqual(status, "red")
      assert.deepStrictEqual(
        unattended.map(({ app, triggers }) => [app, triggers]),
        [["test", 1]]
      )
      const second = yield* TestNode.makeScheduling({ pipelines: [], scheduled: [tick()] })
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* SchedulerHealth.look()).status, "green")
      yield* second.kill
      yield* TestClock.adjust("10 minutes")
      yield* Expect.alerted("SchedulerDead", 2)
    }).pipe(Effect.provide(Schedules.world()))
  )

  it.effect("alarms once when the store cannot be reached for that long", () => {
    const { state, stores } = outage()
    return Effect.gen(function* () {
      yield* Layer.build(SchedulerHealth.layerWatch)
      yield* TestNode.makeScheduling({ pipelines: [], scheduled: [tick()] })
      state.isOn = true
      yield* TestClock.adjust("10 minutes")
      yield* Expect.alerted("SchedulerDead", 1)
      state.isOn = false
    }).pipe(Effect.provide(stores))
  })
})
