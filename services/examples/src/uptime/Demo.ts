/**
 * Ten minutes of an uptime monitor in a few seconds: the whole engine in memory, on a clock that is moved by hand. A thousand
 * targets are checked every ten seconds; two hundred of them stop answering for a while, and later nobody works the checks
 * for two minutes. It ends by itself, with a line for each minute.
 * `node services/examples/src/uptime/Demo.ts`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as QueueHealth from "@fibercast/engine/QueueHealth"
import { Records } from "@fibercast/ports/Records"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Clock, Console, Effect, Exit, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Needs, pipelines, scheduled } from "./App.ts"
import * as MemoryMonitors from "./MemoryMonitors.ts"
import { Monitors } from "./Monitors.ts"
import { Watch } from "./Notice.ts"
import * as Planning from "./Planning.ts"
import { Probe } from "./Probe.ts"

type All = Needs | Monitors

const monitors = 1000
const every = 10
const latency = 40

/** What happens as a minute begins. */
const events: Readonly<Record<number, string>> = {
  1: "all is well",
  3: "200 targets stop answering",
  6: "they answer again",
  8: "nobody works the checks any more",
  10: "a node is back"
}

/** What the demo changes. */
const site = { silent: false, downs: 0, ups: 0 }

const isFickle = (n: number): boolean => Math.floor(n / 10) % 5 === 0

const probe = Probe.of({
  look: (url, within) =>
    Effect.gen(function* () {
      const isSilent = site.silent && isFickle(Number(url.slice("http://target/".length)))
      yield* Effect.sleep(isSilent ? within : latency)
      return isSilent
        ? { status: null, latency: within, problem: `no answer within ${within / 1000} seconds` }
        : { status: 200, latency, problem: null }
    })
})

const watch = Watch.of({
  tell: ({ change }) => Effect.sync(() => void (site[change === "down" ? "downs" : "ups"] += 1))
})

const node = TestEngine.layerSchedulingEngine<All, All>({ pipelines, scheduled, app: "uptime" })

const world = Layer.mergeAll(MemoryMonitors.layer, Layer.succeed(Probe, probe), Layer.succeed(Watch, watch)).pipe(
  Layer.provideMerge(TestEngine.layerStores({ startAt: "2026-05-04T00:00:00Z" }))
)

const sample = Effect.gen(function* () {
  const at = yield* Clock.currentTimeMillis
  return { at, depths: yield* (yield* Records).depths({ workspaceId: null, now: at }), vanished: [] }
})

const openOf = ({ depths }: QueueHealth.Sample): number => depths.reduce((sum, { open }) => sum + open, 0)

const verdictOf = (samples: ReadonlyArray<QueueHealth.Sample>): string => {
  const [before, ...between] = samples
  const now = between.pop()
  if (before === undefined || now === undefined) return ""
  const options = { before, between, now, passages: [], targets: QueueHealth.defaults, byPipeline: false }
  const lines = QueueHealth.lines(options)
  const missed = new Set(lines.flatMap((line) => line.missed))
  const verdict = QueueHealth.worstOf(lines.map((line) => line.verdict))
  return missed.size === 0 ? verdict : `${verdict} (${[...missed].join(", ")})`
}

const second = Effect.gen(function* () {
  yield* TestClock.adjust("700 millis")
  const calm = yield* sample
  yield* TestClock.adjust("300 millis")
  return calm
})

/** How much was found since the instant, and by how many milliseconds a look at a target that stays well was late at most. */
const found = Effect.fnUntraced(function* (since: number) {
  const { history } = yield* Monitors
  let [checks, late] = [0, 0]
  for (let n = 0; n < monitors; n++) {
    for (const { at, latency, slot } of yield* history(`m${n}`, 60 / every + 2)) {
      if (at < since) continue
      checks += 1
      if (!isFickle(n)) late = Math.max(late, at - latency - slot)
    }
  }
  return { checks, late }
})

const row = (cells: ReadonlyArray<string>): string =>
  cells.map((cell, at) => cell.padStart([6, 8, 10, 14, 6][at] ?? 0)).join("")

const play = Effect.gen(function* () {
  const { put, standing } = yield* Monitors
  const workspaceId = yield* TestEngine.workspace("uptime")
  for (let n = 0; n < monitors; n++)
    yield* put({ id: `m${n}`, url: `http://target/${n}`, every }, yield* Clock.currentTimeMillis)
  const start = Effect.flatMap(Scope.make(), (scope) => Effect.as(Layer.buildWithScope(node, scope), scope))
  let running: Scope.Closeable | null = yield* start
  yield* Console.log(`${monitors} targets, each checked every ${every} seconds\n`)
  yield* Console.log(`${row(["minute", "checks", "late by", "open at most", "down"])}  verdict`)
  for (let minute = 1; minute <= 10; minute++) {
    const event = events[minute]
    if (minute === 3 || minute === 6) site.silent = minute === 3
    if (minute === 8 && running !== null) {
      yield* Scope.close(running, Exit.void)
      running = null
    }
    if (minute === 10) running = yield* start
    const since = yield* Clock.currentTimeMillis
    const samples: Array<QueueHealth.Sample> = []
    let most = 0
    for (let at = 0; at < 60; at++) {
      const calm = yield* second
      if (at % 6 === 5) samples.push(calm)
      if (running === null) yield* Planning.plan(workspaceId)
      most = Math.max(most, openOf(calm), openOf(yield* sample))
    }
    const { checks, late } = yield* found(since)
    const down = (yield* standing).filter((one) => one.down).length
    const cells = [minute, checks, `${late} ms`, most, down].map(String)
    const what = event === undefined ? "" : `← ${event}`
    yield* Console.log(`${row(cells)}  ${verdictOf(samples).padEnd(25)}${what}`.trimEnd())
  }
  if (running !== null) yield* Scope.close(running, Exit.void)
  yield* Console.log(`\n${site.downs} targets were told of as down, ${site.ups} as up again`)
})

play.pipe(Effect.provide(world), Effect.provide([TestClock.layer(), Logger.layer([])]), NodeRuntime.runMain)
