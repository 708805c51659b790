/**
 * The WorkStream hands chunks of claimed work from the owners of workspaces to senders, lane by lane, durably.
 *
 * Callers may rely on this:
 * - A published chunk is received by one sender at a time, until it is acknowledged or older than `settings.maxAge`.
 * - A chunk whose receiver neither acknowledges nor says that it is working for `settings.ackWait` is handed out again,
 *   to any sender; so is one that is turned back, after the delay asked for.
 * - A chunk that was published again under the same id while the stream still knew it is received once.
 * - All receivers of a lane together hold at most `settings.inFlight` chunks of it. What was turned back with a delay may
 *   count until it is handed out again.
 * - An acknowledgement counts whenever it comes, also after the chunk was handed out to another.
 * - What is published while nobody receives waits. Chunks of a lane are first received in the order of publishing.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { Clock, Context, Deferred, Effect, Layer, Schema, Stream } from "effect"
import { type Chunk } from "./Chunk.ts"
import * as MemoryLane from "./internal/MemoryLane.ts"

/** The stream could not be reached, or refused. A publish may have been taken; it may be made again. */
export class WorkStreamUnavailable extends Schema.TaggedError<WorkStreamUnavailable>()("WorkStreamUnavailable", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const { cause } = this
    return `the work stream could not ${this.operation}${cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : ""}`
  }
}

/** Durations in milliseconds. */
export interface WorkStreamSettings {
  /** How long a silent receiver keeps a chunk. */
  readonly ackWait: number
  /** What nobody acknowledged for this long is forgotten. */
  readonly maxAge: number
  /** Chunks of one lane that are received and not acknowledged, over all nodes. */
  readonly inFlight: number
}

export const defaults: WorkStreamSettings = { ackWait: 6000, maxAge: 60_000, inFlight: 1024 }

/** A chunk in the hands of a receiver. */
export interface Received {
  readonly chunk: Chunk
  /** How often it has been handed out, this time included; from 1. Being fetched and not taken may count. */
  readonly times: number
  /** Done with it. It may be handed out again if this is lost on the way. */
  readonly ack: Effect.Effect<void>
  /** Done with it for certain: once this has returned, nobody is handed it again. */
  readonly ackSure: Effect.Effect<void, WorkStreamUnavailable>
  /** Not now: hand it out again, in so many milliseconds. */
  readonly nak: (delay: number) => Effect.Effect<void>
  /** Still at it: starts `ackWait` again. */
  readonly working: Effect.Effect<void>
}

export class WorkStream extends Context.Service<
  WorkStream,
  {
    readonly settings: WorkStreamSettings
    /** Returns once the stream keeps it. */
    readonly publish: (chunk: Chunk) => Effect.Effect<void, WorkStreamUnavailable>
    /**
     * Chunks of a lane as they come, at most `ahead` of them fetched and not yet taken by the consumer. It outlasts outages
     * of the stream. What was fetched and not taken when it ends is handed out to others.
     */
    readonly consume: (lane: Lane, options: { readonly ahead: number }) => Stream.Stream<Received>
  }
>()("fibercast/ports/WorkStream") {
  /**
   * Hands on within this process, and is gone with it: for one node, and for tests under TestClock. It keeps at most
   * `memoryCapacity` chunks a lane; a publish beyond them is refused. A chunk is the very value that was published.
   */
  static readonly layerMemory = (settings: Partial<WorkStreamSettings> = {}): Layer.Layer<WorkStream> =>
    Layer.sync(WorkStream, () => makeMemory({ ...defaults, ...settings }))
}

/** Chunks that a lane in memory keeps, in the hands of receivers or not. */
export const memoryCapacity = 4096

const makeMemory = (settings: WorkStreamSettings): WorkStream["Service"] => {
  const open = (lane: Lane) => {
    const chunks = MemoryLane.make<Chunk>({ ...settings, capacity: memoryCapacity })
    let changed = Deferred.makeUnsafe<void>()
    const change = (what: (now: number) => void) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        what(now)
        // Whoever waits goes on at once, and must not wait for this change again.
        const told = changed
        changed = Deferred.makeUnsafe<void>()
        Deferred.doneUnsafe(told, Effect.void)
      })

    const publish = Effect.fnUntraced(function* (chunk: Chunk) {
      if (chunks.publish(chunk.id, chunk, yield* Clock.currentTimeMillis) === "full") {
        const cause = new Error(`the lane ${lane} holds ${memoryCapacity} chunks`)
        return yield* new WorkStreamUnavailable({ operation: "publish a chunk", cause })
      }
      yield* change(() => {})
    })

    const take = Effect.fnUntraced(function* (): Effect.fn.Return<Received> {
      for (;;) {
        const now = yield* Clock.currentTimeMillis
        const handed = chunks.take(now)
        if (handed !== undefined) {
          const ack = change(handed.ack)
          return {
            chunk: handed.value,
            times: handed.times,
            ack,
            ackSure: ack,
            nak: (delay) => change((now) => handed.nak(now, delay)),
            working: change(handed.working)
          }
        }
        const wake = Deferred.await(changed)
        const next = chunks.nextAt()
        yield* next === Infinity ? wake : Effect.raceFirst(wake, Effect.sleep(Math.max(1, next - now)))
      }
    })
    return { publish, taken: Stream.fromEffectRepeat(Effect.suspend(take)) }
  }

  const byLane = { urgent: open("urgent"), high: open("high"), normal: open("normal"), bulk: open("bulk") }
  return WorkStream.of({
    settings,
    publish: (chunk) => byLane[chunk.lane].publish(chunk),
    // Nothing is fetched before it is taken.
    consume: (lane) => byLane[lane].taken
  })
}
