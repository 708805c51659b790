/**
 * How many background jobs of a workspace are open, in memory: counted as they come and go, so that a cap costs no walk.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"

interface Counted {
  readonly campaignId: CampaignId | null
  readonly pipeline: string
  readonly isCapped: boolean
}

export interface MemoryBacklog {
  all: number
  /** By pipeline, of those that were dispatched with a cap. */
  readonly capped: Map<string, number>
}

export const noBacklog = (): MemoryBacklog => ({ all: 0, capped: new Map() })

export const cappedOf = ({ capped }: MemoryBacklog, pipeline: string): number => capped.get(pipeline) ?? 0

/** One more that is open, or one less. Deliveries of campaigns do not count. */
export const count = (backlog: MemoryBacklog, { campaignId, isCapped, pipeline }: Counted, more: 1 | -1): void => {
  if (campaignId !== null) return
  backlog.all += more
  if (!isCapped) return
  const left = cappedOf(backlog, pipeline) + more
  if (left === 0) backlog.capped.delete(pipeline)
  else backlog.capped.set(pipeline, left)
}
