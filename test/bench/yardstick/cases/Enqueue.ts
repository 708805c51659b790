/**
 * Adding jobs while nobody works them: by one caller, one after the other; by 32 at once, without and with a key of their
 * own; and a thousand in a call.
 */
import { Effect } from "effect"
import { type Case, type Ground } from "../Case.ts"
import * as Meter from "../Meter.ts"
import * as Statistics from "../Statistics.ts"
import { type Opened, type Payload, payloadOf } from "../Subject.ts"

/** Calls by so many callers until the time is over; answers how long each call took, in milliseconds. */
const calls = Effect.fnUntraced(function* (
  callers: number,
  forMillis: number,
  call: (n: number) => Effect.Effect<unknown>
) {
  const took: Array<number> = []
  let n = 0
  const end = (yield* Meter.millis) + forMillis
  const caller = Effect.gen(function* () {
    for (;;) {
      const began = yield* Meter.millis
      if (began >= end) return
      yield* call(n++)
      took.push((yield* Meter.millis) - began)
    }
  })
  yield* Effect.all(
    Array.from({ length: callers }, () => caller),
    { concurrency: "unbounded", discard: true }
  )
  return took
})

interface Options {
  readonly callers: number
  /** Jobs in a call. */
  readonly jobs: number
  readonly add: (opened: Opened) => (payloads: ReadonlyArray<Payload>) => Effect.Effect<unknown>
}

const one =
  (add: (opened: Opened) => ((payload: Payload) => Effect.Effect<unknown>) | null): Options["add"] =>
  (opened) => {
    const adding = add(opened)
    return ([payload]) => (adding === null || payload === undefined ? Effect.void : adding(payload))
  }

const measuring =
  ({ add, callers, jobs }: Options, unit: Case["unit"]) =>
  ({ isQuick, opened, servers }: Ground) =>
    Effect.gen(function* () {
      const adding = add(opened)
      const call = (from: number) => (n: number) =>
        adding(Array.from({ length: jobs }, (_, at) => payloadOf(from + n * jobs + at)))
      yield* calls(callers, isQuick ? 300 : 1000, call(0))
      const { done, metered } = yield* Meter.measure(
        servers,
        {},
        calls(callers, isQuick ? 1000 : 3000, call(1e8)),
        (took) => took.length * jobs
      )
      const p50 = Statistics.quantile(done, 0.5)
      const rate = metered.items / metered.seconds
      return { value: unit === "ms" ? p50 : rate, more: { rate, p50, p99: Statistics.quantile(done, 0.99) }, metered }
    })

const everybody = ["plain", "fibercast", "graphile-worker", "pg-boss", "bullmq", "bee-queue"]
const common = {
  fill: null,
  help: null,
  subjects: everybody,
  further: {},
  beside: null,
  provider: null,
  isInQuick: true,
  mostRounds: null
}

export const cases: ReadonlyArray<Case> = [
  {
    ...common,
    name: "enqueue-one",
    title: "Enqueue one after another: median of a call",
    unit: "ms",
    measure: measuring({ callers: 1, jobs: 1, add: one(({ add }) => add) }, "ms")
  },
  {
    ...common,
    name: "enqueue-32",
    title: "Enqueue one each, 32 callers at once",
    unit: "/s",
    measure: measuring({ callers: 32, jobs: 1, add: one(({ add }) => add) }, "/s")
  },
  {
    ...common,
    name: "enqueue-unique",
    title: "Enqueue one each with a unique key, 32 callers at once",
    unit: "/s",
    subjects: everybody.filter((name) => name !== "plain"),
    isInQuick: false,
    measure: measuring({ callers: 32, jobs: 1, add: one(({ addUnique }) => addUnique) }, "/s")
  },
  {
    ...common,
    name: "enqueue-bulk",
    title: "Enqueue in bulk, 1000 in a call, 2 callers",
    unit: "/s",
    measure: measuring({ callers: 2, jobs: 1000, add: ({ addAll }) => addAll }, "/s")
  }
]
