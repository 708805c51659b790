/**
 * Ledgers that do not let go of what was put off or given back, or mistake one try for the next.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Batch, type Ledger } from "@fibercast/ports/Ledger"
import { type Settlement } from "@fibercast/ports/Settlement"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"

type LedgerShape = Context.Service.Shape<typeof Ledger>

const isPutOff = ({ state }: Settlement): boolean => state === "retry" || state === "snooze"

/** The batch that last held each delivery. */
const newest = (ledger: LedgerShape) => {
  const batches = new Map<DeliveryId, Batch>()
  const claim: LedgerShape["claim"] = (options) =>
    Effect.tap(ledger.claim(options), (batch) =>
      Effect.sync(() => batch?.deliveries.forEach(({ id }) => batches.set(id, batch)))
    )
  return { batches, claim }
}

/** Everything that was ever put off. */
const everPutOff = (ledger: LedgerShape) => {
  const ids = new Set<DeliveryId>()
  const settle: LedgerShape["settle"] = (options) =>
    Effect.tap(ledger.settle(options), () =>
      Effect.sync(() => options.settlements.filter(isPutOff).forEach(({ id }) => ids.add(id)))
    )
  return { ids, settle }
}

const both = (sentence: (state: string) => string, twin: (breaks: string, state: string) => BrokenTwin) =>
  ["retry", "snooze"].map((state) => twin(sentence(state), state))

export const brokenPutOffs: ReadonlyArray<BrokenTwin> = [
  ...both(
    (state) => `a ${state} is claimed again once it is due, while the rest of its claim is still held`,
    (breaks, state) =>
      brokenLedger(`keeps a ${state} until its claim is finished`, breaks, (ledger) => {
        const kept = new Set<DeliveryId>()
        return {
          claim: (options) =>
            Effect.map(ledger.claim(options), (batch) => {
              const deliveries = batch?.deliveries.filter(({ id }) => !kept.has(id)) ?? []
              return batch === null || deliveries.length === 0 ? null : { ...batch, deliveries }
            }),
          settle: (options) =>
            Effect.tap(ledger.settle(options), () =>
              Effect.sync(() => {
                for (const settlement of options.settlements) if (settlement.state === state) kept.add(settlement.id)
                if (options.finishedClaims.length > 0) kept.clear()
              })
            )
        }
      })
  ),
  ...both(
    (state) => `a ${state} is claimed again once it is due, while the rest of its claim is still held`,
    (breaks, state) =>
      brokenLedger(`ends a claim as soon as something of it ends as a ${state}`, breaks, (ledger) => {
        const { batches, claim } = newest(ledger)
        return {
          claim,
          settle: (options) => {
            const ended = options.settlements
              .filter((settlement) => settlement.state === state)
              .flatMap(({ id }) => batches.get(id)?.claimId ?? [])
            return ledger.settle({ ...options, finishedClaims: [...options.finishedClaims, ...ended] })
          }
        }
      })
  ),
  ...both(
    (state) =>
      `a ${state} that is claimed again stays held when its first claim is finished, which gives back only the rest`,
    (breaks, state) =>
      brokenLedger(`gives back with a claim whatever it once held (${state})`, breaks, (ledger) => {
        const { batches, claim } = newest(ledger)
        const made = new Map<bigint, Batch>()
        return {
          claim: (options) =>
            Effect.tap(claim(options), (batch) =>
              Effect.sync(() => (batch === null ? undefined : made.set(batch.claimId, batch)))
            ),
          settle: (options) => {
            const held = options.finishedClaims.flatMap((claimId) => made.get(claimId)?.deliveries ?? [])
            const since = held.flatMap(({ id }) => batches.get(id)?.claimId ?? [])
            return ledger.settle({ ...options, finishedClaims: [...options.finishedClaims, ...since] })
          }
        }
      })
  ),
  ...both(
    (state) => `what is said again, or late, of a try that ended as a ${state} does not touch the next try`,
    (breaks, state) =>
      brokenLedger(`writes of the next try what is said of the one before (${state})`, breaks, (ledger) => {
        const { batches, claim } = newest(ledger)
        return {
          claim,
          settle: (options) =>
            ledger.settle({
              ...options,
              settlements: options.settlements.map((settlement) => {
                const found = batches.get(settlement.id)?.deliveries.find(({ id }) => id === settlement.id)
                return { ...settlement, wasDue: found?.dueAt ?? settlement.wasDue }
              })
            })
        }
      })
  ),
  ...both(
    (state) => `a take-over while a ${state} is claimed again and its first claim stands rescues each delivery once`,
    (breaks, state) =>
      brokenLedger(`rescues from each claim what it once held (${state})`, breaks, (ledger) => {
        const { ids, settle } = everPutOff(ledger)
        return {
          settle,
          takeOver: (options) =>
            Effect.map(ledger.takeOver(options), (taken) => ({ ...taken, rescued: taken.rescued + ids.size }))
        }
      })
  ),
  ...both(
    (state) => `a started mark of a try that ended as a ${state} makes no doubt of it`,
    (breaks, state) =>
      brokenLedger(`doubts what was started and ended as a ${state}`, breaks, (ledger) => {
        const { ids, settle } = everPutOff(ledger)
        return {
          settle,
          takeOver: (options) =>
            Effect.map(ledger.takeOver(options), (taken) => ({ ...taken, unknown: taken.unknown + ids.size }))
        }
      })
  ),
  ...both(
    (state) =>
      `a started mark of a try that ended as a ${state} is none of the next, nor is one that its first claim gets late`,
    (breaks, state) =>
      brokenLedger(`takes a started mark for the newest claim of a delivery (${state})`, breaks, (ledger) => {
        const { batches, claim } = newest(ledger)
        return {
          claim,
          start: (options) => {
            const claimId = options.ids.flatMap((id) => batches.get(id)?.claimId ?? [])[0] ?? options.claimId
            return ledger.start({ ...options, claimId })
          }
        }
      })
  ),
  ...both(
    (state) => `a started mark of the try after a ${state} counts, whatever becomes of the first claim`,
    (breaks, state) =>
      brokenLedger(`marks no delivery a second time (${state})`, breaks, (ledger) => {
        const marked = new Set<DeliveryId>()
        return {
          start: (options) => {
            const ids = options.ids.filter((id) => !marked.has(id))
            for (const id of ids) marked.add(id)
            return ledger.start({ ...options, ids })
          }
        }
      })
  ),
  ...both(
    (state) => `a ${state} to no later than it was due is not written`,
    (breaks, state) =>
      brokenLedger(`puts a ${state} off by a millisecond at least`, breaks, (ledger) => ({
        settle: (options) =>
          ledger.settle({
            ...options,
            settlements: options.settlements.map((settlement) =>
              "dueAt" in settlement
                ? { ...settlement, dueAt: Math.max(settlement.dueAt, settlement.wasDue + 1) }
                : settlement
            )
          })
      }))
  ),
  brokenLedger(
    "keeps what is given back until its claim is finished",
    "what is given back of a claim is claimed again at once, uncharged, while the rest is still held",
    (ledger) => ({ settle: (options) => ledger.settle({ ...options, givenBack: [] }) })
  ),
  brokenLedger(
    "gives back from whichever claim holds it now",
    "what was given back and is claimed again is not given back by the first claim, nor with it",
    (ledger) => {
      const { batches, claim } = newest(ledger)
      return {
        claim,
        settle: (options) =>
          ledger.settle({
            ...options,
            givenBack: options.givenBack?.map(({ claimId, id }) => ({
              claimId: batches.get(id)?.claimId ?? claimId,
              id
            }))
          })
      }
    }
  ),
  brokenLedger(
    "gives back or puts off, not both",
    "one settle may give back some of a claim and put off others of it",
    (ledger) => ({
      settle: (options) =>
        ledger.settle({ ...options, givenBack: options.settlements.length > 0 ? [] : options.givenBack })
    })
  ),
  brokenLedger("gives back the whole claim with one of it", "a started mark goes with what is given back", (ledger) => {
    const { batches, claim } = newest(ledger)
    return {
      claim,
      settle: ({ givenBack = [], ...options }) => {
        const claims = givenBack.map(({ id }) => batches.get(id)?.claimId ?? 0n)
        return ledger.settle({ ...options, finishedClaims: [...options.finishedClaims, ...claims] })
      }
    }
  }),
  brokenLedger(
    "leaves what was put off to the sender of its first claim",
    "a cancel also ends what was put off, though its claim stands",
    (ledger) => {
      const { ids, settle } = everPutOff(ledger)
      return {
        settle,
        cancel: (options) => Effect.suspend(() => (ids.size > 0 ? Effect.succeed(0) : ledger.cancel(options)))
      }
    }
  ),
  brokenLedger(
    "holds that what was once put off is held by nobody",
    "what was put off and is claimed again is its owner's to stop",
    (ledger) => {
      const { ids, settle } = everPutOff(ledger)
      return {
        settle,
        recall: (options) =>
          Effect.suspend(() =>
            ledger.recall({ ...options, force: options.force || options.ids.some((id) => ids.has(id)) })
          )
      }
    }
  )
]
