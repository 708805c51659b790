/**
 * A sender takes chunks of the lanes that it serves from the WorkStream, lane by lane, sends what the Ledger lets it send, and writes how it ended.
 *
 * - Before it sends anything of a chunk it asks the Ledger: the owner may have been replaced, the campaign paused, the
 *   delivery ended. What may not be sent is given back.
 * - At-least-once: the chunk is acknowledged when all ends are written, so the stream hands it to another sender should this
 *   one die. At-most-once: it is acknowledged for certain first, then the started marks are written, then it is sent.
 * - A delivery that holds a key is interrupted when it is no more this sender's; others may run on, and are not written.
 * - A limited delivery is begun within its slot or given back, so a rate holds over all senders.
 * - Closing it takes no more, lets what is under way finish within the drain time, turns back what is not begun, and
 *   writes every outcome. A send that is cut off is put off uncharged if at-least-once, and `unknown` if at-most-once.
 *
 * Held in memory: `capacity` deliveries, `ahead` chunks of each lane, and the failure hooks that wait.
 */
import { Outcome } from "@fibercast/domain/Outcome"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Alerts } from "@fibercast/ports/Alerts"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type ChunkDelivery } from "@fibercast/ports/Chunk"
import { type Ledger } from "@fibercast/ports/Ledger"
import { SenderChannel, type StopOrder } from "@fibercast/ports/SenderChannel"
import { type Received, WorkStream } from "@fibercast/ports/WorkStream"
import { Array, Clock, Context, Effect, Exit, FiberSet, Latch, Layer, Random, RcMap, Scope, Stream } from "effect"
import * as Activity from "./Activity.ts"
import * as ChunkSettler from "./ChunkSettler.ts"
import * as ChunkWork from "./ChunkWork.ts"
import * as HeldKeys from "./HeldKeys.ts"
import * as Hooks from "./Hooks.ts"
import { InHand } from "./InHand.ts"
import { OpenChunk, type Sending } from "./OpenChunk.ts"
import { lasting } from "./Lasting.ts"
import * as PipelineRunner from "./PipelineRunner.ts"
import { Pipelines, type Prepared } from "./Pipelines.ts"
import { Places } from "./Places.ts"
import { SenderConfig } from "./SenderConfig.ts"
import { SenderTurns } from "./SenderTurns.ts"
import * as Settlements from "./Settlements.ts"
import { Turns } from "./Turns.ts"

/** How long what a workspace's pipelines share outlives its last chunk, in milliseconds. */
const sharedFor = 60_000
/** Failure hooks that run at once, and that wait. */
const hooksAtOnce = 32
const hooksWaiting = 1000
/** In the place of a result: it was stopped before. */
const notBegun = Symbol("not begun")
/** How long the last outcomes may take to be written when it stops, in milliseconds. */
const lastWrites = 10_000

export class SenderNode extends Context.Service<
  SenderNode,
  {
    /** Deliveries in hand. */
    readonly sending: Effect.Effect<number>
  }
>()("fibercast/engine/SenderNode") {
  static readonly layer: Layer.Layer<
    SenderNode,
    never,
    Ledger | CampaignStore | Alerts | WorkStream | SenderChannel | Pipelines
  > = Layer.effect(
    SenderNode,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const settings = yield* SenderConfig
  const activity = yield* Activity.Activity
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const stream = yield* WorkStream
  const channel = yield* SenderChannel
  const pipelines = yield* Pipelines
  const turns = new SenderTurns(channel)
  const places = new Places(settings.capacity)
  const inHand = new InHand(channel)
  const free = (count: number) => places.release(count)
  const stopping = new Map<Sending, string>()
  /** Open when nothing more may be begun. */
  const turning = Latch.makeUnsafe(false)

  /** Closed one after another when this stops: what takes, what sends, what writes, what tells. */
  const taking = yield* Scope.make()
  const sendingScope = yield* Scope.make()
  const writing = yield* Scope.make()
  const telling = yield* Scope.make()

  const hooks = yield* Scope.provide(Hooks.make({ concurrency: hooksAtOnce, waiting: hooksWaiting }), telling)
  const settler = yield* Scope.provide(ChunkSettler.make(hooks), writing)
  const prepared = yield* Scope.provide(
    RcMap.make<WorkspaceId, Prepared, never, Scope.Scope>({
      lookup: (id) =>
        Effect.andThen(
          Effect.addFinalizer(() => Effect.sync(() => turns.forget(id))),
          Effect.provideService(pipelines.prepare, Turns, turns.of(id))
        ),
      idleTimeToLive: sharedFor
    }),
    writing
  )
  const runner = yield* PipelineRunner.make<Sending, unknown, unknown, never>({
    concurrency: settings.capacity,
    run: (sending) => {
      sending.isBegun = true
      return turning.isOpen() ? Effect.succeed(notBegun) : sending.of.pipelines.handle(sending.context)
    },
    timeout: ({ context, of }) => of.pipelines.timeout(context),
    onExit: (sending, exit, timedOut) => {
      const { context, held, of } = sending
      const { id } = context.delivery
      const { claimId } = held
      const reason = stopping.get(sending)
      stopping.delete(sending)
      if (sending.isGone || (Exit.isSuccess(exit) && exit.value === notBegun)) {
        return settler.add(returned(sending))
      }
      const now = clock.currentTimeMillisUnsafe()
      const { hold, notBefore, outcome } =
        reason === undefined
          ? of.pipelines.verdict(context, { exit, timedOut, now, chance: random.nextDoubleUnsafe() })
          : { hold: null, notBefore: null, outcome: Outcome.Cancelled({ reason }) }
      const settlement = Settlements.of(sending, outcome, now)
      settler.add({ of, id, claimId, end: { context, settlement }, hold, notBefore })
    }
  }).pipe(Scope.provide(sendingScope))
  /** What waits for a place when this is cut short is given back. */
  const start = (sendings: ReadonlyArray<Sending>) =>
    Effect.onInterrupt(runner.submit(sendings), () =>
      Effect.sync(() => {
        for (const sending of sendings) if (!sending.isBegun) settler.add(returned(sending))
      })
    )
  const work = yield* Scope.provide(ChunkWork.make({ settler, start }), writing)

  const workers = yield* Scope.provide(FiberSet.make(), writing)
  /** `done` says whether this was the last of its chunk. */
  const workOn = (
    received: Received,
    deliveries: ReadonlyArray<ChunkDelivery>,
    part: OpenChunk["part"],
    done: () => boolean
  ) =>
    Effect.gen(function* () {
      const shared = yield* Effect.onError(RcMap.get(prepared, received.chunk.workspaceId), () =>
        Effect.sync(() => free(deliveries.length))
      )
      turns.heard(received.chunk)
      const open = new OpenChunk({ received, deliveries, part, pipelines: shared, free })
      inHand.opened(open)
      yield* Effect.gen(function* () {
        yield* Effect.raceFirst(work(open), turning.await)
        yield* open.written.await
        if (done() && open.isStarted && !open.isOnce) yield* received.ack
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            inHand.closed(open)
            open.close()
          })
        )
      )
    }).pipe(
      Effect.scoped,
      // The stream hands it out again while it is valid; then its owner looks after it.
      Effect.catchDefect((defect) => Effect.logError(`working on the chunk ${received.chunk.id} crashed`, defect))
    )

  /** A chunk larger than there are places for is worked part by part. */
  const take = Effect.fnUntraced(function* (received: Received) {
    const { deliveries, lane } = received.chunk
    const parts = Array.chunksOf(deliveries, places.limit(lane))
    let left = parts.length
    inHand.waits(received)
    const last = () => --left === 0
    const enter = Effect.sync(() => inHand.entered(received))
    yield* Effect.forEach(
      parts,
      (part, index) =>
        places.take(part.length, lane).pipe(
          Effect.onInterrupt(() =>
            index === 0
              ? received.nak(0)
              : FiberSet.run(
                  workers,
                  workOn(received, parts.slice(index).flat(), "rest", () => true)
                )
          ),
          Effect.andThen(enter),
          Effect.andThen(
            FiberSet.run(
              workers,
              workOn(received, part, parts.length === 1 ? "whole" : index === 0 ? "first" : "rest", last)
            )
          )
        ),
      { discard: true }
    ).pipe(Effect.ensuring(Effect.sync(() => inHand.waitsNoMore(received))))
  })
  const { ahead } = settings
  const consuming = Effect.forEach(
    settings.lanes,
    (lane) => lasting(`taking ${lane} chunks`, Stream.runForEach(stream.consume(lane, { ahead }), take)),
    { concurrency: "unbounded", discard: true }
  )

  const stop = ({ epoch, stops, workspaceId }: StopOrder) => {
    const reasons = new Map(stops.map(({ id, reason }) => [id, reason]))
    const interrupted = new Set<Sending>()
    for (const sending of runner.items()) {
      const reason = reasons.get(sending.context.delivery.id)
      const { chunk } = sending.of
      if (reason === undefined || chunk.workspaceId !== workspaceId || chunk.epoch !== epoch) continue
      stopping.set(sending, reason)
      interrupted.add(sending)
    }
    runner.interrupt(interrupted)
  }
  const stopped = Stream.runForEach(channel.stops, (order) => Effect.sync(() => stop(order)))

  const keeping = HeldKeys.keep({
    underWay: runner.items,
    interrupt: (sendings) => {
      for (const sending of sendings) sending.isGone = true
      runner.interrupt(sendings)
    }
  })

  const end = Effect.gen(function* () {
    const began = clock.currentTimeMillisUnsafe()
    turning.openUnsafe()
    yield* Scope.close(taking, Exit.void)
    const underWay = runner.active()
    if (settings.drain > 0) yield* within(settings.drain, runner.awaitIdle)
    activity.finished += underWay - runner.active()
    activity.cut += runner.active()
    yield* Scope.close(sendingScope, Exit.void)
    yield* within(lastWrites, Effect.andThen(settler.flush, FiberSet.awaitEmpty(workers)))
    yield* Scope.close(writing, Exit.void)
    const left = began + settings.drain - clock.currentTimeMillisUnsafe()
    if (left > 0) yield* within(left, hooks.awaitIdle)
    yield* Scope.close(telling, Exit.void)
  })
  const counted: Activity.Sending = {
    window: {
      get active() {
        return runner.active()
      }
    },
    concurrency: settings.capacity
  }
  activity.sending.add(counted)
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      end,
      Effect.sync(() => activity.sending.delete(counted))
    )
  )
  yield* Effect.forkIn(lasting("telling owners", inHand.beats(settings.beat)), writing)
  yield* Effect.forkIn(lasting("hearing stop orders", stopped), writing)
  if (pipelines.names.some((name) => (pipelines.options(name)?.atOnce ?? null) !== null)) {
    yield* Effect.forkIn(lasting("looking after held keys", keeping), writing)
  }
  yield* Effect.forkIn(consuming, taking)
  return SenderNode.of({ sending: Effect.sync(() => places.taken) })
})

const returned = ({ context, held, of }: Sending): ChunkSettler.Result => ({
  of,
  id: context.delivery.id,
  claimId: held.claimId,
  end: null,
  hold: null,
  notBefore: null
})

/** Waits no longer than this, in milliseconds. */
const within = (millis: number, wait: Effect.Effect<void>) =>
  Effect.asVoid(Effect.timeoutOption(Effect.interruptible(wait), millis))
