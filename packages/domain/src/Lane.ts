/**
 * A lane is a priority class. Urgent work overtakes bulk work, but every lane has a share: while
 * it has due work it is given at least `weight` of every `totalWeight` claims, so nothing starves.
 */
import { Array, Result, Schema } from "effect"
import { nearest } from "./Nearest.ts"

export const lanes = ["urgent", "high", "normal", "bulk"] as const
export const Lane = Schema.Literals(lanes)
export type Lane = typeof Lane.Type

/** Claims a lane may make in one round, while all lanes have due work. */
export const weight: Readonly<Record<Lane, number>> = { urgent: 8, high: 4, normal: 2, bulk: 1 }

/** Whether room is kept for it where others fill theirs. */
export const hasReserve = (lane: Lane): boolean => lane === "urgent" || lane === "high"

/** The lane's place in SQL and in ordering: 0 is the most urgent. */
export const rank = (lane: Lane): number => lanes.indexOf(lane)

const known: ReadonlyArray<string> = lanes
const isLane = (word: string): word is Lane => known.includes(word)

/** Lanes as people write them: `urgent,high`, in any order. Fails with the word that names none, and what may be meant. */
export const parse = (text: string): Result.Result<Array.NonEmptyReadonlyArray<Lane>, string> => {
  const words = text.split(",").map((word) => word.trim().toLowerCase())
  const strange = words.find((word) => !isLane(word))
  const found = lanes.filter((lane) => words.includes(lane))
  if (strange === undefined && Array.isReadonlyArrayNonEmpty(found)) return Result.succeed(found)
  const meant = nearest(strange ?? "", lanes)
  return Result.fail(`has no lane "${strange ?? ""}"${meant === undefined ? "" : ` (${meant}?)`}`)
}
