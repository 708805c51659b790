/**
 * How long a lone job waits on an idle system: from the call that adds it until its handler begins, in the same process, or
 * until a provider has the request that its handler makes, over a connection that is kept.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Context, Deferred, Effect, Layer, type Scope } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { type Case, type Ground } from "../Case.ts"
import * as Meter from "../Meter.ts"
import * as Statistics from "../Statistics.ts"
import { type Job, payloadOf } from "../Subject.ts"

/** The first ones warm it up. */
const warm = 50

/** Calls it with when what a job is for has happened, in milliseconds of the meter's clock. */
type Watch = (ground: Ground, happened: (at: number) => void) => Effect.Effect<Job, never, Scope.Scope>

const job = { concurrency: 100, millis: 0 }

const handler: Watch = (_, happened) =>
  Effect.map(Effect.clockWith(Effect.succeed), (clock) => ({
    ...job,
    act: null,
    begun: () => happened(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)
  }))

const provider: Watch = ({ servers }, happened) =>
  Effect.map(Layer.build(NodeHttpClient.layerUndici), (context) => {
    const client = Context.get(context, HttpClient.HttpClient)
    return {
      ...job,
      act: (payload) =>
        HttpClientRequest.post(servers.provider?.url ?? "").pipe(
          HttpClientRequest.bodyText(payload.text),
          client.execute,
          Effect.flatMap((response) => response.text),
          Effect.map((nanos) => happened(Number(nanos) / 1e6)),
          Effect.orDie
        ),
      begun: () => {}
    }
  })

const measuring = (watch: Watch) => (ground: Ground) =>
  Effect.gen(function* () {
    const { isQuick, opened, servers } = ground
    let waiting = yield* Deferred.make<number>()
    yield* opened.work(yield* watch(ground, (at) => Deferred.doneUnsafe(waiting, Effect.succeed(at))))
    // They settle into their rest.
    yield* Effect.sleep("2 seconds")
    const some = (count: number) =>
      Effect.gen(function* () {
        const took: Array<number> = []
        for (let n = 0; n < count; n++) {
          waiting = yield* Deferred.make<number>()
          yield* Effect.sleep(5 + (n % 10))
          const began = yield* Meter.millis
          const both = [opened.add(payloadOf(n)), Deferred.await(waiting)] as const
          const [, at] = yield* Effect.all(both, { concurrency: "unbounded" })
          took.push(at - began)
        }
        return took
      })
    yield* some(warm)
    const { done, metered } = yield* Meter.measure(servers, {}, some(isQuick ? 100 : 300), (took) => took.length)
    const p50 = Statistics.quantile(done, 0.5)
    return { value: p50, more: { p50, p99: Statistics.quantile(done, 0.99) }, metered }
  })

const peers = ["graphile-worker", "pg-boss", "bullmq", "bee-queue"]
const common = { further: {}, beside: null, mostRounds: null, fill: null, help: null }

export const cases: ReadonlyArray<Case> = [
  {
    ...common,
    name: "latency",
    title: "Idle: from enqueue to handler, median",
    unit: "ms",
    subjects: ["fibercast", ...peers, "fibercast-jetstream"],
    provider: null,
    isInQuick: true,
    measure: measuring(handler)
  },
  {
    ...common,
    name: "latency-provider",
    title: "Idle: from enqueue until a provider on this machine has the HTTP request, median",
    unit: "ms",
    subjects: ["fibercast", ...peers],
    provider: "stamping",
    isInQuick: false,
    measure: measuring(provider)
  }
]
