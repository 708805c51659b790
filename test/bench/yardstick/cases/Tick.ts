/**
 * What is due by the clock: how long after a full minute 10,000 triggers that are all due at it have had their handlers
 * run, and are recorded (`enqueued`: each with its delivery, in the transaction that decides on it); and how long after its
 * time the delivery of a lone trigger begins.
 *
 * Of Fibercast alone: how the others would do with so many at one instant is not measured.
 */
import { Clock, Deferred, Effect } from "effect"
import { type Case } from "../Case.ts"
import * as Meter from "../Meter.ts"
import * as Statistics from "../Statistics.ts"

const minute = 60_000
const count = 10_000
/** What is defined rests at least so long before it is due. */
const rest = 5000

const common = {
  unit: "ms",
  subjects: ["fibercast"],
  beside: null,
  provider: null,
  isInQuick: false,
  mostRounds: 3,
  fill: null,
  help: null
} as const

export const cases: ReadonlyArray<Case> = [
  {
    ...common,
    name: "tick",
    title: "10,000 triggers due at the same full minute, until all their handlers have run",
    further: { enqueued: "enqueued, ms" },
    measure: ({ opened, servers }) =>
      Effect.gen(function* () {
        const ticks = yield* Effect.orDie(Effect.fromNullishOr(opened.ticks))
        const all = yield* Deferred.make<void>()
        let [at, handled] = [Infinity, 0]
        const begun = (nominal: number) => {
          if (nominal === at && ++handled === count) Deferred.doneUnsafe(all, Effect.void)
        }
        yield* ticks.work({ count, every: "minute", begun })
        const now = yield* Clock.currentTimeMillis
        at = Math.ceil((now + rest) / minute) * minute
        yield* Effect.sleep(at - now)
        const ticking = Effect.andThen(Deferred.await(all), Clock.currentTimeMillis)
        const { done, metered } = yield* Meter.measure(servers, {}, ticking, () => count)
        const recorded = yield* ticks.recorded(at)
        if (recorded.count !== count)
          return yield* Effect.die(new Error(`${recorded.count} of ${count} occurrences are recorded`))
        return { value: done - at, more: { enqueued: recorded.last - at }, metered }
      })
  },
  {
    ...common,
    name: "tick-one",
    title: "One trigger each second: from its time until its delivery begins, median",
    further: {},
    measure: ({ isQuick, opened, servers }) =>
      Effect.gen(function* () {
        const ticks = yield* Effect.orDie(Effect.fromNullishOr(opened.ticks))
        const late: Array<number> = []
        const clock = yield* Effect.clockWith(Effect.succeed)
        const begun = (nominal: number) => late.push(clock.currentTimeMillisUnsafe() - nominal)
        yield* ticks.work({ count: 1, every: "second", begun })
        // The first ones warm it up.
        yield* Effect.sleep(rest)
        late.length = 0
        const { metered } = yield* Meter.measure(
          servers,
          {},
          Effect.sleep(isQuick ? 10_000 : 30_000),
          () => late.length
        )
        const p50 = Statistics.quantile(late, 0.5)
        return { value: p50, more: { p50, p99: Statistics.quantile(late, 0.99) }, metered }
      })
  }
]
