/**
 * A flow is the work of one source that an actor holds, in due order, and how far it has looked for more: tasks of claims that
 * stand. `Window` keeps it.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Cursor, type Source } from "@fibercast/ports/Ledger"
import { Latch } from "effect"
import { type DeliveryContext } from "./DeliveryContext.ts"
import { type Limiter } from "./Limiter.ts"

/** One standing claim. */
export interface Held {
  readonly claimId: bigint
  readonly claimedAt: number
  readonly flow: Flow
  /** Deliveries that it was made of. */
  readonly size: number
  /** Deliveries neither settled nor released. */
  left: number
}

/** One claimed delivery. */
export interface Task {
  readonly context: DeliveryContext
  readonly held: Held
  /** Its started mark is written. */
  started: boolean
  /** When it was begun, and when that ended, in epoch milliseconds; null: not yet, or not known here. */
  begunAt: number | null
  endedAt: number | null
}

export interface Flow {
  readonly source: Source
  /** As last seen; null for background jobs. */
  campaign: Campaign | null
  /** Nothing of it may be claimed or sent: paused, cancelled, or over. */
  silenced: boolean
  /** It stays silenced until its campaign is seen with a higher epoch than this. */
  heldAt: number
  /** What each start must pass. */
  readonly limiters: ReadonlyArray<Limiter>
  queue: ReadonlyArray<Task>
  head: number
  /** Sends under way. */
  active: number
  /** How many were handed over and came back unsent. */
  returned: number
  /** Deliveries in the window. */
  size: number
  /** Where the next claim begins; null: from the start. */
  cursor: Cursor | null
  /** When it was last claimed from the start. */
  sweptAt: number
  /** When it was last looked at from the start, nothing more was due; or nobody has looked yet. */
  drained: boolean
  /** When it was last looked for, nothing more of it could be claimed, now or later: what the window holds may be the last. */
  isLast: boolean
  /** As far as was seen, nothing to claim before this instant; set back when woken. */
  dryUntil: number
  /** Somebody said that some of it is due since. */
  isDue: boolean
  /** Nothing to send before this instant: its account said so. */
  notBefore: number
  /** Open while no send is under way. */
  readonly silent: Latch.Latch
  /** Open while none of it is in the window: everything claimed is settled or given back. */
  readonly settled: Latch.Latch
}

/** Nothing to claim before this instant. */
export const dryUntil = (flow: Flow): number => (flow.isDue ? 0 : flow.dryUntil)

/** Of each source one flow. */
export const keyOf = (source: Source) => `${source.lane}/${source.campaignId ?? "jobs"}`

/** Of which nothing is held yet. */
export const freshFlow = (source: Source, given: Pick<Flow, "campaign" | "silenced" | "limiters">): Flow => ({
  ...given,
  source,
  heldAt: -1,
  queue: [],
  head: 0,
  active: 0,
  returned: 0,
  size: 0,
  cursor: null,
  sweptAt: 0,
  drained: true,
  isLast: false,
  dryUntil: 0,
  isDue: false,
  notBefore: 0,
  silent: Latch.makeUnsafe(true),
  settled: Latch.makeUnsafe(true)
})
