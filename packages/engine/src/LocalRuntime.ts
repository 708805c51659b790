/**
 * The local runtime runs workspace actors in this process, each in a fiber of its own.
 *
 * A sweep looks from time to time for workspaces that need an actor: due work, a campaign to read or to
 * start, or claims that a dead owner left. Workspaces without work cost nothing here.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceRuntime, WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Deferred, Effect, FiberMap, Layer, Random, Stream } from "effect"
import { EngineConfig } from "./EngineConfig.ts"
import { untilReachable } from "./Ownership.ts"
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

export const layer = (options: Options): Layer.Layer<WorkspaceRuntime, never, Signal | WorkspaceActor.Needs> =>
  Layer.effect(
    WorkspaceRuntime,
    Effect.gen(function* () {
      const settings = yield* EngineConfig
      const ledger = yield* Ledger
      const campaigns = yield* CampaignStore
      const workspaces = yield* WorkspaceStore
      const needs = yield* Effect.context<WorkspaceActor.Needs>()
      const owner = `local/${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}`
      const actors = new Map<WorkspaceId, Deferred.Deferred<WorkspaceActor.WorkspaceActor>>()
      const fibers = yield* FiberMap.make<WorkspaceId>()

      const body = (workspaceId: WorkspaceId) =>
        Effect.suspend(() => {
          const ready = Deferred.makeUnsafe<WorkspaceActor.WorkspaceActor>()
          actors.set(workspaceId, ready)
          return WorkspaceActor.run({
            workspaceId,
            owner,
            force: options.alone,
            ready: (actor) => Effect.asVoid(Deferred.succeed(ready, actor))
          })
        })

      const ensure = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
        if (FiberMap.hasUnsafe(fibers, workspaceId)) return
        const run = supervise(workspaceId, body(workspaceId)).pipe(
          Effect.ensuring(Effect.sync(() => actors.delete(workspaceId))),
          Effect.annotateLogs({ workspaceId }),
          Effect.provideContext(needs)
        )
        yield* FiberMap.run(fibers, workspaceId, run, { onlyIfMissing: true })
      })

      const sweep = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const by = now + settings.sweep
        const due = yield* ledger.dueWorkspaces({ by, now, limit: sweepLimit })
        for (const { workspaceId, owner: held, ownedUntil } of due) {
          const elsewhere = held !== null && held !== owner && (ownedUntil ?? 0) > now
          if (!elsewhere || options.alone) yield* ensure(workspaceId)
        }
        for (const workspaceId of yield* campaigns.activeWorkspaces(by)) yield* ensure(workspaceId)
      })
      const sweeping = Effect.gen(function* () {
        for (;;) {
          yield* untilReachable(sweep)
          yield* Effect.sleep(settings.sweep)
        }
      })
      yield* Effect.forkScoped(sweeping)

      const wake = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
        yield* ensure(workspaceId)
        const ready = actors.get(workspaceId)
        if (ready !== undefined && Deferred.isDoneUnsafe(ready)) yield* (yield* Deferred.await(ready)).wake
      })
      yield* Effect.forkScoped(Stream.runForEach((yield* Signal).signals, wake))

      const actorOf = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
        const unavailable = (reason: string) => new WorkspaceUnavailable({ workspaceId, reason })
        const workspace = yield* Effect.catchTag(workspaces.get(workspaceId), "WorkspaceNotFound", () =>
          Effect.fail(unavailable("there is no such workspace"))
        )
        if (workspace.quarantine !== null) return yield* unavailable(`it is set aside: ${workspace.quarantine}`)
        yield* ensure(workspaceId)
        const ready = actors.get(workspaceId)
        if (ready === undefined) return yield* unavailable("it is stopping")
        return yield* Effect.timeoutOrElse(Deferred.await(ready), {
          duration: patience,
          orElse: () => Effect.fail(unavailable("another process holds it"))
        })
      })

      return WorkspaceRuntime.of({
        ask: Effect.fnUntraced(function* (workspaceId, command) {
          return yield* (yield* actorOf(workspaceId)).carryOut(command)
        }),
        running: Effect.sync(() => [...actors.keys()])
      })
    })
  )
