/**
 * How deliveries leave their claims: settled, put off, or given back.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Owned } from "./Owned.ts"

/** What to write for one delivery of a claim. Instants absolute. */
export type Settlement =
  | {
      readonly id: DeliveryId
      /** When it was due as it was claimed. That names the try, as no two tries are due together: another's end is not written. */
      readonly wasDue: number
      readonly state: FinalState
      readonly providerId: string | null
      readonly errorClass: ErrorClass | null
      readonly reason: string | null
    }
  | {
      readonly id: DeliveryId
      readonly wasDue: number
      /** `retry` charges the attempt, `snooze` does not. */
      readonly state: "retry" | "snooze"
      /** Later than `wasDue`, or it is not written. It leaves its claim with this, and may be claimed from then on. */
      readonly dueAt: number
      readonly errorClass: ErrorClass | null
      readonly reason: string | null
    }

/**
 * A delivery that a claim holds and nobody began. If it is not held by that claim, nothing is given back. Where others
 * may begin it as well, only who has begun it, with the mark, can know that nobody else has.
 */
export interface GivenBack {
  readonly claimId: bigint
  readonly id: DeliveryId
}

export interface Settle extends Owned {
  readonly settlements: ReadonlyArray<Settlement>
  /** These leave their claims as they were before, uncharged and unmarked, and may be claimed again at once. */
  readonly givenBack?: ReadonlyArray<GivenBack> | undefined
  /**
   * Claims of which nothing is left to settle. What such a claim still holds becomes claimable again; what was
   * put off or given back has left it, and is not touched.
   */
  readonly finishedClaims: ReadonlyArray<bigint>
  /**
   * Claims that end now because everything that they still hold has completed, without a provider's id. It is settled
   * without being named; what this call names or gives back has left them before.
   */
  readonly completedClaims?: ReadonlyArray<bigint> | undefined
}

export interface Settled {
  /** Reached a final state by this call. Less than asked when some had been settled or cancelled before. */
  readonly final: number
  /** Put off by this call: held by nobody now. */
  readonly later: number
}
