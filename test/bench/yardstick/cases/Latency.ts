/**
 * How long a lone job waits on an idle system: from the call that adds it until its handler begins, in the same process.
 */
import { Deferred, Effect } from "effect"
import { type Case } from "../Case.ts"
import * as Meter from "../Meter.ts"
import * as Statistics from "../Statistics.ts"
import { payloadOf } from "../Subject.ts"

/** The first ones warm it up. */
const warm = 50

export const cases: ReadonlyArray<Case> = [
  {
    name: "latency",
    title: "Idle: from enqueue to handler, median",
    unit: "ms",
    subjects: ["fibercast", "graphile-worker", "pg-boss", "bullmq", "bee-queue", "fibercast-jetstream"],
    isInQuick: true,
    mostRounds: null,
    further: {},
    beside: null,
    provider: null,
    fill: null,
    help: null,
    measure: ({ isQuick, opened, servers }) =>
      Effect.gen(function* () {
        let waiting = yield* Deferred.make<void>()
        yield* opened.work({
          concurrency: 100,
          millis: 0,
          act: null,
          begun: () => Deferred.doneUnsafe(waiting, Effect.void)
        })
        // They settle into their rest.
        yield* Effect.sleep("2 seconds")
        const some = (count: number) =>
          Effect.gen(function* () {
            const took: Array<number> = []
            for (let n = 0; n < count; n++) {
              waiting = yield* Deferred.make<void>()
              yield* Effect.sleep(5 + (n % 10))
              const began = yield* Meter.millis
              yield* Effect.all([opened.add(payloadOf(n)), Deferred.await(waiting)], { concurrency: "unbounded" })
              took.push((yield* Meter.millis) - began)
            }
            return took
          })
        yield* some(warm)
        const { done, metered } = yield* Meter.measure(servers, {}, some(isQuick ? 100 : 300), (took) => took.length)
        const p50 = Statistics.quantile(done, 0.5)
        return { value: p50, more: { p50, p99: Statistics.quantile(done, 0.99) }, metered }
      })
  }
]
