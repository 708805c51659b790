/**
 * The local runtime runs workspace actors in this process, each in a fiber of its own: all workspaces are its own,
 * but those that another process holds.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Signal } from "@fibercast/ports/Signal"
import { WorkspaceRuntime, type WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { Effect, FiberMap, Layer, Random } from "effect"
import * as Sweep from "./Sweep.ts"
import * as WorkspaceActor from "./WorkspaceActor.ts"
import * as WorkspaceActors from "./WorkspaceActors.ts"

export interface Options {
  /** No other process can work on this database: what an earlier run held is taken over at once. */
  readonly alone: boolean
}

const isStopped = (error: unknown): error is WorkspaceActor.ActorStopped => error instanceof WorkspaceActor.ActorStopped

export const layer = ({ alone }: Options): Layer.Layer<WorkspaceRuntime, never, Signal | WorkspaceActor.Needs> =>
  Layer.effect(
    WorkspaceRuntime,
    Effect.gen(function* () {
      const owner = `local/${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}`
      const actors = yield* WorkspaceActors.make({ owner, force: alone, held: "leave" })
      const fibers = yield* FiberMap.make<WorkspaceId>()
      let isClosing = false
      yield* Effect.addFinalizer(() => Effect.sync(() => (isClosing = true)))

      const start = (workspaceId: WorkspaceId): Effect.Effect<void, WorkspaceUnavailable> =>
        Effect.suspend(() =>
          isClosing
            ? Effect.fail(WorkspaceActors.unavailable(workspaceId, "it is stopping"))
            : Effect.asVoid(FiberMap.run(fibers, workspaceId, actors.run(workspaceId), { startImmediately: true }))
        )
      yield* Sweep.run({
        actors,
        start,
        isMine: () => true,
        takes: ({ owner: held, ownedUntil }, now) =>
          alone || held === null || held === owner || (ownedUntil ?? 0) <= now
      })

      const { tell } = actors
      /** A command may be given twice: an actor that stopped meanwhile has a successor. */
      const told = <A, E>(
        workspaceId: WorkspaceId,
        asked: (actor: WorkspaceActor.WorkspaceActor) => Effect.Effect<A, E | WorkspaceActor.ActorStopped>
      ) =>
        tell(workspaceId, asked, start).pipe(
          Effect.retry({ times: 2, while: isStopped }),
          Effect.catchIf(isStopped, () =>
            Effect.fail(WorkspaceActors.unavailable(workspaceId, "it stopped while carrying the command out"))
          )
        )
      return WorkspaceRuntime.of({
        ask: (workspaceId, command) => told(workspaceId, (actor) => actor.carryOut(command)),
        askLanes: (workspaceId, command) => told(workspaceId, (actor) => actor.carryOutLanes(command)),
        running: Effect.sync(actors.running)
      })
    })
  )
