/**
 * Work that ended, for sentences about records.
 */
import { type NewDelivery } from "@fibercast/domain/Delivery"
import { type FinalState, finalStates } from "@fibercast/domain/DeliveryState"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { type EndedFilter } from "@fibercast/ports/Records"
import { Effect } from "effect"
import { background, claimed, ended, later, ownedWorkspace, second } from "./Given.ts"

export interface Ending {
  readonly state: FinalState
  readonly errorClass?: ErrorClass
  readonly reason?: string
  readonly job?: Partial<NewDelivery>
}

/** One background job for each of at most 5000 endings, which ended so a second later; ids in the order given. */
export const endedJobs = Effect.fnUntraced(function* (owned: Owned, endings: ReadonlyArray<Ending>) {
  const ledger = yield* Ledger
  const deliveries = endings.map(({ job = {} }, index): NewDelivery => ({
    pipeline: "jobs",
    lane: "normal",
    campaignId: null,
    dueAt: owned.now,
    deadline: null,
    payload: JSON.stringify({ index }),
    ...job
  }))
  const ids = yield* ledger.insert({ ...owned, deliveries })
  const endingOf = new Map(ids.map((id, index) => [id, endings[index]]))
  for (const lane of new Set(deliveries.map((delivery) => delivery.lane))) {
    const batch = yield* claimed(owned, { ...background, lane }, 5000)
    const settlements = batch.deliveries.map((delivery) => {
      const ending = endingOf.get(delivery.id)
      const { errorClass = null, reason = null, state = "completed" } = ending ?? {}
      return { ...ended(delivery, state), errorClass, reason }
    })
    yield* ledger.settle({ ...later(owned, second), settlements, finishedClaims: [batch.claimId] })
  }
  return ids
})

/** An owned workspace with jobs that ended so. */
export const workspaceOfEnded = Effect.fnUntraced(function* (endings: ReadonlyArray<Ending>) {
  const owned = yield* ownedWorkspace()
  return { owned, ids: yield* endedJobs(owned, endings) }
})

/** Whatever ended in the workspace. */
export const allOf = ({ workspaceId }: Pick<Owned, "workspaceId">): EndedFilter => ({
  workspaceId,
  states: finalStates
})

/** What failed there. */
export const failedOf = ({ workspaceId }: Pick<Owned, "workspaceId">): EndedFilter => ({
  workspaceId,
  states: ["failed"]
})
