/**
 * What a noisy workspace costs a quiet one: how long 100 urgent jobs of one take while another works off a backlog of
 * 200,000, against the same on an idle system. `node test/bench/NoisyNeighbour.ts [rounds]`
 *
 * One process and one durable Postgres; the jobs of both wait 5 ms, as for a provider. Rounds are taken in turn, idle and
 * noisy; printed are the medians and their ratio.
 */
import * as Engine from "@fibercast/engine/Engine"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect, Latch, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as BenchStores from "./BenchStores.ts"

const rounds = Number(process.argv[2] ?? 7)
const backlog = 200_000
const urgent = 100

let ended = 0
const all = Latch.makeUnsafe(false)
const payload = Schema.Struct({ n: Schema.Number })
const Noise = Pipeline.make("bench.noise", { payload, lane: "bulk" }).pipe(Pipeline.tap(() => Effect.sleep("5 millis")))
const Urgent = Pipeline.make("bench.urgent", { payload, lane: "urgent" }).pipe(
  Pipeline.tap(() =>
    Effect.andThen(
      Effect.sleep("5 millis"),
      Effect.sync(() => {
        if (++ended === urgent) all.openUnsafe()
      })
    )
  )
)

const workspace = (name: string) =>
  Effect.flatMap(WorkspaceStore, (store) => store.ensure({ name, zone: "UTC", limits: {} }))

/** Milliseconds until so many urgent jobs of the workspace have run. */
const burst = Effect.fnUntraced(function* () {
  ended = 0
  all.closeUnsafe()
  const { id: workspaceId } = yield* workspace("quiet")
  const began = yield* Clock.currentTimeMillis
  const payloads = Array.from({ length: urgent }, (_, n) => ({ n }))
  yield* Pipeline.dispatchMany(Urgent, { workspaceId, payloads })
  yield* all.await
  return (yield* Clock.currentTimeMillis) - began
})

const clear = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`delete from deliveries where workspace_id > 0`
  yield* sql`delete from claims`
})

const round = Effect.fnUntraced(function* (isNoisy: boolean) {
  yield* clear
  if (isNoisy) {
    const { id: workspaceId } = yield* workspace("noisy")
    const payloads = Array.from({ length: backlog }, (_, n) => ({ n }))
    yield* Pipeline.dispatchMany(Noise, { workspaceId, payloads })
  }
  return yield* Effect.gen(function* () {
    // Both are awake, and the noisy one is well under way.
    yield* burst()
    yield* Effect.sleep("2 seconds")
    return yield* burst()
  }).pipe(Effect.provide(Engine.layer({ alone: true, pipelines: [Noise, Urgent] })))
})

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

BenchStores.run(
  Effect.gen(function* () {
    const idle: Array<number> = []
    const noisy: Array<number> = []
    for (let at = 0; at < rounds; at++) {
      idle.push(yield* round(false))
      noisy.push(yield* round(true))
      yield* Console.log(`idle ${idle.at(-1)} ms  noisy ${noisy.at(-1)} ms`)
    }
    const ratio = (median(noisy) / median(idle)).toFixed(2)
    yield* Console.log(
      `${urgent} urgent jobs of 5 ms, median of ${rounds}: idle ${median(idle)} ms, beside a backlog of ${backlog} ${median(noisy)} ms: ${ratio} times`
    )
  })
)
