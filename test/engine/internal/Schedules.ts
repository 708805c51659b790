/**
 * Schedules that the tests of the scheduler share: an engine that begins just after the full minute, so that nothing is
 * due when it starts, and what was recorded, as text.
 */
import { type Scheduled } from "@fibercast/engine/Scheduled"
import { Ping, PingFailed } from "@fibercast/ports/Ping"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type RecordedOccurrence } from "@fibercast/ports/Run"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Clock, Effect, Layer } from "effect"

export const startAt = "2026-01-01T00:00:00.500Z"

export const { sparse } = TestEngine

/** An engine that schedules, with stores and a messenger of its own. */
export const engine = <R2, R = never>(
  scheduled: ReadonlyArray<Scheduled<R2>>,
  options: Partial<TestEngine.SchedulingOptions<R, R2> & TestEngine.World> = {}
) =>
  TestEngine.layerScheduling<R, R2>({ pipelines: [], startAt, ...options, scheduled }).pipe(
    Layer.provideMerge(FakeMessenger.FakeMessenger.layer())
  )

/** Stores that outlive the engines on them, and a messenger. */
export const world = (options: TestEngine.World = {}) =>
  Layer.merge(TestEngine.layerStores({ startAt, ...options }), FakeMessenger.FakeMessenger.layer())

/** `10:30:05`, with the day in front unless it is the first. */
export const clockOf = (millis: number): string => {
  const text = new Date(millis).toISOString()
  const day = text.slice(0, 10)
  return `${day === "2026-01-01" ? "" : `${day} `}${text.slice(11, 19)}`
}

const line = ({ nominal, outcome, reason }: RecordedOccurrence): string =>
  `${clockOf(nominal)} ${outcome}${reason === null ? "" : ` (${reason})`}`

/** Every occurrence of the trigger, the oldest first: `00:00:10 skipped (when)`. */
export const history = (trigger: string) => Effect.map(Expect.occurrences(trigger), (recorded) => recorded.map(line))

/** How often the trigger came to each outcome, by the store's own count: `skipped (when)` to 3. */
export const tallies = Effect.fnUntraced(function* (trigger: string) {
  const store = yield* TriggerStore
  const named = (yield* store.list({ workspaceId: null })).filter(
    ({ definition }) => definition.trigger.name === trigger
  )
  const ids = new Set(named.map(({ id }) => id))
  const counts: Record<string, number> = {}
  for (const { count, outcome, reason, triggerId } of yield* store.tallies({ workspaceId: null })) {
    if (ids.has(triggerId)) counts[reason === null ? outcome : `${outcome} (${reason})`] = count
  }
  return counts
})

/** Lines that code writes down, each with the time: `00:00:10 begun`. */
export const diary = () => {
  const lines: Array<string> = []
  const note = (what: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      lines.push(`${clockOf(now)} ${what}`)
    })
  return { lines, note, words: () => lines.map((text) => text.slice(text.indexOf(" ") + 1)) }
}

/** A monitor that keeps what it is told; addresses that hold `down` cannot be reached. */
export const layerPing = (pings: Array<string>): Layer.Layer<Ping> =>
  Layer.succeed(
    Ping,
    Ping.of({
      ping: (url) =>
        Effect.suspend(() => {
          pings.push(url)
          return url.includes("down") ? Effect.fail(new PingFailed({ monitor: url, reason: "no route" })) : Effect.void
        })
    })
  )
