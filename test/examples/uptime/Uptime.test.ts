import { type Needs, pipelines, scheduled } from "@fibercast/examples/uptime/App"
import { type Finding, Monitors } from "@fibercast/examples/uptime/Monitors"
import { type Notice, Watch } from "@fibercast/examples/uptime/Notice"
import * as Planning from "@fibercast/examples/uptime/Planning"
import { Probe } from "@fibercast/examples/uptime/Probe"
import { Records } from "@fibercast/ports/Records"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"

type All = Needs | Monitors

const startAt = "2026-05-04T00:00:00Z"

/** Targets that answer after so many milliseconds, and what went on. */
const world = (latencyOf: (url: string) => number, problemOf: (url: string, time: number) => string | null) => {
  const told: Array<Notice> = []
  const underWay = new Map<string, number>()
  const seen = { most: 0, looks: 0, told }
  const probe = Probe.of({
    look: (url) =>
      Effect.gen(function* () {
        const now = underWay.get(url) ?? 0
        underWay.set(url, now + 1)
        seen.looks += 1
        seen.most = Math.max(seen.most, now + 1)
        const latency = latencyOf(url)
        yield* Effect.sleep(latency)
        underWay.set(url, now)
        return { status: 200, latency, problem: problemOf(url, yield* Clock.currentTimeMillis) }
      })
  })
  const watch = Watch.of({ tell: (notice) => Effect.sync(() => void told.push(notice)) })
  const own = Layer.mergeAll(Monitors.layerMemory, Layer.succeed(Probe, probe), Layer.succeed(Watch, watch))
  return { seen, own: Layer.mergeAll(own, Logger.layer([])) }
}

const scheduling = (own: Layer.Layer<Monitors | Probe | Watch>) =>
  TestEngine.layerScheduling<All, All>({ startAt, pipelines, scheduled, app: "uptime" }).pipe(Layer.provideMerge(own))

/** Without an engine. */
const stores = (own: Layer.Layer<Monitors | Probe | Watch>) =>
  TestEngine.layerStores({ startAt }).pipe(Layer.provideMerge(own))

const put = (count: number, every = 10, important = false) =>
  Effect.gen(function* () {
    const { put } = yield* Monitors
    const now = yield* Clock.currentTimeMillis
    for (let n = 0; n < count; n++) yield* put({ id: `m${n}`, url: `http://t/${n}`, every, important }, now)
  })

const open = Effect.gen(function* () {
  const depths = yield* (yield* Records).depths({ workspaceId: null, now: yield* Clock.currentTimeMillis })
  return depths.filter(({ pipeline }) => pipeline === "uptime.check").reduce((sum, one) => sum + one.open, 0)
})

const gaps = (found: ReadonlyArray<Finding>) => [
  ...new Set(found.slice(1).map(({ slot }, n) => slot - (found[n]?.slot ?? 0)))
]

const fine = () => null

describe("A thousand monitors every ten seconds", () => {
  it.effect("are each checked exactly ten seconds apart, one check at a time, with 100 open at most", () => {
    const { own, seen } = world(() => 5, fine)
    return Effect.gen(function* () {
      yield* put(1000)
      let most = 0
      for (let second = 0; second < 120; second++) {
        yield* TestClock.adjust("1 second")
        most = Math.max(most, yield* open)
      }
      yield* TestClock.adjust("100 millis")
      const { history } = yield* Monitors
      for (let n = 0; n < 1000; n++) {
        const found = yield* history(`m${n}`, 1000)
        assert.strictEqual(found.length, 12)
        assert.deepStrictEqual(gaps(found), [10_000])
      }
      assert.strictEqual(seen.most, 1)
      assert.isAtLeast(most, 1)
      assert.isAtMost(most, 100)
      assert.strictEqual(yield* open, 0)
    }).pipe(Effect.provide(scheduling(own)))
  })
})

describe("A target", () => {
  it.effect("that is slower than its interval is never checked twice at once, and delays no other", () => {
    const { own, seen } = world((url) => (url === "http://t/0" ? 4000 : 5), fine)
    return Effect.gen(function* () {
      yield* put(2, 1)
      for (let second = 0; second < 40; second++) yield* TestClock.adjust("1 second")
      const { history } = yield* Monitors
      assert.strictEqual(seen.most, 1)
      assert.deepStrictEqual(gaps(yield* history("m1", 100)), [1000])
      assert.isTrue(gaps(yield* history("m0", 100)).every((gap) => gap >= 4000))
    }).pipe(Effect.provide(scheduling(own)))
  })

  it.effect("that fails twice is told of as down, once, and as up when it answers again", () => {
    const from = Date.parse(startAt)
    const { own, seen } = world(
      () => 5,
      (_, time) => (time > from + 15_500 && time < from + 60_000 ? "it answered 500" : null)
    )
    return Effect.gen(function* () {
      yield* put(1)
      for (let second = 0; second < 90; second++) yield* TestClock.adjust("1 second")
      const failed = (yield* (yield* Monitors).history("m0", 100)).filter(({ problem }) => problem !== null)
      assert.isAtLeast(failed.length, 3)
      assert.deepStrictEqual(
        seen.told.map(({ change, slot }) => [change, slot]),
        [
          ["down", failed[1]?.slot],
          ["up", (failed.at(-1)?.slot ?? 0) + 10_000]
        ]
      )
    }).pipe(Effect.provide(scheduling(own)))
  })
})

describe("Checks that nobody works", () => {
  const engine = TestEngine.layerEngine<Needs>({ pipelines })

  it.effect("for a day are one for each monitor, and are worked off when a worker is back", () => {
    const { own, seen } = world(() => 5, fine)
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(20)
      // Every ten seconds for a day.
      for (let tick = 0; tick < 8640; tick++) {
        yield* TestClock.adjust("10 seconds")
        yield* Planning.plan(workspaceId)
      }
      assert.strictEqual(yield* open, 20)
      yield* Effect.gen(function* () {
        for (let n = 0; n < 10; n++) yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* open, 0)
        assert.strictEqual(seen.looks, 20)
      }).pipe(Effect.provide(engine))
    }).pipe(Effect.provide(stores(own)))
  })

  it.effect("are dropped when their monitor is deleted meanwhile", () => {
    const { own, seen } = world(() => 5, fine)
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(2)
      yield* TestClock.adjust("10 seconds")
      yield* Planning.plan(workspaceId)
      yield* (yield* Monitors).remove("m0")
      yield* Effect.gen(function* () {
        for (let n = 0; n < 10; n++) yield* TestClock.adjust("1 second")
      }).pipe(Effect.provide(engine))
      assert.strictEqual(yield* open, 0)
      assert.strictEqual(seen.looks, 1)
    }).pipe(Effect.provide(stores(own)))
  })

  it.effect("of an important monitor wait in lane high", () => {
    const { own } = world(() => 5, fine)
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("uptime")
      yield* put(3, 10, true)
      yield* TestClock.adjust("10 seconds")
      yield* Planning.plan(workspaceId)
      const depths = yield* (yield* Records).depths({ workspaceId, now: yield* Clock.currentTimeMillis })
      assert.deepStrictEqual(
        depths.map(({ lane, open }) => [lane, open]),
        [["high", 3]]
      )
    }).pipe(Effect.provide(stores(own)))
  })
})
