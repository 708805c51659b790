/**
 * Hands tasks over to senders on other nodes, as chunks on the WorkStream.
 *
 * - What a sender has written is out of the window as soon as the sender says so, or as soon as `LostChunks` finds out.
 * - What was lost with its sender is claimed again, or `unknown`: see there. A suspect travels alone.
 * - While the stream cannot be reached chunks wait here.
 * - What no chunk can carry has failed.
 *
 * Held in memory: the tasks that are under way, which the actor's concurrency bounds, what their holds take, and of all
 * actors of the node that stopped the last epochs of `maxEnded`.
 */
import { Outcome } from "@fibercast/domain/Outcome"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type Asked, type Ended, type Report, SenderChannel, type Turn } from "@fibercast/ports/SenderChannel"
import { WorkStream } from "@fibercast/ports/WorkStream"
import { Array, Clock, Deferred, Effect, Latch, Layer, Queue, Random, type Scope, Stream } from "effect"
import * as ChunkMaking from "./ChunkMaking.ts"
import { ChunkPace } from "./ChunkPace.ts"
import * as ChunkSizes from "./ChunkSizes.ts"
import { type Handing, type HandOff, Way } from "./HandOff.ts"
import { lasting } from "./Lasting.ts"
import { patiently } from "./Ownership.ts"
import * as LostChunks from "./LostChunks.ts"
import { comeBack, type OutChunk } from "./OutChunk.ts"
import { OwnerHolds } from "./OwnerHolds.ts"
import * as OwnerTurns from "./OwnerTurns.ts"
import * as Settlements from "./Settlements.ts"
import { type Task } from "./Flow.ts"

const maxEnded = 10_000
/** Chunks that are published at once. */
const publishing = 8

/** What the actors of a node share. */
interface Shared {
  /** Unique to this run of this process: whom senders report to. */
  readonly owner: string
  readonly listeners: Map<string, (report: Report) => void>
  readonly turns: Map<string, (request: Asked) => Effect.Effect<Turn>>
  /** The last epoch of actors that stopped here and left nothing under way; of the last `maxEnded`. */
  readonly ended: Map<WorkspaceId, Epoch>
  readonly stream: WorkStream["Service"]
  readonly channel: SenderChannel["Service"]
}

const make = Effect.fnUntraced(function* (
  handing: Handing,
  { channel, ended, listeners, owner, stream, turns }: Shared
): Effect.fn.Return<HandOff, never, Ledger | Scope.Scope> {
  const { hold, ownership, pipelines, recalled, rest, settings, settler, window } = handing
  const { workspaceId } = window
  const { epoch } = ownership
  const clock = yield* Clock.Clock
  const outs = new Map<string, OutChunk>()
  const pace = new ChunkPace(settings)
  const idle = Latch.makeUnsafe(true)
  const crashed = yield* Deferred.make<never>()
  const outbox = yield* Queue.bounded<OutChunk>(settings.concurrency)
  let count = 0

  const holds = new OwnerHolds({
    clock,
    isAfterAnother: epoch > 1 && ended.get(workspaceId) !== epoch - 1,
    find: (id) => {
      for (const { tasks } of outs.values()) {
        const task = tasks.get(id)
        if (task !== undefined) return task
      }
      return undefined
    }
  })
  ended.delete(workspaceId)

  /** They are out of the senders' hands. */
  const back = (out: OutChunk, tasks: ReadonlyArray<Task>) => {
    holds.ended(tasks)
    for (const task of tasks) {
      out.tasks.delete(task.context.delivery.id)
      recalled(task)
    }
    if (out.tasks.size === 0) outs.delete(out.chunk.id)
    if (tasks.length > 0) window.ended(...tasks)
    if (outs.size === 0) idle.openUnsafe()
  }
  /** They have left their claims. */
  const leave = (out: OutChunk, tasks: ReadonlyArray<Task>) => {
    window.leave(...tasks)
    settler.nudge()
    back(out, tasks)
  }
  const hear = (report: Report) => {
    const out = outs.get(report.chunkId)
    if (out === undefined) return
    const now = clock.currentTimeMillisUnsafe()
    const { ended } = report
    if (ended !== "completed" && ended.some(({ fate }) => fate === "orphaned")) return lost.orphan(out, ended, now)
    out.heardAt = now
    out.isTaken = true
    const gone = ended === "completed" ? [...out.tasks.values()] : ended.flatMap((one) => noted(out, one, now))
    pace.ended(out.flow, gone.length, now)
    if (gone.length === 0) return
    if (ended !== "completed") return leave(out, gone)
    window.leaveWithClaims(...gone)
    back(out, gone)
  }
  const noted = (out: OutChunk, ended: Ended, now: number): ReadonlyArray<Task> => {
    const task = out.tasks.get(ended.id)
    if (task === undefined) return []
    note(task, ended, now)
    return [task]
  }
  const note = (task: Task, { fate, hold: reason, notBefore }: Ended, now: number) => {
    const { campaign } = task.context
    if (reason !== null && campaign !== null) hold(campaign, reason)
    if (notBefore !== null) rest(task.held.flow, notBefore, now)
    if (fate === "returned") comeBack(task)
  }

  const publish = Effect.fnUntraced(function* ({ chunk }: OutChunk) {
    // Once its time is over, it is looked after as one that was lost.
    const inTime = Effect.suspend(() =>
      clock.currentTimeMillisUnsafe() < chunk.validUntil ? stream.publish(chunk) : Effect.void
    )
    yield* Effect.retry(
      Effect.tapError(inTime, (error) => Effect.logWarning(error.message)),
      { schedule: patiently }
    ).pipe(Effect.orDie)
  })

  const lost = yield* LostChunks.make({
    outs,
    window,
    ownership,
    settings,
    settler,
    channel,
    clock,
    holds,
    leave,
    back
  })

  const key = `${workspaceId}/${epoch}`
  listeners.set(key, hear)
  const turnOf = yield* OwnerTurns.make({ stretch: ChunkMaking.stretch, primed: handing.primed })
  turns.set(key, (asked) => ("rate" in asked ? turnOf(asked) : Effect.sync(() => holds.ask(asked))))
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      listeners.delete(key)
      turns.delete(key)
      if (outs.size > 0) return
      const [first] = ended.keys()
      if (first !== undefined && ended.size >= maxEnded) ended.delete(first)
      ended.set(workspaceId, epoch)
    })
  )
  const publishAll = Effect.gen(function* () {
    for (;;) yield* publish(yield* Queue.take(outbox))
  })
  const watched = <E, R>(loop: Effect.Effect<unknown, E, R>) =>
    // A new owner has the workspace when one fails: the actor's own loops find out.
    Effect.forkScoped(Effect.catchDefect(Effect.ignore(loop), (defect) => Deferred.die(crashed, defect)))
  yield* Effect.replicateEffect(watched(publishAll), publishing, { discard: true })
  yield* watched(lost.look)

  const refuse = (task: Task, now: number) => {
    const reason = `its payload is too large to be handed to a sender: at most ${ChunkSizes.most / 1024} KiB as JSON`
    const outcome = Outcome.Failed({ errorClass: "messagePermanent", reason })
    settler.add({ task, settlement: Settlements.of(task, outcome, now), hold: null })
    window.ended(task)
  }

  return {
    start: Effect.fnUntraced(function* (flow, tasks) {
      const now = clock.currentTimeMillisUnsafe()
      const { suspect } = window
      const apart = suspect !== null && tasks.includes(suspect)
      const others = apart ? tasks.filter((task) => task !== suspect) : tasks
      const alike: Array<Array.NonEmptyReadonlyArray<Task>> = Object.values(
        Array.groupBy(others, (task) => pipelines.guarantee(task.context))
      )
      if (apart) alike.push([suspect])
      const sized = alike.map(ChunkSizes.split)
      for (const task of sized.flatMap(({ tooLarge }) => tooLarge)) refuse(task, now)
      for (const some of sized.flatMap(({ runs }) => runs)) {
        const id = `${owner}/${key}/${++count}`
        const guarantee = pipelines.guarantee(some[0].context)
        const chunk = ChunkMaking.of(flow, some, { id, owner, workspaceId, epoch, guarantee, now })
        const byId = new Map(some.map((task) => [task.context.delivery.id, task]))
        const out: OutChunk = { chunk, flow, tasks: byId, heardAt: now, isTaken: false, orphans: new Set() }
        outs.set(chunk.id, out)
        idle.closeUnsafe()
        yield* Queue.offer(outbox, out)
      }
    }),
    runOf: (flow, most) => pace.next(flow, most, window.active),
    underWay: () => Array.fromIterable(outs.values()).flatMap(({ tasks }) => [...tasks.values()]),
    untaken: () =>
      Array.fromIterable(outs.values()).flatMap(({ isTaken, tasks }) => (isTaken ? [] : [...tasks.values()])),
    interrupt: (stops) =>
      channel.stop({
        workspaceId,
        epoch,
        stops: Array.map([...stops], ([task, reason]) => ({ id: task.context.delivery.id, reason }))
      }),
    awaitIdle: idle.await,
    crashed: Deferred.await(crashed)
  }
})

/** For the engine of a node: what its actors start is handed to senders, on this node or others. */
export const layer: Layer.Layer<never, never, WorkStream | SenderChannel> = Layer.effect(
  Way,
  Effect.gen(function* () {
    const stream = yield* WorkStream
    const channel = yield* SenderChannel
    const owner = `engine-${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}`
    const listeners = new Map<string, (report: Report) => void>()
    const turns = new Map<string, (request: Asked) => Effect.Effect<Turn>>()
    const ended = new Map<WorkspaceId, Epoch>()
    yield* channel.answer(
      owner,
      (request) => turns.get(`${request.workspaceId}/${request.epoch}`)?.(request) ?? Effect.succeed(null)
    )
    const hearing = Stream.runForEach(channel.reports(owner), (report) =>
      Effect.sync(() => listeners.get(`${report.workspaceId}/${report.epoch}`)?.(report))
    )
    yield* Effect.forkScoped(lasting("hearing senders", hearing))
    return {
      marks: true,
      stretch: ChunkMaking.stretch,
      make: (handing) => make(handing, { owner, listeners, turns, ended, stream, channel })
    }
  })
)
