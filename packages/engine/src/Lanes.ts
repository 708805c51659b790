/**
 * Lanes: pause and resume all work of a workspace, or of some of its lanes.
 *
 * Callers may rely on this: once a pause is answered, nothing more of these lanes is claimed on any node, whatever is
 * dispatched. What is under way ends; due times stay and nothing is charged. A resume makes what is due begin at once.
 */
import * as Lane from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { type Quiet, WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { type WorkspaceNotFound, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Array, Clock, Context, Effect, Layer } from "effect"

export class Lanes extends Context.Service<
  Lanes,
  {
    /**
     * These lanes, or all. Says how long it took until nothing of them was under way, and what escaped; null if whoever
     * has the workspace could not be asked: the pause holds, and it is heard of with the owner's next heartbeat.
     */
    readonly pause: (
      workspaceId: WorkspaceId,
      options?: { readonly lanes?: Array.NonEmptyReadonlyArray<Lane.Lane>; readonly note?: string }
    ) => Effect.Effect<Quiet | null, LedgerUnavailable | WorkspaceNotFound>
    /** These lanes, or all. */
    readonly resume: (
      workspaceId: WorkspaceId,
      lanes?: ReadonlyArray<Lane.Lane>
    ) => Effect.Effect<void, LedgerUnavailable | WorkspaceNotFound>
  }
>()("fibercast/engine/Lanes") {
  static readonly layer: Layer.Layer<Lanes, never, WorkspaceStore | WorkspaceRuntime | Signal> = Layer.effect(
    Lanes,
    Effect.gen(function* () {
      const store = yield* WorkspaceStore
      const runtime = yield* WorkspaceRuntime
      const signal = yield* Signal
      return Lanes.of({
        pause: Effect.fn("Lanes.pause")(function* (workspaceId, { lanes = Lane.lanes, note = null } = {}) {
          yield* store.get(workspaceId)
          return yield* runtime
            .askLanes(workspaceId, { _tag: "PauseLanes", lanes, note })
            .pipe(
              Effect.catchTag("WorkspaceUnavailable", () =>
                Effect.flatMap(Clock.currentTimeMillis, (now) =>
                  Effect.as(store.pauseLanes(workspaceId, { lanes, note, now }), null)
                )
              )
            )
        }),
        resume: Effect.fn("Lanes.resume")(function* (workspaceId, lanes = Lane.lanes) {
          yield* store.resumeLanes(workspaceId, lanes)
          yield* runtime
            .askLanes(workspaceId, { _tag: "ResumeLanes", lanes })
            .pipe(Effect.catchTag("WorkspaceUnavailable", () => Effect.void))
          yield* signal.notify(workspaceId)
        })
      })
    })
  )
}
