/**
 * WorkStreams that keep every guarantee but one.
 */
import { type Chunk } from "@fibercast/ports/Chunk"
import { type Received, WorkStream, type WorkStreamSettings } from "@fibercast/ports/WorkStream"
import { Effect, Layer, Stream } from "effect"

export interface BrokenWorkStream {
  /** What it does wrong: "it …". */
  readonly does: string
  /** The sentence that finds it out. */
  readonly breaks: string
  readonly make: (settings: WorkStreamSettings) => Layer.Layer<WorkStream>
}

type Shape = WorkStream["Service"]

/** A memory stream that differs in what `change` answers, made with the settings that `wish` wants. */
const twin = (
  does: string,
  breaks: string,
  change: (stream: Shape) => Partial<Shape>,
  wish: Partial<WorkStreamSettings> = {}
): BrokenWorkStream => ({
  does,
  breaks,
  make: (settings) =>
    Layer.effect(
      WorkStream,
      Effect.map(WorkStream, (stream) => WorkStream.of({ ...stream, ...change(stream) }))
    ).pipe(Layer.provide(WorkStream.layerMemory({ ...settings, ...wish })))
})

/** One whose receivers get something else in their hands. */
const receivedTwin = (does: string, breaks: string, change: (received: Received) => Partial<Received>) =>
  twin(does, breaks, ({ consume }) => ({
    consume: (lane, options) => Stream.map(consume(lane, options), (received) => ({ ...received, ...change(received) }))
  }))

/** One that keeps something else than what is published. */
const publishedTwin = (does: string, breaks: string, change: (chunk: Chunk) => Chunk) =>
  twin(does, breaks, ({ publish }) => ({ publish: (chunk) => publish(change(chunk)) }))

export const brokenWorkStreams: ReadonlyArray<BrokenWorkStream> = [
  twin("swaps the first two chunks", "chunks of a lane are received in the order of publishing", ({ publish }) => {
    let first: Chunk | undefined
    let done = false
    return {
      publish: (chunk) =>
        Effect.suspend(() => {
          if (done) return publish(chunk)
          if (first === undefined) return Effect.sync(() => void (first = chunk))
          done = true
          return Effect.andThen(publish(chunk), publish(first))
        })
    }
  }),
  twin("drops what nobody waits for", "what is published while nobody receives waits for whoever comes", (stream) => {
    let receivers = 0
    return {
      publish: (chunk) => Effect.suspend(() => (receivers > 0 ? stream.publish(chunk) : Effect.void)),
      consume: (lane, options) => {
        receivers++
        return stream.consume(lane, options)
      }
    }
  }),
  (() => {
    let count = 0
    return publishedTwin(
      "takes every publish for a new chunk",
      "a chunk published twice under one id is received once",
      (chunk) => ({
        ...chunk,
        id: `${chunk.id} ${count++}`
      })
    )
  })(),
  twin("has one lane", "lanes are apart", ({ consume, publish }) => ({
    publish: (chunk) => publish({ ...chunk, lane: "normal" }),
    consume: (_, options) => consume("normal", options)
  })),
  twin("fetches what there is", "a receiver fetches no more ahead of what it takes than it said", ({ consume }) => ({
    consume: (lane, options) => Stream.buffer(consume(lane, options), { capacity: 1000 })
  })),
  twin(
    "keeps what it fetched",
    "what was fetched and not taken when a receiver ends goes to others at once",
    ({ consume }) => ({
      consume: (lane, options) => Stream.buffer(consume(lane, options), { capacity: options.ahead })
    })
  ),
  publishedTwin(
    "keeps identifiers as numbers",
    "whatever is in a chunk, it is received as it was published",
    (chunk) => ({
      ...chunk,
      deliveries: map(chunk.deliveries, (one) => ({ ...one, claimId: BigInt(Number(one.claimId)) }))
    })
  ),
  publishedTwin("keeps payloads as Latin-1", "whatever is in a chunk, it is received as it was published", (chunk) => ({
    ...chunk,
    deliveries: map(chunk.deliveries, (one) => ({ ...one, payload: one.payload.replaceAll(/[^ -ÿ]/gu, "?") }))
  })),
  receivedTwin("does not hear acknowledgements", "an acknowledged chunk is not received again", () => ({
    ack: Effect.void
  })),
  receivedTwin("is sure too soon", "once an acknowledgement is sure, nobody is handed the chunk again", () => ({
    ackSure: Effect.void
  })),
  receivedTwin(
    "does not wait with what is turned back",
    "a chunk that is turned back comes again after the delay asked for, and no sooner",
    ({ nak }) => ({ nak: () => nak(0) })
  ),
  receivedTwin(
    "does not hear what is turned back",
    "a chunk that is turned back without a delay comes again at once",
    () => ({
      nak: () => Effect.void
    })
  ),
  twin(
    "waits for silent receivers for good",
    "a chunk whose receiver keeps silent comes again, counting how often",
    () => ({}),
    { ackWait: 600_000 }
  ),
  receivedTwin("does not count", "a chunk whose receiver keeps silent comes again, counting how often", () => ({
    times: 1
  })),
  twin("hears only the latest receiver", "an acknowledgement that comes late counts still", ({ consume }) => {
    const latest = new Map<string, number>()
    return {
      consume: (lane, options) =>
        Stream.map(consume(lane, options), (received) => {
          const { chunk, times } = received
          latest.set(chunk.id, times)
          return {
            ...received,
            ack: Effect.suspend(() => (latest.get(chunk.id) === times ? received.ack : Effect.void))
          }
        })
    }
  }),
  receivedTwin(
    "does not hear that a receiver is working",
    "a receiver that says it is working keeps its chunk, and no longer",
    () => ({ working: Effect.void })
  ),
  twin("knows no limit in flight", "receivers of a lane together hold no more than may be in flight", () => ({}), {
    inFlight: 10_000
  }),
  receivedTwin(
    "gives no room for what is acknowledged",
    "room in flight is given again with each acknowledgement",
    ({ working }) => ({ ack: working })
  ),
  twin("forgets nothing", "what nobody acknowledged is forgotten when it is too old", () => ({}), {
    maxAge: 600_000
  })
]

const map = (
  [first, ...rest]: Chunk["deliveries"],
  change: (one: Chunk["deliveries"][number]) => Chunk["deliveries"][number]
): Chunk["deliveries"] => [change(first), ...rest.map(change)]
