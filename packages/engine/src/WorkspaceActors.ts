/**
 * The workspace actors of one process: each runs supervised, in its place, and answers commands.
 *
 * Whoever places workspaces says which of them run here, and starts them. Callers may rely on this: at most one actor
 * of a workspace runs here at a time; a crash of one is no matter of any other; a command reaches the actor
 * that runs, or the one that is started for it.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type WorkspaceHeld } from "@fibercast/ports/Owned"
import { type Due } from "@fibercast/ports/Signal"
import { WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Deferred, Effect, Option } from "effect"
import { supervise } from "./Supervisor.ts"
import * as WorkspaceActor from "./WorkspaceActor.ts"

export interface Options {
  /** Unique to this run of this process. */
  readonly owner: string
  /** The former owners are known to be dead: what they held is taken over at once. */
  readonly force: boolean
  /** What an actor does when another process holds its workspace: `leave` it, or `wait` for the end of that lease. */
  readonly held: "leave" | "wait"
}

/** Sees to it that `run` is called for the workspace, soon. `ActorStopped`: not here, or not now. */
export type Start = (
  workspaceId: WorkspaceId
) => Effect.Effect<void, WorkspaceUnavailable | WorkspaceActor.ActorStopped>

export interface WorkspaceActors {
  readonly running: () => ReadonlyArray<WorkspaceId>
  readonly isRunning: (workspaceId: WorkspaceId) => boolean
  /** Runs its actor until that has nothing left to do, or is set aside. Returns at once when one runs already. */
  readonly run: (workspaceId: WorkspaceId) => Effect.Effect<void>
  /** There may be new work, or of `due` there is. Does nothing for a workspace without an actor. */
  readonly wake: (workspaceId: WorkspaceId, due: Due) => Effect.Effect<void>
  /** Has the actor, which is started if there is none, do what it is asked. */
  readonly tell: <A, E>(
    workspaceId: WorkspaceId,
    asked: (actor: WorkspaceActor.WorkspaceActor) => Effect.Effect<A, E>,
    start: Start
  ) => Effect.Effect<A, E | WorkspaceUnavailable | LedgerUnavailable | WorkspaceActor.ActorStopped>
}

/** How long a command waits for the actor to own the workspace, in milliseconds. */
const patience = 30_000

/** How long a started actor may take to begin, in milliseconds. Later, it is somebody else's to run. */
const beginning = 2000

/** How often a held workspace is asked for: its owner may give it up before its lease ends. In milliseconds. */
const askingAgain = { least: 50, most: 1000 }

export const unavailable = (workspaceId: WorkspaceId, reason: string) =>
  new WorkspaceUnavailable({ workspaceId, reason })

/** A workspace's place here: its actor, once it owns the workspace. */
interface Slot {
  readonly begun: Deferred.Deferred<void>
  /** Of the actor now running, or of the one to come. */
  ready: Deferred.Deferred<WorkspaceActor.WorkspaceActor, WorkspaceUnavailable | WorkspaceActor.ActorStopped>
}

export const make = Effect.fnUntraced(function* ({
  force,
  held,
  owner
}: Options): Effect.fn.Return<WorkspaceActors, never, WorkspaceActor.Needs> {
  const workspaces = yield* WorkspaceStore
  const needs = yield* Effect.context<WorkspaceActor.Needs>()
  const slots = new Map<WorkspaceId, Slot>()

  const hasBegun = (slot: Slot | undefined) => slot !== undefined && Deferred.isDoneUnsafe(slot.begun)
  const slotOf = (workspaceId: WorkspaceId): Slot => {
    const known = slots.get(workspaceId)
    if (known !== undefined) return known
    const slot: Slot = { begun: Deferred.makeUnsafe(), ready: Deferred.makeUnsafe() }
    slots.set(workspaceId, slot)
    return slot
  }

  const leave = (workspaceId: WorkspaceId, slot: Slot) =>
    Effect.asVoid(Deferred.fail(slot.ready, unavailable(workspaceId, "another process holds it")))
  const untilFree = Effect.fnUntraced(function* ({ until }: WorkspaceHeld) {
    const left = until - (yield* Clock.currentTimeMillis)
    yield* Effect.sleep(Math.min(Math.max(left, askingAgain.least), askingAgain.most))
  })

  const body = (workspaceId: WorkspaceId, slot: Slot) => {
    const actor = WorkspaceActor.run({
      workspaceId,
      owner,
      force,
      ready: (actor) => Effect.asVoid(Deferred.succeed(slot.ready, actor)),
      closing: Effect.sync(() => {
        if (Deferred.isDoneUnsafe(slot.ready)) slot.ready = Deferred.makeUnsafe()
      })
    })
    return Effect.tapError(actor, (error) => {
      if (error._tag !== "WorkspaceHeld") return Effect.void
      return held === "wait" ? untilFree(error) : leave(workspaceId, slot)
    }).pipe(Effect.retry({ while: (error) => held === "wait" && error._tag === "WorkspaceHeld" }))
  }

  const run = (workspaceId: WorkspaceId) =>
    Effect.suspend(() => {
      const slot = slotOf(workspaceId)
      if (hasBegun(slot)) return Effect.void
      Deferred.doneUnsafe(slot.begun, Effect.void)
      return supervise(
        workspaceId,
        Effect.suspend(() => body(workspaceId, slot))
      ).pipe(
        Effect.ensuring(
          Effect.suspend(() => {
            slots.delete(workspaceId)
            return Deferred.fail(slot.ready, new WorkspaceActor.ActorStopped())
          })
        ),
        Effect.annotateLogs({ workspaceId }),
        // What the caller brought along, as its span, is not the actor's.
        Effect.setContext(needs)
      )
    })

  const wake = Effect.fnUntraced(function* (workspaceId: WorkspaceId, due: Due) {
    const ready = slots.get(workspaceId)?.ready
    if (ready === undefined || !Deferred.isDoneUnsafe(ready)) return
    const actor = yield* Effect.option(Deferred.await(ready))
    if (Option.isSome(actor)) yield* actor.value.wake(due)
  })

  const begin = (workspaceId: WorkspaceId, slot: Slot, start: Start) => {
    const forgotten = Effect.sync(() => {
      if (!hasBegun(slot) && slots.get(workspaceId) === slot) slots.delete(workspaceId)
    })
    return Effect.andThen(
      start(workspaceId),
      Effect.timeoutOrElse(Deferred.await(slot.begun), {
        duration: beginning,
        orElse: () => Effect.fail(new WorkspaceActor.ActorStopped())
      })
    ).pipe(Effect.ensuring(forgotten))
  }

  const actorOf = Effect.fnUntraced(function* (workspaceId: WorkspaceId, start: Start) {
    const workspace = yield* Effect.catchTag(workspaces.get(workspaceId), "WorkspaceNotFound", () =>
      Effect.fail(unavailable(workspaceId, "there is no such workspace"))
    )
    if (workspace.quarantine !== null) {
      return yield* unavailable(workspaceId, `it is set aside: ${workspace.quarantine}`)
    }
    const slot = slotOf(workspaceId)
    if (!hasBegun(slot)) yield* begin(workspaceId, slot, start)
    return yield* Effect.timeoutOrElse(Deferred.await(slot.ready), {
      duration: patience,
      orElse: () => Effect.fail(unavailable(workspaceId, "it did not start in time"))
    })
  })

  return {
    running: () => [...slots].filter(([, slot]) => hasBegun(slot)).map(([workspaceId]) => workspaceId),
    isRunning: (workspaceId) => hasBegun(slots.get(workspaceId)),
    run,
    wake,
    tell: (workspaceId, asked, start) => Effect.flatMap(actorOf(workspaceId, start), asked)
  }
})
