/**
 * A workspace actor works one workspace: it owns it in the ledger, feeds its window, sends, settles
 * and keeps its campaigns.
 *
 * Its loops live and die together: when one fails all stop, what was not begun is given back, what is
 * under way may finish within the drain time, and every outcome is written before the ownership is
 * given up. A send that is cut off is given back if its pipeline is at-least-once, and `unknown` if it
 * is at-most-once. While the ledger cannot be reached it waits; it stops within the drain time and ten
 * seconds all the same, and leaves the rest to the next owner.
 */
import { type Alerts } from "@fibercast/ports/Alerts"
import { type AudienceSource } from "@fibercast/ports/AudienceSource"
import { type BatchStore } from "@fibercast/ports/BatchStore"
import { type CampaignNotFound, type CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { EpochLost, type WorkspaceHeld } from "@fibercast/ports/Owned"
import { type Due } from "@fibercast/ports/Signal"
import { type Command, type LaneCommand, type Quiet, type Silence } from "@fibercast/ports/WorkspaceRuntime"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type WorkspaceNotFound, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Cause, Clock, Deferred, Effect, Exit, Option, Schema, Scope } from "effect"
import { Activity } from "./Activity.ts"
import { EngineConfig } from "./EngineConfig.ts"
import { Way } from "./HandOff.ts"
import * as Workings from "./internal/Workings.ts"
import { momentOf, Ownership, untilReachable } from "./Ownership.ts"
import { type Pipelines } from "./Pipelines.ts"
import * as Slots from "./Slots.ts"

/** The actor stopped before it could answer. The command may have taken effect; it may be given again. */
export class ActorStopped extends Schema.TaggedError<ActorStopped>()("ActorStopped", {}) {}

export interface WorkspaceActor {
  /** There may be new work of any kind, or of `due` there is and nothing else. */
  readonly wake: (due: Due) => Effect.Effect<void>
  readonly carryOut: (command: Command) => Effect.Effect<Silence, LedgerUnavailable | CampaignNotFound | ActorStopped>
  readonly carryOutLanes: (command: LaneCommand) => Effect.Effect<Quiet, LedgerUnavailable | ActorStopped>
}

export type Needs = Ledger | CampaignStore | BatchStore | WorkspaceStore | AudienceSource | Alerts | Pipelines

export interface Options {
  readonly workspaceId: WorkspaceId
  /** Unique to this run of this process. */
  readonly owner: string
  /** The former owner is known to be dead. */
  readonly force: boolean
  /** Receives the actor once it owns the workspace. */
  readonly ready: (actor: WorkspaceActor) => Effect.Effect<void>
  /** The actor begins to stop: commands are for the next one. */
  readonly closing: Effect.Effect<void>
}

/** How long the last outcomes may take to be written when the actor stops, in milliseconds. */
const lastWrites = 10_000

/** Waits no longer than this, in milliseconds, however that ends: an actor that stops comes to its end. */
const within = (millis: number, wait: Effect.Effect<unknown, EpochLost | LedgerUnavailable, Ledger>) =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(Effect.timeoutOption(Effect.interruptible(wait), millis))
    if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) yield* Effect.logError("stopping crashed", exit.cause)
  })

const isFenced = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Option.exists(Cause.findErrorOption(exit.cause), (error) => error instanceof EpochLost)

/** Runs the workspace, unless it is set aside, until it has been idle for the configured time, is interrupted, or fails. */
export const run = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<void, EpochLost | WorkspaceHeld | WorkspaceNotFound, Needs> {
  const { force, owner, workspaceId } = options
  const activity = yield* Activity
  const way = yield* Way
  const configured = yield* EngineConfig
  const clock = yield* Clock.Clock
  const ledger = yield* Ledger
  const workspace = yield* untilReachable((yield* WorkspaceStore).get(workspaceId))
  if (workspace.quarantine !== null) return
  const slots = Slots.of(configured.concurrency, workspace.limits.inFlight)
  const settings = { ...configured, concurrency: slots.ordinary }
  const { drain, lease } = settings

  const takeOver = Effect.suspend(() => {
    const since = momentOf(clock)
    return Effect.map(ledger.takeOver({ workspaceId, owner, now: since.at, lease, force }), (taken) => ({
      ...taken,
      takenOver: since.at,
      ownership: new Ownership({ workspaceId, epoch: taken.epoch, lease, clock, since })
    }))
  })

  return yield* Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const { ownership, rescued, takenOver, unknown } = yield* restore(untilReachable(takeOver))
      if (rescued + unknown > 0) {
        yield* Effect.annotateLogs(Effect.logInfo("took over what an earlier run left"), { rescued, unknown })
      }
      /** Attempts that ended since then, and those that a former owner may have made. */
      const primed = (per: number, since: number) =>
        Effect.suspend(() => {
          const from = Math.max(clock.currentTimeMillisUnsafe() - per, since)
          const inDoubt = from <= takenOver ? rescued : 0
          return Effect.map(
            untilReachable(ledger.attemptsSince({ workspaceId, since: from })),
            (ended) => ended + inDoubt
          )
        })

      const senders = yield* Scope.make()
      const telling = yield* Scope.make()
      const stopped = yield* Deferred.make<void>()
      const begun = yield* Effect.exit(
        restore(Workings.make({ workspace, settings, slots, ownership, primed, senders, telling }))
      )
      // What is handed over is sent elsewhere.
      const sending =
        Exit.isSuccess(begun) && !way.marks ? { window: begun.value.window, concurrency: slots.most } : null
      if (sending !== null) activity.sending.add(sending)
      activity.workspaces++
      const exit = Exit.isFailure(begun)
        ? begun
        : yield* Effect.exit(restore(Effect.andThen(options.ready(actorOf(begun.value, stopped)), begun.value.run)))
      yield* options.closing

      const fenced = isFenced(exit)
      const workings = Exit.isSuccess(begun) ? begun.value : null
      const began = clock.currentTimeMillisUnsafe()
      if (workings !== null) {
        const { window } = workings
        for (const flow of window.flows.values()) activity.returned += window.release(flow)
        const underWay = window.active
        if (!fenced && drain > 0) yield* within(drain, workings.awaitSends)
        if (sending !== null) {
          activity.finished += underWay - window.active
          activity.cut += window.active
        }
      }
      yield* Scope.close(senders, Exit.void)
      if (sending !== null) activity.sending.delete(sending)
      activity.workspaces--
      if (!fenced) {
        const written = workings === null ? Effect.void : workings.settler.flush
        const held = workings === null ? Effect.void : workings.keeper.writeHolds
        const abandoned = Effect.suspend(() => ledger.abandon(ownership.proof))
        yield* within(lastWrites, Effect.andThen(Effect.andThen(written, held), abandoned))
      }
      const left = began + drain - clock.currentTimeMillisUnsafe()
      if (workings !== null && left > 0) yield* within(left, workings.hooks.awaitIdle)
      yield* Scope.close(telling, Exit.void)
      yield* Deferred.succeed(stopped, undefined)
      return yield* exit
    })
  )
})

const actorOf = (
  { keeper, laneKeeper, recalls, window }: Workings.Workings,
  stopped: Deferred.Deferred<void>
): WorkspaceActor => {
  const whileItRuns = <A, E>(command: Effect.Effect<A, E>) =>
    Effect.raceFirst(command, Effect.andThen(Deferred.await(stopped), Effect.fail(new ActorStopped())))
  return {
    wake: (due) => {
      if (due !== null) return Effect.sync(() => window.wakeDue(due))
      const wake = Effect.sync(() => {
        window.wake()
        window.batches.openUnsafe()
        recalls.wake()
      })
      return Effect.andThen(wake, keeper.wake)
    },
    carryOut: (command) => whileItRuns(keeper.carryOut(command)),
    carryOutLanes: (command) => whileItRuns(laneKeeper.carryOut(command))
  }
}
