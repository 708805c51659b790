/**
 * Hands tasks over to senders on other nodes, as chunks on the WorkStream.
 *
 * - What a sender has written is out of the window as soon as the sender says so, or, should that be lost, as soon as the
 *   Ledger is asked, which is done for every chunk that was silent for `lookAfter`.
 * - A chunk counts as lost when its time is over and nobody has said for `silence` that he is at it. At-least-once work of
 *   it is claimed again. Of at-most-once work what nobody began is claimed again, which the Ledger rules on: it lets one
 *   caller begin a delivery, a sender or this. The rest is `unknown`.
 * - While the stream cannot be reached chunks wait here. While senders cannot be heard, as also while this process stood
 *   still, nothing counts as lost.
 * - What no chunk can carry has failed.
 *
 * Held in memory: the tasks that are under way, which the actor's concurrency bounds.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { Outcome } from "@fibercast/domain/Outcome"
import { type Chunk } from "@fibercast/ports/Chunk"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Ended, type Report, SenderChannel, type Turn, type TurnRequest } from "@fibercast/ports/SenderChannel"
import { WorkStream } from "@fibercast/ports/WorkStream"
import { Array, Clock, Deferred, Effect, Latch, Layer, Queue, Random, type Scope, Stream } from "effect"
import * as ChunkMaking from "./ChunkMaking.ts"
import * as ChunkSizes from "./ChunkSizes.ts"
import { type Handing, type HandOff, Way } from "./HandOff.ts"
import { lasting } from "./Lasting.ts"
import { patiently, untilReachable } from "./Ownership.ts"
import * as OwnerTurns from "./OwnerTurns.ts"
import * as Settlements from "./Settlements.ts"
import { type Task } from "./Window.ts"

/** Clocks of nodes may differ by this much, in milliseconds, without work being done twice. */
const skew = 1000
/** Senders say every second what they are at; one that was not heard for this long is lost, in milliseconds. */
const silence = 6000
/** How long a chunk may be silent before the Ledger is asked about it, in milliseconds. */
const lookAfter = 2000
/** Chunks that are published at once. */
const publishing = 8

/** A chunk that is out. */
interface Out {
  readonly chunk: Chunk
  readonly tasks: Map<DeliveryId, Task>
  /** When it was last heard of; when it was handed over, before that. */
  heardAt: number
  /** A sender has said that he is at it. */
  isTaken: boolean
}

const heldOf = ({ context: { delivery }, held }: Task) => ({
  claimId: held.claimId,
  id: delivery.id,
  wasDue: delivery.dueAt
})

/** It is claimable again. */
const comeBack = ({ held: { flow } }: Task) => {
  flow.returned++
  flow.cursor = null
  flow.dryUntil = 0
}

/** What the actors of a node share. */
interface Shared {
  /** Unique to this run of this process: whom senders report to. */
  readonly owner: string
  readonly listeners: Map<string, (report: Report) => void>
  readonly turns: Map<string, (request: TurnRequest) => Effect.Effect<Turn>>
  readonly stream: WorkStream["Service"]
  readonly channel: SenderChannel["Service"]
}

const make = Effect.fnUntraced(function* (
  handing: Handing,
  { channel, listeners, owner, stream, turns }: Shared
): Effect.fn.Return<HandOff, never, Ledger | Scope.Scope> {
  const { hold, ownership, pipelines, recalled, rest, settings, settler, window } = handing
  const { workspaceId } = window
  const { epoch } = ownership
  const clock = yield* Clock.Clock
  const ledger = yield* Ledger
  const outs = new Map<string, Out>()
  const idle = Latch.makeUnsafe(true)
  const crashed = yield* Deferred.make<never>()
  const outbox = yield* Queue.bounded<Out>(settings.concurrency)
  let count = 0

  /** They are out of the senders' hands. */
  const back = (out: Out, tasks: ReadonlyArray<Task>) => {
    for (const task of tasks) {
      out.tasks.delete(task.context.delivery.id)
      recalled(task)
    }
    if (out.tasks.size === 0) outs.delete(out.chunk.id)
    if (tasks.length > 0) window.ended(...tasks)
    if (outs.size === 0) idle.openUnsafe()
  }
  /** They have left their claims. */
  const leave = (out: Out, tasks: ReadonlyArray<Task>) => {
    for (const task of tasks) window.leave(task)
    settler.nudge()
    back(out, tasks)
  }
  const hear = (report: Report) => {
    const out = outs.get(report.chunkId)
    if (out === undefined) return
    const now = clock.currentTimeMillisUnsafe()
    out.heardAt = now
    out.isTaken = true
    const gone = report.ended.flatMap((ended) => {
      const task = out.tasks.get(ended.id)
      if (task !== undefined) note(task, ended, now)
      return task === undefined ? [] : [task]
    })
    if (gone.length > 0) leave(out, gone)
  }
  const note = (task: Task, { fate, hold: reason, notBefore }: Ended, now: number) => {
    const { campaign } = task.context
    if (reason !== null && campaign !== null) hold(campaign, reason)
    if (notBefore !== null) rest(task.held.flow, notBefore, now)
    if (fate === "returned") comeBack(task)
  }

  const publish = Effect.fnUntraced(function* ({ chunk }: Out) {
    // Once its time is over, it is looked after as one that was lost.
    const inTime = Effect.suspend(() =>
      clock.currentTimeMillisUnsafe() < chunk.validUntil ? stream.publish(chunk) : Effect.void
    )
    yield* Effect.retry(
      Effect.tapError(inTime, (error) => Effect.logWarning(error.message)),
      { schedule: patiently }
    ).pipe(Effect.orDie)
  })

  const giveBack = (out: Out, tasks: ReadonlyArray<Task>) => {
    for (const task of tasks) {
      window.givenBack.push({ claimId: task.held.claimId, id: task.context.delivery.id })
      comeBack(task)
    }
    leave(out, tasks)
  }
  const doubt = (out: Out, tasks: ReadonlyArray<Task>, now: number) => {
    const outcome = Outcome.Unknown({ reason: "its sender was lost after it may have been sent" })
    for (const task of tasks) settler.add({ task, settlement: Settlements.of(task, outcome, now), hold: null })
    back(out, tasks)
  }

  const isLost = ({ chunk, heardAt, isTaken }: Out, now: number, hearingSince: number | null) => {
    if (hearingSince === null || now - Math.max(heardAt, hearingSince) < silence) return false
    return now > chunk.validUntil + skew || (isTaken && chunk.guarantee === "at-most-once")
  }
  const ask = Effect.fnUntraced(function* (silent: ReadonlyArray<Out>) {
    const held = silent.flatMap(({ tasks }) => Array.fromIterable(tasks.values()).map(heldOf))
    const standing = yield* untilReachable(Effect.suspend(() => ledger.standing({ ...ownership.proof, held })))
    const ids = new Set(standing.map(({ id }) => id))
    const asked = new Set(held.map(({ id }) => id))
    for (const out of silent) {
      const gone = [...out.tasks].flatMap(([id, task]) => (asked.has(id) && !ids.has(id) ? [task] : []))
      if (gone.length > 0) leave(out, gone)
    }
  })
  const reclaim = Effect.fnUntraced(function* (out: Out) {
    yield* Effect.logWarning(`a chunk of which ${out.tasks.size} are left was lost by its sender`)
    const { campaign, guarantee } = out.chunk
    const held = Array.fromIterable(out.tasks.values()).map(heldOf)
    const { back: unsent, go } =
      guarantee === "at-most-once"
        ? yield* untilReachable(Effect.suspend(() => ledger.begin({ ...ownership.proof, held, campaign, mark: true })))
        : { go: held.map(({ id }) => id), back: [] }
    const unbegun = new Set([...go, ...unsent])
    const left = Array.fromIterable(out.tasks.values())
    const isFree = (task: Task) => unbegun.has(task.context.delivery.id)
    giveBack(out, left.filter(isFree))
    const begun = left.filter((task) => !isFree(task))
    doubt(out, begun, clock.currentTimeMillisUnsafe())
  })
  const look = Effect.gen(function* () {
    let stoodUntil = 0
    for (;;) {
      const before = clock.currentTimeMillisUnsafe()
      yield* Effect.sleep(settings.poll)
      const now = clock.currentTimeMillisUnsafe()
      // This process stood still: what senders said meanwhile is still to be heard.
      if (now - before > settings.poll + lookAfter) stoodUntil = now
      const silent = Array.fromIterable(outs.values()).filter(({ heardAt }) => now - heardAt >= lookAfter)
      if (silent.length === 0) continue
      yield* ask(silent)
      const upSince = yield* channel.upSince
      const hearingSince = upSince === null ? null : Math.max(upSince, stoodUntil)
      for (const out of silent) if (out.tasks.size > 0 && isLost(out, now, hearingSince)) yield* reclaim(out)
    }
  })

  const key = `${workspaceId}/${epoch}`
  listeners.set(key, hear)
  turns.set(key, yield* OwnerTurns.make({ stretch: ChunkMaking.stretch, primed: handing.primed }))
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      listeners.delete(key)
      turns.delete(key)
    })
  )
  const publishAll = Effect.gen(function* () {
    for (;;) yield* publish(yield* Queue.take(outbox))
  })
  const watched = <E, R>(loop: Effect.Effect<unknown, E, R>) =>
    // A new owner has the workspace when one fails: the actor's own loops find out.
    Effect.forkScoped(Effect.catchDefect(Effect.ignore(loop), (defect) => Deferred.die(crashed, defect)))
  yield* Effect.replicateEffect(watched(publishAll), publishing, { discard: true })
  yield* watched(look)

  const refuse = (task: Task, now: number) => {
    const reason = `its payload is too large to be handed to a sender: at most ${ChunkSizes.most / 1024} KiB as JSON`
    const outcome = Outcome.Failed({ errorClass: "messagePermanent", reason })
    settler.add({ task, settlement: Settlements.of(task, outcome, now), hold: null })
    window.ended(task)
  }

  return {
    start: Effect.fnUntraced(function* (flow, tasks) {
      const now = clock.currentTimeMillisUnsafe()
      const alike = Object.values(Array.groupBy(tasks, (task) => pipelines.guarantee(task.context)))
      const sized = alike.map(ChunkSizes.split)
      for (const task of sized.flatMap(({ tooLarge }) => tooLarge)) refuse(task, now)
      for (const some of sized.flatMap(({ runs }) => runs)) {
        const id = `${owner}/${key}/${++count}`
        const guarantee = pipelines.guarantee(some[0].context)
        const chunk = ChunkMaking.of(flow, some, { id, owner, workspaceId, epoch, guarantee, now })
        const byId = new Map(some.map((task) => [task.context.delivery.id, task]))
        const out: Out = { chunk, tasks: byId, heardAt: now, isTaken: false }
        outs.set(chunk.id, out)
        idle.closeUnsafe()
        yield* Queue.offer(outbox, out)
      }
    }),
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
    const turns = new Map<string, (request: TurnRequest) => Effect.Effect<Turn>>()
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
      make: (handing) => make(handing, { owner, listeners, turns, stream, channel })
    }
  })
)
