/**
 * A lane is a priority class. Urgent work overtakes bulk work, but every lane has a share: while
 * it has due work it is given at least `weight` of every `totalWeight` claims, so nothing starves.
 */
import { Schema } from "effect"

export const lanes = ["urgent", "high", "normal", "bulk"] as const
export const Lane = Schema.Literals(lanes)
export type Lane = typeof Lane.Type

/** Claims a lane may make in one round, while all lanes have due work. */
export const weight: Readonly<Record<Lane, number>> = { urgent: 8, high: 4, normal: 2, bulk: 1 }

/** The lane's place in SQL and in ordering: 0 is the most urgent. */
export const rank = (lane: Lane): number => lanes.indexOf(lane)
