/**
 * What the end of an ownership has left in doubt, and nobody was told of yet.
 *
 * A take-over makes `unknown` what its former owner had begun and not settled, and so does an owner that gives up. Whoever
 * would have told people of that is gone, so the Ledger remembers each such delivery until an owner takes it to tell. It
 * is taken once: what an owner has taken and dies over, or whose answer was lost, is not told.
 */
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { type Owned } from "./Owned.ts"

/** A delivery that is `unknown`. */
export interface Doubt {
  /** As it was claimed. */
  readonly delivery: ClaimedDelivery
  readonly reason: string
}

export interface TakeDoubts extends Owned {
  /** At most this many, from 1. */
  readonly limit: number
  /** Those of other pipelines are left to others for `strangeWait` milliseconds after they came about. */
  readonly pipelines: ReadonlyArray<string>
}
