/**
 * The local runtime runs workspace actors in this process, each in a fiber of its own.
 *
 * A sweep looks from time to time for workspaces that need an actor: due work, a campaign to read or to
 * start, or claims that a dead owner left. Workspaces without work cost nothing here.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type DueWorkspace, Ledger } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { type Command, WorkspaceRuntime, WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Deferred, Effect, FiberMap, Layer, Option, Random, Stream } from "effect"
import { EngineConfig } from "./EngineConfig.ts"
import { untilReachable } from "./Ownership.ts"
import { Pipelines } from "./Pipelines.ts"
import { supervise } from "./Supervisor.ts"
import * as WorkspaceActor from "./WorkspaceActor.ts"

export interface Options {
  /** No other process can work on this database: what an earlier run held is taken over at once. */
  readonly alone: boolean
}

/** Workspaces one pass of the sweep may start. */
const sweepLimit = 1000

/** How long a command waits for the actor to own the workspace, in milliseconds. */
const patience = 30_000

const unavailable = (workspaceId: WorkspaceId, reason: string) => new WorkspaceUnavailable({ workspaceId, reason })

/** A workspace's place here: its actor, once it owns the workspace. */
interface Slot {
  /** Of the actor now running, or of the one to come. */
  ready: Deferred.Deferred<WorkspaceActor.WorkspaceActor, WorkspaceUnavailable | WorkspaceActor.ActorStopped>
}

/** A crash of it ends this one time, and is logged. */
const neverLast = <R>(what: string, effect: Effect.Effect<void, never, R>): Effect.Effect<void, never, R> =>
  Effect.catchDefect(effect, (defect) => Effect.logError(`${what} crashed`, defect))

export const layer = (options: Options): Layer.Layer<WorkspaceRuntime, never, Signal | WorkspaceActor.Needs> =>
  Layer.effect(
    WorkspaceRuntime,
    Effect.gen(function* () {
      const settings = yield* EngineConfig
      const ledger = yield* Ledger
      const { names } = yield* Pipelines
      const campaigns = yield* CampaignStore
      const workspaces = yield* WorkspaceStore
      const needs = yield* Effect.context<WorkspaceActor.Needs>()
      const owner = `local/${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}`
      const actors = new Map<WorkspaceId, Slot>()
      const fibers = yield* FiberMap.make<WorkspaceId>()
      let isClosing = false
      yield* Effect.addFinalizer(() => Effect.sync(() => (isClosing = true)))

      const body = (workspaceId: WorkspaceId, slot: Slot) =>
        WorkspaceActor.run({
          workspaceId,
          owner,
          force: options.alone,
          ready: (actor) => Effect.asVoid(Deferred.succeed(slot.ready, actor)),
          closing: Effect.sync(() => {
            if (Deferred.isDoneUnsafe(slot.ready)) slot.ready = Deferred.makeUnsafe()
          })
        }).pipe(
          Effect.tapError((error) =>
            error._tag === "WorkspaceHeld"
              ? Deferred.fail(slot.ready, unavailable(workspaceId, "another process holds it"))
              : Effect.void
          )
        )

      const ensure = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
        if (isClosing || actors.has(workspaceId)) return
        const slot: Slot = { ready: Deferred.makeUnsafe() }
        actors.set(workspaceId, slot)
        const run = supervise(
          workspaceId,
          Effect.suspend(() => body(workspaceId, slot))
        ).pipe(
          Effect.ensuring(
            Effect.suspend(() => {
              actors.delete(workspaceId)
              return Deferred.fail(slot.ready, new WorkspaceActor.ActorStopped())
            })
          ),
          Effect.annotateLogs({ workspaceId }),
          Effect.provideContext(needs)
        )
        yield* FiberMap.run(fibers, workspaceId, run)
      })

      const sweep = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const by = now + settings.sweep
        const ensureAll = Effect.fnUntraced(function* (found: ReadonlyArray<DueWorkspace>) {
          for (const { workspaceId, owner: held, ownedUntil } of found) {
            const elsewhere = held !== null && held !== owner && (ownedUntil ?? 0) > now
            if (!elsewhere || options.alone) yield* ensure(workspaceId)
          }
        })
        let after: WorkspaceId | undefined
        do {
          const due = yield* ledger.dueWorkspaces({ by, now, limit: sweepLimit, pipelines: names, after })
          yield* ensureAll(due)
          after = due.length < sweepLimit ? undefined : due.at(-1)?.workspaceId
        } while (after !== undefined)
        yield* ensureAll(yield* campaigns.activeWorkspaces(by, names))
      })
      const look = neverLast("looking for due work", untilReachable(sweep))
      const sweeping = Effect.gen(function* () {
        for (;;) {
          yield* look
          yield* Effect.sleep(settings.sweep)
        }
      })
      yield* Effect.forkScoped(sweeping)

      const wake = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
        // Whether its work is for this node, the sweep knows.
        if (!actors.has(workspaceId)) return yield* look
        const ready = actors.get(workspaceId)?.ready
        if (ready === undefined || !Deferred.isDoneUnsafe(ready)) return
        const actor = yield* Effect.option(Deferred.await(ready))
        if (Option.isSome(actor)) yield* actor.value.wake
      })
      const waking = Stream.runForEach((yield* Signal).signals, (workspaceId) =>
        neverLast("waking a workspace", wake(workspaceId))
      )
      yield* Effect.forkScoped(waking)

      const actorOf = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
        const workspace = yield* Effect.catchTag(workspaces.get(workspaceId), "WorkspaceNotFound", () =>
          Effect.fail(unavailable(workspaceId, "there is no such workspace"))
        )
        if (workspace.quarantine !== null) {
          return yield* unavailable(workspaceId, `it is set aside: ${workspace.quarantine}`)
        }
        yield* ensure(workspaceId)
        const slot = actors.get(workspaceId)
        if (slot === undefined) return yield* unavailable(workspaceId, "it is stopping")
        return yield* Effect.timeoutOrElse(Deferred.await(slot.ready), {
          duration: patience,
          orElse: () => Effect.fail(unavailable(workspaceId, "it did not start in time"))
        })
      })
      const carryOut = Effect.fnUntraced(function* (workspaceId: WorkspaceId, command: Command) {
        return yield* (yield* actorOf(workspaceId)).carryOut(command)
      })

      return WorkspaceRuntime.of({
        // A command may be given twice: an actor that stopped meanwhile has a successor.
        ask: (workspaceId, command) =>
          carryOut(workspaceId, command).pipe(
            Effect.retry({ times: 2, while: (error) => error._tag === "ActorStopped" }),
            Effect.catchTag("ActorStopped", () =>
              Effect.fail(unavailable(workspaceId, "it stopped while carrying the command out"))
            )
          ),
        running: Effect.sync(() => [...actors.keys()])
      })
    })
  )
