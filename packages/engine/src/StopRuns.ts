/**
 * Stops runs of triggers: their deliveries are recalled, their campaigns cancelled.
 *
 * Asked, a run under way may still finish what it must, and is over when its owner says so; forced, a delivery is
 * cancelled at once, and cut off within a heartbeat of its owner. A campaign sends nothing more either way.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { type Run } from "@fibercast/ports/Run"
import { Clock, Effect } from "effect"

/** Of one workspace. Harmless when a run is over. */
export const stop = Effect.fn("StopRuns.stop")(function* (options: {
  readonly workspaceId: WorkspaceId
  readonly runs: ReadonlyArray<Run>
  readonly reason: string
  readonly force: boolean
}): Effect.fn.Return<void, LedgerUnavailable, Ledger | CampaignStore | Signal> {
  const { force, reason, runs, workspaceId } = options
  const now = yield* Clock.currentTimeMillis
  const ids = runs.flatMap(({ deliveryId }): ReadonlyArray<DeliveryId> => (deliveryId === null ? [] : [deliveryId]))
  if (ids.length > 0) yield* (yield* Ledger).recall({ workspaceId, ids, now, reason, force })
  const campaigns = yield* CampaignStore
  for (const { campaignId } of runs) {
    if (campaignId === null) continue
    const from = ["scheduled", "running", "paused"] as const
    yield* campaigns
      .transition({ workspaceId, campaignId, from, to: "cancelled", note: reason, now })
      .pipe(Effect.catchTag("CampaignNotFound", () => Effect.void))
  }
  yield* (yield* Signal).notify(workspaceId)
})
