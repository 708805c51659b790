/**
 * What a noisy workspace costs the quiet ones beside it, and what they take without it.
 *
 * `noisy`: 90,000 jobs of one workspace were added before the 10,000 of nine others. From the start of the workers until the
 * last job of the nine has run, and how much of the whole drain that is. What knows no workspaces has one queue for all.
 * `urgent`: 100 urgent jobs of one workspace arrive while another is well under way with 200,000 that wait 5 ms, as for a
 * provider; from the call that adds them until all have begun.
 */
import { Deferred, Effect } from "effect"
import { type Case, type Ground } from "../Case.ts"
import * as Meter from "../Meter.ts"
import * as Statistics from "../Statistics.ts"
import { type Opened, payloadOf } from "../Subject.ts"

const bulk = 1000
/** How often it is asked whether all is done. */
const look = "10 millis"
const waits = { concurrency: 100, millis: 5, act: null }
const small = 10_000
const smallOnes = 9
const urgent = 100
/** Each so many jobs; told is their median. */
const bursts = 9

/** Jobs with the numbers from `from` on, of the workspace of each. */
const added = Effect.fnUntraced(function* (
  { addAll, addAllOf }: Opened,
  from: number,
  count: number,
  workspaceOf: (n: number) => number
) {
  for (let at = from; at < from + count; at += bulk) {
    const length = Math.min(bulk, from + count - at)
    const payloads = Array.from({ length }, (_, n) => payloadOf(at + n))
    if (addAllOf === undefined) yield* addAll(payloads)
    else
      for (const [workspace, own] of Map.groupBy(payloads, ({ n }) => workspaceOf(n)))
        yield* addAllOf({ workspace, isUrgent: false }, own)
  }
})

const loud = () => 0
const quiet = (n: number) => 1 + (n % smallOnes)

/** Those of the quiet ones have the numbers from 0 on. */
const draining = (noise: (ground: Ground) => number): Pick<Case, "fill" | "measure"> => ({
  fill: (ground) =>
    Effect.andThen(added(ground.opened, small, noise(ground), loud), added(ground.opened, 0, small, quiet)),
  measure: (ground) =>
    Effect.gen(function* () {
      const { opened, servers } = ground
      const jobs = noise(ground) + small
      const [last, all] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      let [ofSmall, ofAll] = [0, 0]
      const begun = ({ n }: { readonly n: number }) => {
        if (n < small && ++ofSmall === small) Deferred.doneUnsafe(last, Effect.void)
        if (++ofAll === jobs) Deferred.doneUnsafe(all, Effect.void)
      }
      const draining = Effect.gen(function* () {
        const began = yield* Meter.millis
        yield* opened.work({ concurrency: 1000, millis: 0, act: null, begun })
        yield* Deferred.await(last)
        const took = (yield* Meter.millis) - began
        yield* Deferred.await(all)
        yield* Effect.repeat(Effect.delay(opened.isEmpty, look), { until: (isEmpty) => isEmpty })
        return took
      })
      const { done, metered } = yield* Meter.measure(servers, {}, draining, () => jobs)
      return { value: done, more: { share: (done / metered.seconds / 1000) * 100 }, metered }
    })
})

const bursting = (noise: number): Pick<Case, "fill" | "measure"> => ({
  fill: ({ opened }) => added(opened, urgent, noise, loud),
  measure: ({ opened, servers }) =>
    Effect.gen(function* () {
      const addAllOf = yield* Effect.orDie(Effect.fromNullishOr(opened.addAllOf))
      let left = urgent
      let noises = 0
      let all = yield* Deferred.make<void>()
      const begun = ({ n }: { readonly n: number }) => {
        if (n >= urgent) noises++
        else if (--left === 0) Deferred.doneUnsafe(all, Effect.void)
      }
      const burst = Effect.gen(function* () {
        left = urgent
        all = yield* Deferred.make<void>()
        const began = yield* Meter.millis
        const payloads = Array.from({ length: urgent }, (_, n) => payloadOf(n))
        yield* addAllOf({ workspace: 1, isUrgent: true }, payloads)
        yield* Deferred.await(all)
        return (yield* Meter.millis) - began
      })
      yield* opened.work({ ...waits, begun })
      // Both are awake, and the noisy one is well under way.
      yield* burst
      yield* Effect.sleep("2 seconds")
      const before = noises
      const some = Effect.replicateEffect(Effect.delay(burst, "50 millis"), bursts)
      const { done, metered } = yield* Meter.measure(servers, {}, some, () => bursts * urgent)
      if (noise > 0 && (noises === before || noises === noise))
        return yield* Effect.die(new Error(`the noise had ended: ${noises} of ${noise} were begun`))
      return { value: Statistics.median(done), more: {}, metered }
    })
})

const common = { unit: "ms", provider: null, isInQuick: false, help: null } as const
const everybody = {
  ...common,
  subjects: ["fibercast", "graphile-worker", "pg-boss", "bullmq", "bee-queue"],
  mostRounds: null
} as const
const one = { ...common, subjects: ["fibercast"], further: {}, mostRounds: null } as const

export const cases: ReadonlyArray<Case> = [
  {
    ...everybody,
    ...draining(() => 0),
    name: "noisy-alone",
    title: "10,000 jobs of nine workspaces that nobody disturbs, until they have run",
    further: {},
    beside: null
  },
  {
    ...everybody,
    ...draining(({ isQuick }) => (isQuick ? 20_000 : 90_000)),
    name: "noisy",
    title: "The same behind 90,000 jobs of a noisy workspace, until they have run",
    further: { share: "% of the drain" },
    beside: { case: "noisy-alone", title: "of alone" }
  },
  {
    ...one,
    ...bursting(0),
    name: "urgent-alone",
    title: "100 urgent jobs of one workspace, until they have begun",
    beside: null
  },
  {
    ...one,
    ...bursting(200_000),
    name: "urgent",
    title: "The same beside 200,000 jobs of a noisy workspace",
    beside: { case: "urgent-alone", title: "of alone" }
  }
]
