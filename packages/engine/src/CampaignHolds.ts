/**
 * Holds pause campaigns for reasons that a send or an audience brought to light, and alert once for each.
 *
 * A hold is noted at once and written later, so whoever finds the reason need not wait for the store. One that
 * is not written when the actor stops is found again by the next owner. Held in memory: a reason for each campaign.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { Alerts } from "@fibercast/ports/Alerts"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Clock, Effect } from "effect"
import { untilReachable } from "./Ownership.ts"

export interface CampaignHolds {
  /** The first reason of a campaign counts, until it is written. */
  readonly add: (campaign: Campaign, reason: string) => void
  /** Returns when every hold so far is written. */
  readonly write: Effect.Effect<void>
}

export const make: Effect.Effect<CampaignHolds, never, CampaignStore | Alerts> = Effect.gen(function* () {
  const store = yield* CampaignStore
  const alerts = yield* Alerts
  const clock = yield* Clock.Clock
  const waiting = new Map<number, { readonly campaign: Campaign; readonly reason: string }>()
  const told = new Set<string>()

  const writeOne = Effect.fnUntraced(function* (campaign: Campaign, reason: string) {
    const { id: campaignId, workspaceId } = campaign
    const held = yield* untilReachable(
      store.transition({
        workspaceId,
        campaignId,
        from: ["scheduled", "running"],
        to: "paused",
        note: reason,
        now: clock.currentTimeMillisUnsafe()
      })
    ).pipe(Effect.catchTag("CampaignNotFound", () => Effect.succeed(campaign)))
    // Several sends may find the same reason: the first one's change is the one that is told.
    const change = `${campaignId}/${held.epoch}`
    if (held.status === "paused" && !told.has(change)) {
      told.add(change)
      yield* alerts.raise({ _tag: "CampaignHeld", workspaceId, campaignId, reason })
    }
  })

  return {
    add: (campaign, reason) => {
      if (!waiting.has(campaign.id)) waiting.set(campaign.id, { campaign, reason })
    },
    write: Effect.gen(function* () {
      for (const [campaignId, { campaign, reason }] of waiting) {
        yield* writeOne(campaign, reason)
        waiting.delete(campaignId)
      }
    })
  }
})
