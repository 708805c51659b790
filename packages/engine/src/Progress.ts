/**
 * How far a campaign or a batch is, how fast it goes, and when it will be done.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Batch } from "@fibercast/ports/BatchStore"

interface Standing {
  /** Deliveries with a final state. */
  readonly settled: number
  /** From 0 to 1; of what is planned so far, which is all of a batch. */
  readonly share: number
  /** Settled per second since the start; 0 before it. */
  readonly perSecond: number
  /** Milliseconds until done at that speed; null while nobody can say. */
  readonly eta: number | null
}

export interface Progress extends Standing {
  readonly campaign: Campaign
}

export interface BatchProgress extends Standing {
  readonly batch: Batch
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

export const ofBatch = (batch: Batch, now: number): BatchProgress => {
  const { counts, createdAt, endedAt, status, waiting } = batch
  const settled = counts.planned - counts.open
  const total = counts.planned + waiting
  const seconds = ((endedAt ?? now) - createdAt) / 1000
  const perSecond = seconds > 0 ? settled / seconds : 0
  const eta = status === "running" && perSecond > 0 ? ((counts.open + waiting) / perSecond) * 1000 : null
  return { batch, settled, share: total === 0 ? Number(endedAt !== null) : settled / total, perSecond, eta }
}
