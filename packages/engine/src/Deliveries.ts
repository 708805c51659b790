/**
 * Commands about deliveries that were dispatched or launched, from any node, whoever works on them.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Recalled } from "@fibercast/ports/Recall"
import { Signal } from "@fibercast/ports/Signal"
import { Clock, Effect } from "effect"

export interface RecallOptions {
  readonly workspaceId: WorkspaceId
  /** For whoever asks later why it did not run. */
  readonly reason: string
  /** Default false: what is claimed is stopped by its owner first. */
  readonly force?: boolean | undefined
}

/**
 * Takes work back: what is open ends as `cancelled`.
 *
 * - What nobody holds is cancelled when this returns, and never begins.
 * - What an owner holds, queued or under way, is `asked` for: its owner stops it within a heartbeat (3 seconds by
 *   default; about 100 ms in this process) and then it is cancelled, unless it ends by itself before. It is
 *   not tried again in any case. If its owner dies, it is cancelled by the next one, or `unknown` if it is
 *   at-most-once and may have been sent.
 * - With `force` it is cancelled when this returns all the same, and its owner is told once to stop it. How it really
 *   ended is then not recorded; if it fails before its owner hears, failure hooks and alerts still tell of that.
 *
 * What was under way may have had its effect. Ids that are final, unknown, or another workspace's are left alone, and
 * in neither list. Joins the caller's transaction where the store has one: then it takes effect if and only if that
 * commits, within a heartbeat, and the workspace stands still until it ends, so it should end soon.
 */
export const recall = Effect.fn("Deliveries.recall")(function* (
  ids: ReadonlyArray<DeliveryId>,
  options: RecallOptions
): Effect.fn.Return<Recalled, LedgerUnavailable, Ledger | Signal> {
  const ledger = yield* Ledger
  const signal = yield* Signal
  const { force = false, reason, workspaceId } = options
  const recalled = yield* ledger.recall({ workspaceId, ids, now: yield* Clock.currentTimeMillis, reason, force })
  const mayBeHeld = recalled.asked.length > 0 || (force && recalled.cancelled.length > 0)
  if (mayBeHeld) yield* signal.notify(workspaceId)
  return recalled
})
