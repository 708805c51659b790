/**
 * Hands tasks over to senders on other nodes, as chunks on the WorkStream.
 *
 * - What a sender has written is out of the window as soon as the sender says so, or, should that be lost, as soon as the
 *   Ledger is asked, which is done for every chunk that was silent for `lookAfter`.
 * - A chunk counts as lost when its time is over and nobody has said for `silence` that he is at it. At-least-once work of
 *   it is claimed again. Of at-most-once work what nobody began is claimed again, which the Ledger rules on: it lets one
 *   caller begin a delivery, a sender or this. The rest is `unknown`.
 * - What a sender was lost with counts one death more, in the Ledger, if the sender had said that it was at it. What a
 *   sender would be the second to get it leaves alone, and says so: it is judged at once. A suspect travels alone.
 * - While the stream cannot be reached chunks wait here. While senders cannot be heard, as also while this process stood
 *   still, nothing counts as lost.
 * - What no chunk can carry has failed.
 *
 * Held in memory: the tasks that are under way, which the actor's concurrency bounds.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { Outcome } from "@fibercast/domain/Outcome"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Chunk } from "@fibercast/ports/Chunk"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Asked, type Ended, type Report, SenderChannel, type Turn } from "@fibercast/ports/SenderChannel"
import { WorkStream } from "@fibercast/ports/WorkStream"
import { Array, Clock, Deferred, Effect, Latch, Layer, Queue, Random, type Scope, Stream } from "effect"
import * as ChunkMaking from "./ChunkMaking.ts"
import * as ChunkSizes from "./ChunkSizes.ts"
import { type Handing, type HandOff, Way } from "./HandOff.ts"
import { lasting } from "./Lasting.ts"
import { patiently, untilReachable } from "./Ownership.ts"
import { OwnerHolds } from "./OwnerHolds.ts"
import * as OwnerTurns from "./OwnerTurns.ts"
import * as Settlements from "./Settlements.ts"
import { type Task } from "./Window.ts"

/** Clocks of nodes may differ by this much, in milliseconds, without work being done twice. */
const skew = 1000
/** Senders say every second what they are at; one that was not heard for this long is lost, in milliseconds. */
const silence = 6000
/** How long a chunk may be silent before the Ledger is asked about it, in milliseconds. */
const lookAfter = 2000
const maxEnded = 10_000
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
  /** Whoever had these first may be gone. */
  readonly orphans: Set<Task>
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
  const ledger = yield* Ledger
  const outs = new Map<string, Out>()
  const idle = Latch.makeUnsafe(true)
  /** Open while there are orphans. */
  const bell = Latch.makeUnsafe(false)
  const crashed = yield* Deferred.make<never>()
  const outbox = yield* Queue.bounded<Out>(settings.concurrency)
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
  const back = (out: Out, tasks: ReadonlyArray<Task>) => {
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
  const leave = (out: Out, tasks: ReadonlyArray<Task>) => {
    for (const task of tasks) window.leave(task)
    settler.nudge()
    back(out, tasks)
  }
  const hear = (report: Report) => {
    const out = outs.get(report.chunkId)
    if (out === undefined) return
    const now = clock.currentTimeMillisUnsafe()
    if (report.ended.some(({ fate }) => fate === "orphaned")) return orphan(out, report, now)
    out.heardAt = now
    out.isTaken = true
    const gone = report.ended.flatMap((ended) => {
      const task = out.tasks.get(ended.id)
      if (task !== undefined) note(task, ended, now)
      return task === undefined ? [] : [task]
    })
    if (gone.length > 0) leave(out, gone)
  }
  /** Unless whoever has it was heard just now: he goes on. */
  const orphan = (out: Out, { ended }: Report, now: number) => {
    if (out.isTaken && now - out.heardAt < lookAfter) return
    for (const { id } of ended) {
      const task = out.tasks.get(id)
      if (task !== undefined) out.orphans.add(task)
    }
    bell.openUnsafe()
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
    holds.lost(tasks)
    for (const task of tasks) {
      window.givenBack.push({ claimId: task.held.claimId, id: task.context.delivery.id })
      comeBack(task)
    }
    leave(out, tasks)
  }
  const doubt = (out: Out, tasks: ReadonlyArray<Task>, now: number) => {
    const outcome = Outcome.Unknown({ reason: "its sender was lost after it may have been sent" })
    for (const task of tasks) settler.add({ task, settlement: Settlements.of(task, outcome, now), hold: null })
    holds.lost(tasks)
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
  /** At-least-once: they may have been begun. Whoever had them is charged with it, if anybody had. */
  const rescue = Effect.fnUntraced(function* (out: Out, tasks: ReadonlyArray<Task>) {
    if (!out.isTaken) return giveBack(out, tasks)
    const held = tasks.map(heldOf)
    yield* untilReachable(Effect.suspend(() => ledger.rescue({ ...ownership.proof, held })))
    // Some may have ended meanwhile, by what was on its way.
    const left = tasks.filter((task) => out.tasks.get(task.context.delivery.id) === task)
    for (const task of left) comeBack(task)
    holds.lost(left)
    leave(out, left)
  })
  const reclaim = Effect.fnUntraced(function* (out: Out) {
    yield* Effect.logWarning(`a chunk of which ${out.tasks.size} are left was lost by its sender`)
    const { campaign, guarantee } = out.chunk
    if (guarantee === "at-least-once") return yield* rescue(out, Array.fromIterable(out.tasks.values()))
    const held = Array.fromIterable(out.tasks.values()).map(heldOf)
    const { back: unsent, go } = yield* untilReachable(
      Effect.suspend(() => ledger.begin({ ...ownership.proof, held, campaign, mark: true }))
    )
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
      yield* Effect.raceFirst(bell.await, Effect.sleep(settings.poll))
      bell.closeUnsafe()
      for (const out of outs.values()) {
        const orphans = [...out.orphans].filter((task) => out.tasks.get(task.context.delivery.id) === task)
        out.orphans.clear()
        if (orphans.length > 0) yield* rescue(out, orphans)
      }
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
        const out: Out = { chunk, tasks: byId, heardAt: now, isTaken: false, orphans: new Set() }
        outs.set(chunk.id, out)
        idle.closeUnsafe()
        yield* Queue.offer(outbox, out)
      }
    }),
    underWay: () => Array.fromIterable(outs.values()).flatMap(({ tasks }) => [...tasks.values()]),
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
