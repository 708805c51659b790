/**
 * How many sends of one workspace may be under way at once, in the places of its owner.
 */
import { hasReserve, type Lane } from "@fibercast/domain/Lane"

export interface Slots {
  /** Of any lane. */
  readonly ordinary: number
  /** Of urgent and high, with all that is under way. */
  readonly most: number
}

/**
 * A tenth is kept for urgent and high: on top of the concurrency, or, where the workspace may have no more than so many in
 * flight, within that.
 */
export const of = (concurrency: number, inFlight = Number.MAX_SAFE_INTEGER): Slots => ({
  ordinary: Math.min(concurrency, inFlight - Math.floor(inFlight / 10)),
  most: Math.min(concurrency + Math.floor(concurrency / 10), inFlight)
})

/** How many of the lane may be under way, with all that is. */
export const ofLane = ({ most, ordinary }: Slots, lane: Lane): number => (hasReserve(lane) ? most : ordinary)
