/**
 * What it costs to hand chunks on over NATS: published by one side and received and acknowledged by the other, in one
 * process, on a server of its own that keeps them on disk. `node test/bench/WorkStream.ts [chunks] [deliveries]`
 *
 * Prints chunks and deliveries a second, the processor time of this process and of the server for each delivery, and what
 * writing and reading a chunk as text takes alone.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import * as Nats from "@fibercast/nats/Nats"
import { NatsServer, layer } from "@fibercast/nats/NatsServer"
import * as NatsWorkStream from "@fibercast/nats/NatsWorkStream"
import { type Chunk, type ChunkDelivery } from "@fibercast/ports/Chunk"
import * as ChunkText from "@fibercast/ports/ChunkText"
import { WorkStream } from "@fibercast/ports/WorkStream"
import { Clock, Console, Effect, Fiber, Layer, Stream } from "effect"
import * as Processors from "./Processors.ts"

const [chunks = 5000, deliveries = 64] = process.argv.slice(2).map(Number)

const delivery = (at: number): ChunkDelivery => ({
  id: DeliveryId.make(BigInt(1_000_000_000_000 + at)),
  claimId: 77n,
  claimedAt: 1_700_000_000_000,
  pipeline: "school.monthly-report",
  attempt: 0,
  rescues: 0,
  batchId: null,
  dueAt: 1_700_000_000_000,
  deadline: 1_700_003_600_000,
  payload: JSON.stringify({ at, text: "x".repeat(200 - 20) })
})

const chunk = (id: string): Chunk => ({
  id,
  lane: "bulk",
  workspaceId: WorkspaceId.make(7),
  epoch: Epoch.make(3),
  owner: "node-a",
  campaign: null,
  guarantee: "at-least-once",
  validUntil: 1_700_000_060_000,
  slot: null,
  isWhole: true,
  deliveries: [delivery(0), ...Array.from({ length: deliveries - 1 }, (_, at) => delivery(at + 1))]
})

const all = Array.from({ length: chunks }, (_, at) => chunk(`bench-${at}`))
const total = chunks * deliveries

/** Microseconds for each delivery: as time goes, and of this process's processors. */
const micros = <E, R>(work: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    const cpu = process.cpuUsage()
    const began = yield* Clock.currentTimeNanos
    yield* work
    const real = Number((yield* Clock.currentTimeNanos) - began) / 1000 / total
    const { system, user } = process.cpuUsage(cpu)
    return { real, cpu: (user + system) / total }
  })

const codec = Effect.gen(function* () {
  let texts: ReadonlyArray<Uint8Array> = []
  const write = Effect.sync(() => {
    texts = all.map(ChunkText.encode)
  })
  for (const run of ["cold", "warm"]) {
    const writing = yield* micros(write)
    const reading = yield* micros(Effect.forEach(texts, (text) => ChunkText.decode(text), { discard: true }))
    yield* Console.log(
      `codec ${run}: ${(writing.cpu + reading.cpu).toFixed(2)} µs a delivery (write ${writing.cpu.toFixed(2)}, read ${reading.cpu.toFixed(2)}), ${texts[0]?.length} bytes a chunk`
    )
  }
})

const handOn = Effect.fnUntraced(function* (title: string, writers: number, receivers: number, ahead: number) {
  const server = yield* NatsServer
  const stream = yield* WorkStream
  const pid = yield* server.pid
  const before = Processors.seconds(pid)
  const took = yield* micros(
    Effect.gen(function* () {
      const publisher = yield* Effect.forkChild(
        Effect.forEach(all, (one) => stream.publish({ ...one, id: `${title} ${one.id}` }), {
          concurrency: writers,
          discard: true
        })
      )
      let left = chunks
      yield* Effect.all(
        Array.from({ length: receivers }, () =>
          stream.consume("bulk", { ahead }).pipe(
            Stream.mapEffect(({ ack }) =>
              Effect.andThen(
                ack,
                Effect.sync(() => --left)
              )
            ),
            Stream.takeUntil(() => left === 0),
            Stream.interruptWhen(
              Effect.repeat(
                Effect.delay(
                  Effect.sync(() => left),
                  5
                ),
                { until: (left) => left === 0 }
              )
            ),
            Stream.runDrain
          )
        ),
        { concurrency: "unbounded" }
      )
      yield* Fiber.join(publisher)
    })
  )
  yield* Console.log(
    `${title}: ${Math.round(1e6 / took.real / deliveries)} chunks/s, ${Math.round(1e6 / took.real)} deliveries/s; node ${took.cpu.toFixed(1)} µs, server ${(((Processors.seconds(pid) - before) * 1e6) / total).toFixed(1)} µs a delivery`
  )
})

Effect.gen(function* () {
  yield* codec
  yield* handOn("1 writer, 1 receiver", 1, 1, 16)
  yield* handOn("16 writers, 1 receiver", 16, 1, 32)
  yield* handOn("64 writers, 4 receivers", 64, 4, 64)
}).pipe(
  Effect.provide(
    Layer.unwrap(
      Effect.map(NatsServer, ({ url }) =>
        NatsWorkStream.layer({ maxBytes: 2 ** 31 }).pipe(Layer.provide(Nats.layer({ servers: url })))
      )
    ).pipe(Layer.provideMerge(layer()))
  ),
  NodeRuntime.runMain
)
