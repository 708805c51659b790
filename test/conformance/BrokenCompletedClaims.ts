/**
 * Ledgers that complete with a claim what is not its own, or less than is.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Batch, type Ledger } from "@fibercast/ports/Ledger"
import { type Settlement } from "@fibercast/ports/Settlement"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"
import { ended } from "./Given.ts"

type LedgerShape = Context.Service.Shape<typeof Ledger>

/** Every claim as it was made, and what became of it in these hands. */
const made = (ledger: LedgerShape) => {
  const batches = new Map<bigint, Batch>()
  const newest = new Map<DeliveryId, Batch>()
  const claim: LedgerShape["claim"] = (options) =>
    Effect.tap(ledger.claim(options), (batch) =>
      Effect.sync(() => {
        if (batch === null) return
        batches.set(batch.claimId, batch)
        for (const { id } of batch.deliveries) newest.set(id, batch)
      })
    )
  const named = (claimIds: ReadonlyArray<bigint>): ReadonlyArray<Settlement> =>
    claimIds
      .flatMap((claimId) => batches.get(claimId)?.deliveries ?? [])
      .map(({ id }) => newest.get(id)?.deliveries.find((one) => one.id === id))
      .flatMap((delivery) => (delivery === undefined ? [] : [ended(delivery, "completed")]))
  return { claim, named }
}

export const brokenCompletedClaims: ReadonlyArray<BrokenTwin> = [
  brokenLedger(
    "ends a completed claim and completes nothing of it",
    "everything that a completed claim holds is completed, counted and charged, and the claim is gone",
    (ledger) => ({
      settle: ({ completedClaims = [], ...options }) =>
        ledger.settle({ ...options, finishedClaims: [...options.finishedClaims, ...completedClaims] })
    })
  ),
  brokenLedger(
    "completes with a claim whatever that once held",
    "a completed claim completes nothing that had left it: what had ended, was put off, or given back",
    (ledger) => {
      const { claim, named } = made(ledger)
      return {
        claim,
        settle: ({ completedClaims = [], ...options }) =>
          ledger.settle({
            ...options,
            settlements: [...options.settlements, ...named(completedClaims)],
            finishedClaims: [...options.finishedClaims, ...completedClaims]
          })
      }
    }
  ),
  brokenLedger(
    "completes claims before it gives back",
    "what a settle names or gives back is no part of a claim that it completes",
    (ledger) => ({
      settle: ({ completedClaims = [], givenBack = [], ...options }) =>
        Effect.andThen(ledger.settle({ ...options, completedClaims }), ledger.settle({ ...options, givenBack }))
    })
  ),
  brokenLedger(
    "completes a claim that was given back",
    "a claim is completed once: said again, or of one that is gone, it changes nothing",
    (ledger) => ({ giveBack: () => Effect.void, claim: ledger.claim })
  ),
  brokenLedger(
    "knows completed claims by their number alone",
    "claims of a workspace are completed by its owner alone",
    (ledger) => {
      const { claim, named } = made(ledger)
      const owners = new Map<bigint, Parameters<LedgerShape["claim"]>[0]>()
      return {
        claim: (options) =>
          Effect.tap(claim(options), (batch) =>
            Effect.sync(() => (batch === null ? undefined : owners.set(batch.claimId, options)))
          ),
        settle: ({ completedClaims = [], ...options }) => {
          const owner = completedClaims.flatMap((claimId) => owners.get(claimId) ?? [])[0] ?? options
          const { epoch, workspaceId } = owner
          return ledger.settle({
            ...options,
            epoch,
            workspaceId,
            settlements: [...options.settlements, ...named(completedClaims)]
          })
        }
      }
    }
  ),
  brokenLedger(
    "completes what no claim names",
    "settlements that only completed need a claim that names them, and their own try",
    (ledger) => ({ settle: (options) => ledger.settle({ ...options, givenBack: [] }) })
  ),
  brokenLedger(
    "forgets providers' ids where some have none",
    "a completed delivery keeps its provider's id, beside others that have none",
    (ledger) => ({
      settle: (options) => {
        const without = options.settlements.some((one) => "providerId" in one && one.providerId === null)
        return ledger.settle({
          ...options,
          settlements: options.settlements.map((one) =>
            without && "providerId" in one ? { ...one, providerId: null } : one
          )
        })
      }
    })
  )
]
