/**
 * Ledgers that claim, settle or cancel wrongly. Those that mistake who owns what are `BrokenOwnerships`, those that
 * mistake what was put off `BrokenPutOffs`.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Batch } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"
import { ended, later, second } from "./Given.ts"

export const brokenLedgers: ReadonlyArray<BrokenTwin> = [
  brokenLedger("keeps a claim that nobody knows", "what a lost claim holds is given back, and nothing else", () => ({
    giveBack: () => Effect.void
  })),
  brokenLedger("gives back what is known", "what a lost claim holds is given back, and nothing else", (ledger) => ({
    giveBack: (options) => ledger.giveBack({ ...options, except: [] })
  })),
  brokenLedger(
    "hands a claimed delivery out again",
    "while a claim stands, none of its deliveries is claimed again",
    (ledger) => ({
      claim: (options) =>
        Effect.tap(ledger.claim(options), (batch) =>
          batch === null ? Effect.void : ledger.settle({ ...options, settlements: [], finishedClaims: [batch.claimId] })
        )
    })
  ),
  brokenLedger("hands out what is not due", "only what is due is claimed, to the millisecond", (ledger) => ({
    claim: (options) => ledger.claim({ ...options, ...later(options, second) })
  })),
  brokenLedger(
    "hands out more than the limit",
    "a claim holds no more than its limit and leaves the rest to the next",
    (ledger) => ({ claim: (options) => ledger.claim({ ...options, limit: options.limit + 1 }) })
  ),
  brokenLedger(
    "hands out in another order",
    "a claim hands out what was inserted, by due time and then by id",
    (ledger) => ({
      claim: (options) =>
        Effect.map(ledger.claim(options), (batch) =>
          batch === null ? null : { ...batch, deliveries: batch.deliveries.toReversed() }
        )
    })
  ),
  brokenLedger(
    "starts from the beginning whatever the cursor",
    "after a cursor only later places are claimed, also among equal due times",
    (ledger) => ({ claim: (options) => ledger.claim({ ...options, after: null }) })
  ),
  brokenLedger(
    "compares the cursor by due time alone",
    "after a cursor only later places are claimed, also among equal due times",
    (ledger) => ({
      claim: ({ after, ...options }) =>
        ledger.claim({ ...options, after: after === null ? null : { ...after, dueAt: after.dueAt + 1 } })
    })
  ),
  brokenLedger("keeps one lane for all", "lanes and campaigns are sources of their own", (ledger) => ({
    insert: (options) =>
      ledger.insert({
        ...options,
        deliveries: options.deliveries.map((delivery) => ({ ...delivery, lane: "bulk" as const }))
      }),
    claim: (options) => ledger.claim({ ...options, source: { ...options.source, lane: "bulk" } })
  })),
  brokenLedger("inserts in reverse", "a claim hands out what was inserted, by due time and then by id", (ledger) => ({
    insert: (options) => ledger.insert({ ...options, deliveries: options.deliveries.toReversed() })
  })),
  brokenLedger(
    "does not know what is due next",
    "the next due time of a source is its earliest, and null when it is empty",
    () => ({ nextDue: () => Effect.succeed(null) })
  ),
  brokenLedger(
    "answers whoever asks at the same time what the first has asked",
    "asked at the same time for several sources and workspaces what is due next, it answers each its own",
    (ledger) => {
      let first: Parameters<typeof ledger.nextDue>[0] | null = null
      return {
        nextDue: (options) =>
          Effect.suspend(() => ledger.nextDue((first ??= options))).pipe(
            Effect.tap(Effect.yieldNow),
            Effect.ensuring(Effect.sync(() => (first = null)))
          )
      }
    }
  ),
  brokenLedger("forgets a settle", "each final state is counted as itself, in the settle that brings it", (ledger) => ({
    settle: (options) => ledger.settle({ ...options, settlements: options.settlements.slice(1) })
  })),
  brokenLedger(
    "counts a settle of a final delivery again",
    "a settle of a final delivery changes nothing",
    (ledger) => ({
      settle: (options) =>
        Effect.map(ledger.settle(options), (settled) => ({ ...settled, final: options.settlements.length }))
    })
  ),
  brokenLedger("settles whatever the try", "a settle of another try changes nothing", (ledger) => {
    const dues = new Map<DeliveryId, number>()
    return {
      claim: (options) =>
        Effect.tap(ledger.claim(options), (batch) =>
          Effect.sync(() => batch?.deliveries.forEach(({ dueAt, id }) => dues.set(id, dueAt)))
        ),
      settle: (options) =>
        ledger.settle({
          ...options,
          settlements: options.settlements.map((settlement) => ({
            ...settlement,
            wasDue: dues.get(settlement.id) ?? settlement.wasDue
          }))
        })
    }
  }),
  brokenLedger("charges a snooze", "a snooze puts off without a charge", (ledger) => ({
    settle: (options) =>
      ledger.settle({
        ...options,
        settlements: options.settlements.map((settlement) =>
          settlement.state === "snooze" ? { ...settlement, state: "retry" as const } : settlement
        )
      })
  })),
  brokenLedger(
    "retries without a charge",
    "a retry charges the attempt and comes back when it is due, not before",
    (ledger) => ({
      settle: (options) =>
        ledger.settle({
          ...options,
          settlements: options.settlements.map((settlement) =>
            settlement.state === "retry" ? { ...settlement, state: "snooze" as const } : settlement
          )
        })
    })
  ),
  brokenLedger(
    "retries at once",
    "a retry charges the attempt and comes back when it is due, not before",
    (ledger) => ({
      settle: (options) =>
        ledger.settle({
          ...options,
          settlements: options.settlements.map((settlement) =>
            settlement.state === "retry" ? { ...settlement, dueAt: options.now + 1 } : settlement
          )
        })
    })
  ),
  brokenLedger(
    "gives nothing back when a claim is finished",
    "a finished claim gives back what it held and nobody settled, uncharged",
    (ledger) => ({ settle: (options) => ledger.settle({ ...options, finishedClaims: [] }) })
  ),
  brokenLedger(
    "drops the payload of what failed",
    "a final record keeps how it ended, and its payload unless it was completed",
    (ledger) => ({
      done: (options) =>
        Effect.map(ledger.done(options), (done) => done.map((delivery) => ({ ...delivery, payload: null })))
    })
  ),
  brokenLedger("lists the same page again", "final records are paged by id, in the states asked for", (ledger) => ({
    done: (options) => ledger.done({ ...options, after: null })
  })),
  brokenLedger(
    "lists final records of every state",
    "final records are paged by id, in the states asked for",
    (ledger) => ({
      done: (options) => ledger.done({ ...options, states: ["completed", "failed", "skipped", "cancelled"] })
    })
  ),
  brokenLedger(
    "counts attempts of all time",
    "attempts since an instant are those that were tried to an end, of this workspace",
    (ledger) => ({ attemptsSince: (options) => ledger.attemptsSince({ ...options, since: 0 }) })
  ),
  brokenLedger(
    "cancels more than its limit",
    "a cancel ends open deliveries of its campaign, at most its limit a call, until none is left",
    (ledger) => ({ cancel: (options) => ledger.cancel({ ...options, limit: 1000 }) })
  ),
  brokenLedger("cancels what stands in a claim", "a cancel leaves what stands in a claim to its sender", (ledger) => {
    const held = new Map<CampaignId, Batch>()
    return {
      claim: (options) =>
        Effect.tap(ledger.claim(options), (batch) =>
          Effect.sync(() => {
            if (batch !== null && options.source.campaignId !== null) held.set(options.source.campaignId, batch)
          })
        ),
      cancel: Effect.fnUntraced(function* (options) {
        const batch = held.get(options.campaignId)
        const settlements = batch?.deliveries.map((delivery) => ended(delivery, "cancelled")) ?? []
        const { final } = yield* ledger.settle({ ...options, settlements, finishedClaims: [] })
        return final + (yield* ledger.cancel(options))
      })
    }
  }),
  brokenLedger("cancels nothing", "a cancel also ends what is not due yet, in every lane", () => ({
    cancel: () => Effect.succeed(0)
  })),
  brokenLedger(
    "settles for whoever asks",
    "the owner of one workspace cannot settle the deliveries of another",
    (ledger) => {
      const owners = new Map<DeliveryId, Owned>()
      return {
        claim: (options) =>
          Effect.tap(ledger.claim(options), (batch) =>
            Effect.sync(() => batch?.deliveries.forEach(({ id }) => owners.set(id, options)))
          ),
        settle: (options) => {
          const [first] = options.settlements
          const owner = first === undefined ? undefined : owners.get(first.id)
          return ledger.settle({ ...options, workspaceId: owner?.workspaceId ?? options.workspaceId })
        }
      }
    }
  )
]
