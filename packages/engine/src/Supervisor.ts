/**
 * Supervision of one workspace: a crash is restarted after a wait that grows; too many within a
 * period and it is set aside (quarantined), with an alarm, until a person brings it back.
 *
 * Being held by another owner is no crash: it is asked for again once that owner's lease has ended.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Alerts } from "@fibercast/ports/Alerts"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type EpochLost, type WorkspaceHeld } from "@fibercast/ports/Owned"
import { type WorkspaceNotFound, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Cause, Clock, Context, Effect, Random } from "effect"
import { untilReachable } from "./Ownership.ts"

export interface RestartIntensity {
  /** Crashes within `within` milliseconds that are restarted; one more is too many. */
  readonly crashes: number
  readonly within: number
  /** The first wait in milliseconds; doubled with each crash in the period, spread by half, at most `cap`. */
  readonly wait: number
  readonly cap: number
}

export const RestartIntensity = Context.Reference<RestartIntensity>("fibercast/engine/RestartIntensity", {
  defaultValue: () => ({ crashes: 5, within: 60_000, wait: 100, cap: 10_000 })
})

type Failure = EpochLost | WorkspaceHeld | WorkspaceNotFound | LedgerUnavailable

/** Runs the actor, again and again as needed, until it ends by itself or is set aside. */
export const supervise = Effect.fnUntraced(function* <R>(
  workspaceId: WorkspaceId,
  actor: Effect.Effect<void, Failure, R>
): Effect.fn.Return<void, never, R | Alerts | WorkspaceStore> {
  const intensity = yield* RestartIntensity
  const workspaces = yield* WorkspaceStore
  const alerts = yield* Alerts
  let crashes: Array<number> = []

  const setAside = Effect.fnUntraced(function* (reason: string) {
    yield* Effect.logError("workspace set aside", reason)
    yield* Effect.ignore(untilReachable(workspaces.setQuarantine(workspaceId, reason)))
    yield* alerts.raise({ _tag: "WorkspaceQuarantined", workspaceId, reason })
  })

  /** Whether to run it once more. */
  const recover = Effect.fnUntraced(function* (cause: Cause.Cause<Failure>) {
    const now = yield* Clock.currentTimeMillis
    const failure = cause.reasons.find(Cause.isFailReason)?.error
    switch (failure?._tag) {
      case "WorkspaceNotFound":
        return false
      case "EpochLost":
        yield* Effect.logWarning(failure.message)
        return false
      case "WorkspaceHeld":
        return false
      default:
    }
    crashes = [...crashes.filter((at) => now - at < intensity.within), now]
    yield* Effect.logWarning("workspace crashed", cause)
    if (crashes.length > intensity.crashes) {
      yield* setAside(
        `${crashes.length} crashes within ${intensity.within / 1000} s; the last: ${Cause.pretty(cause).split("\n")[0]}`
      )
      return false
    }
    const full = Math.min(intensity.cap, intensity.wait * 2 ** (crashes.length - 1))
    yield* Effect.sleep(full / 2 + (full / 2) * (yield* Random.next))
    return true
  })

  for (;;) {
    const again = yield* Effect.matchCauseEffect(actor, {
      onSuccess: () => Effect.succeed(false),
      onFailure: (cause) => (Cause.hasInterruptsOnly(cause) ? Effect.succeed(false) : recover(cause))
    })
    if (!again) return
  }
})
