/**
 * How words of the domain are kept in rows: as small numbers that never change their meaning.
 * 0 stands for none: no campaign, a background job.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import * as Lane from "@fibercast/domain/Lane"
import { ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Outcome, Reason } from "@fibercast/domain/OccurrenceOutcome"

/** A final state, or why a delivery is put off. Appended to `attempts` as well. */
export const states = {
  completed: 1,
  failed: 2,
  skipped: 3,
  cancelled: 4,
  expired: 5,
  unknown: 6,
  retry: 7,
  snooze: 8
} as const satisfies Record<FinalState | "retry" | "snooze", number>

const finalStates: ReadonlyMap<number, FinalState> = new Map([
  [1, "completed"],
  [2, "failed"],
  [3, "skipped"],
  [4, "cancelled"],
  [5, "expired"],
  [6, "unknown"]
])

export const finalStateOf = (code: number): FinalState => {
  const state = finalStates.get(code)
  if (state === undefined) throw new RangeError(`${code} is no final state`)
  return state
}

/** The place of an error class in its list, from 1. New classes are appended. */
export const errorClassCode = (errorClass: ErrorClass | null): number | null =>
  errorClass === null ? null : ErrorClass.literals.indexOf(errorClass) + 1

export const errorClassOf = (code: number | null): ErrorClass | null =>
  code === null ? null : (ErrorClass.literals[code - 1] ?? "unknown")

/** What became of an occurrence. */
export const outcomes = {
  fired: 1,
  late: 2,
  skipped: 3,
  missed: 4,
  waiting: 5
} as const satisfies Record<Outcome, number>

const outcomesByCode: ReadonlyMap<number, Outcome> = new Map([
  [1, "fired"],
  [2, "late"],
  [3, "skipped"],
  [4, "missed"],
  [5, "waiting"]
])

export const outcomeOf = (code: number): Outcome => {
  const outcome = outcomesByCode.get(code)
  if (outcome === undefined) throw new RangeError(`${code} is no outcome`)
  return outcome
}

/** The place of a reason in its list, from 1. New reasons are appended. */
export const reasonCode = (reason: Reason | null): number | null =>
  reason === null ? null : Reason.literals.indexOf(reason) + 1

/** 0 and null are none. */
export const reasonOf = (code: number | null): Reason | null =>
  code === null || code === 0 ? null : (Reason.literals[code - 1] ?? null)

export const campaignCode = (campaignId: CampaignId | null): number => campaignId ?? 0

/** A bit for each lane, 1 shifted left by its rank. */
export const lanesCode = (lanes: ReadonlyArray<Lane.Lane>): number =>
  lanes.reduce((mask, lane) => mask | (1 << Lane.rank(lane)), 0)

export const lanesOf = (mask: number): ReadonlyArray<Lane.Lane> =>
  Lane.lanes.filter((lane) => (mask & (1 << Lane.rank(lane))) !== 0)
