/**
 * How far a campaign is, how fast it goes, and when it will be done.
 */
import { type Campaign } from "@fibercast/domain/Campaign"

export interface Progress {
  readonly campaign: Campaign
  /** Deliveries with a final state. */
  readonly settled: number
  /** From 0 to 1; of what is planned so far. */
  readonly share: number
  /** Settled per second since the start; 0 before it. */
  readonly perSecond: number
  /** Milliseconds until done at that speed; null while nobody can say. */
  readonly eta: number | null
}

export const of = (campaign: Campaign, now: number): Progress => {
  const { planned, open, skipped } = campaign.counts
  const settled = planned - open
  const seconds = campaign.startedAt === null ? 0 : ((campaign.completedAt ?? now) - campaign.startedAt) / 1000
  const worked = settled - skipped
  const perSecond = seconds > 0 ? worked / seconds : 0
  const eta = campaign.status === "running" && campaign.expanded && perSecond > 0 ? (open / perSecond) * 1000 : null
  return { campaign, settled, share: planned === 0 ? 0 : settled / planned, perSecond, eta }
}
