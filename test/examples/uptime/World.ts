/**
 * The uptime monitor on the whole engine in memory, with targets that the test makes up.
 */
import { type Needs, pipelines, scheduled } from "@fibercast/examples/uptime/App"
import * as MemoryMonitors from "@fibercast/examples/uptime/MemoryMonitors"
import { type Finding, Monitors } from "@fibercast/examples/uptime/Monitors"
import { type Notice, Watch } from "@fibercast/examples/uptime/Notice"
import { Probe } from "@fibercast/examples/uptime/Probe"
import { type EngineSettings } from "@fibercast/engine/EngineConfig"
import { Records } from "@fibercast/ports/Records"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Clock, Effect, Latch, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"

type All = Needs | Monitors
type Own = Monitors | Probe | Watch

const startAt = "2026-05-04T00:00:00Z"
export const start = Date.parse(startAt)

/** Targets that answer after so many milliseconds, null: never; and what went on. */
export const world = (
  latencyOf: (url: string, now: number) => number | null = () => 5,
  problemOf: (url: string, now: number) => string | null = () => null
) => {
  const told: Array<Notice> = []
  const underWay = new Map<string, number>()
  const seen = { most: 0, looks: 0, told }
  /** Who answers at one instant answers together: a test clock wakes whoever sleeps one by one, and takes its time. */
  const answers = new Map<number, Latch.Latch>()
  const until = Effect.fnUntraced(function* (instant: number, now: number) {
    const together = answers.get(instant)
    if (together !== undefined) return yield* together.await
    const latch = Latch.makeUnsafe(false)
    answers.set(instant, latch)
    const open = Effect.sync(() => {
      answers.delete(instant)
      latch.openUnsafe()
    })
    yield* Effect.ensuring(Effect.sleep(instant - now), open)
  })
  const answer = Effect.fnUntraced(function* (url: string, within: number) {
    const began = yield* Clock.currentTimeMillis
    const wanted = latencyOf(url, began)
    const latency = Math.min(wanted ?? within, within)
    yield* until(began + latency, began)
    if (wanted === null || wanted > within) return { status: null, latency, problem: "no answer" }
    return { status: 200, latency, problem: problemOf(url, began) }
  })
  const probe = Probe.of({
    look: (url, within) =>
      Effect.suspend(() => {
        const now = (underWay.get(url) ?? 0) + 1
        underWay.set(url, now)
        seen.looks += 1
        seen.most = Math.max(seen.most, now)
        return Effect.ensuring(
          answer(url, within),
          Effect.sync(() => underWay.set(url, (underWay.get(url) ?? 1) - 1))
        )
      })
  })
  const watch = Watch.of({ tell: (notice) => Effect.sync(() => void told.push(notice)) })
  const own = Layer.mergeAll(MemoryMonitors.layer, Layer.succeed(Probe, probe), Layer.succeed(Watch, watch))
  return { seen, own: Layer.mergeAll(own, Logger.layer([])) }
}

export const scheduling = (own: Layer.Layer<Own>, settings: Partial<EngineSettings> = {}) =>
  TestEngine.layerScheduling<All, All>({ startAt, pipelines, scheduled, app: "uptime", settings }).pipe(
    Layer.provideMerge(own)
  )

/** Without an engine. */
export const stores = (own: Layer.Layer<Own>) => TestEngine.layerStores({ startAt }).pipe(Layer.provideMerge(own))

/** On stores that are there. */
export const engine = TestEngine.layerEngine<Needs>({ pipelines })

/** Monitors `m0`, `m1` and so on of `http://t/0`, `http://t/1`, by their number. */
export const put = (count: number, every = 10, important = false, from = 0) =>
  Effect.gen(function* () {
    const { put } = yield* Monitors
    const now = yield* Clock.currentTimeMillis
    for (let n = from; n < from + count; n++) yield* put({ id: `m${n}`, url: `http://t/${n}`, every, important }, now)
  })

/** The number of a monitor, by its target. */
export const numberOf = (url: string): number => Number(url.slice("http://t/".length))

export const findings = (n: number) => Effect.flatMap(Monitors, ({ history }) => history(`m${n}`, 1000))

/** Checks that are open. */
export const open = Effect.gen(function* () {
  const depths = yield* (yield* Records).depths({ workspaceId: null, now: yield* Clock.currentTimeMillis })
  return depths.filter(({ pipeline }) => pipeline === "uptime.check").reduce((sum, one) => sum + one.open, 0)
})

export const seconds = (count: number) =>
  Effect.gen(function* () {
    for (let second = 0; second < count; second++) yield* TestClock.adjust("1 second")
  })

/** Between the slots of one finding and the next. */
export const gaps = (found: ReadonlyArray<Finding>) => [
  ...new Set(found.slice(1).map(({ slot }, n) => slot - (found[n]?.slot ?? 0)))
]
