/**
 * What is asked of the Ledger about deliveries that were handed over: whether they may be sent now, and whether they are
 * held still.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Owned } from "./Owned.ts"

/** A delivery as a standing claim holds it. `wasDue` names the try. */
export interface HeldDelivery {
  readonly claimId: bigint
  readonly id: DeliveryId
  readonly wasDue: number
}

export interface Begin extends Owned {
  /** Of one campaign, or all background jobs; each once. */
  readonly held: ReadonlyArray<HeldDelivery>
  /** The campaign and the epoch under which its work may be sent; null for background jobs. */
  readonly campaign: { readonly id: CampaignId; readonly epoch: number } | null
  /** Write the started mark on what may be sent: at-most-once. */
  readonly mark: boolean
}

/**
 * What became of a `begin`, each list in the order given. What is in neither is not held any more as named (settled,
 * put off, given back, claimed again), is of another campaign, or is begun elsewhere: it is not the caller's.
 */
export interface Begun {
  /** May be sent, and with `mark` by nobody but this caller: a delivery whose mark stands is never among them. */
  readonly go: ReadonlyArray<DeliveryId>
  /**
   * Held as named and without a started mark, but not to be sent now: its campaign is not running under that epoch,
   * its lane is paused, or it was asked back. To be given back; what was asked back is not claimed again then.
   */
  readonly back: ReadonlyArray<DeliveryId>
}

export interface BeginClaims extends Owned {
  /** Of one campaign, or all of background jobs; each once. */
  readonly claims: ReadonlyArray<bigint>
  /** As for `Begin`. */
  readonly campaign: Begin["campaign"]
}

/** A delivery that is still held as named, and whether it carries a started mark. */
export interface Standing {
  readonly id: DeliveryId
  readonly started: boolean
}
