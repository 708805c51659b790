/**
 * Ledgers that take back too much or too little, or that do not tell an owner what to stop.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Recalled, type Stop } from "@fibercast/ports/Recall"
import { Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"

const cancelsOpen = "a recall cancels what nobody holds, due or not, with its reason, and leaves the rest"
const asksOwner = "a recall of what a claim holds leaves it open, and its owner is told to stop it"
const isNamed = "what is to be stopped is named until it has ended, and once more then"
const takesByForce = "a recall by force cancels what a claim holds, and what its sender says then is not written"
const isRepeatable = "a recall that is made again changes nothing, and its first reason stays"
const staysAway = "what is another workspace's, or nobody's, is left alone"
const isPutOff = "what is put off after its owner was asked is not claimed again, and cancelled when the owner looks"

const isGivenBack = "what is asked for and given back is not claimed again, and cancelled when the owner looks"
const isLeft = "what an owner that is gone was asked to stop is cancelled by the next, or unknown if it was started"

const nothing: Recalled = { cancelled: [], asked: [] }

/** Remembers where a delivery was inserted. */
const homes = () => {
  const workspaceOf = new Map<DeliveryId, WorkspaceId>()
  return {
    workspaceOf,
    remember: (workspaceId: WorkspaceId, ids: ReadonlyArray<DeliveryId>) =>
      Effect.sync(() => ids.forEach((id) => workspaceOf.set(id, workspaceId)))
  }
}

/** Tells an owner what to stop of its claims, and forgets it with the claim. */
const claimsAgain = (breaks: string, index: number) =>
  brokenLedger(`claims again what was asked for (${index + 1})`, breaks, (ledger) => {
    const held = new Set<DeliveryId>()
    const asked = new Map<DeliveryId, string>()
    const forget = Effect.sync(() => {
      held.clear()
      asked.clear()
    })
    return {
      claim: (options) =>
        Effect.tap(ledger.claim(options), (batch) =>
          Effect.sync(() => batch?.deliveries.forEach(({ id }) => held.add(id)))
        ),
      recall: (options) =>
        Effect.sync(() => {
          const chosen = options.ids.filter((id) => held.has(id))
          for (const id of chosen) asked.set(id, options.reason)
          return { cancelled: [], asked: chosen }
        }),
      recalled: () => Effect.sync(() => Array.from(asked, ([id, reason]): Stop => ({ id, reason }))),
      settle: (options) =>
        Effect.tap(ledger.settle(options), () => (options.finishedClaims.length > 0 ? forget : Effect.void)),
      giveBack: (options) => Effect.tap(ledger.giveBack(options), () => forget),
      takeOver: (options) => Effect.tap(ledger.takeOver(options), () => forget)
    }
  })

export const brokenRecalls: ReadonlyArray<BrokenTwin> = [
  brokenLedger("takes nothing back", cancelsOpen, () => ({ recall: () => Effect.succeed(nothing) })),
  brokenLedger("takes back all that it can", cancelsOpen, (ledger) => {
    const { remember, workspaceOf } = homes()
    return {
      insert: (options) => Effect.tap(ledger.insert(options), (ids) => remember(options.workspaceId, ids)),
      recall: (options) =>
        ledger.recall({
          ...options,
          ids: [...workspaceOf].flatMap(([id, workspaceId]) => (workspaceId === options.workspaceId ? [id] : []))
        })
    }
  }),
  brokenLedger("forgets the reason", cancelsOpen, (ledger) => ({
    recall: (options) => ledger.recall({ ...options, reason: "" })
  })),
  brokenLedger("answers in the order it was asked in", cancelsOpen, (ledger) => ({
    recall: (options) =>
      Effect.map(ledger.recall(options), ({ asked, cancelled }) => {
        const [inOrder, askedInOrder] = [cancelled, asked].map((some) => options.ids.filter((id) => some.includes(id)))
        return { cancelled: inOrder ?? [], asked: askedInOrder ?? [] }
      })
  })),
  brokenLedger("takes everything by force", asksOwner, (ledger) => ({
    recall: (options) => ledger.recall({ ...options, force: true })
  })),
  brokenLedger("knows no force", takesByForce, (ledger) => ({
    recall: (options) => ledger.recall({ ...options, force: false })
  })),
  brokenLedger("lets no force follow", "force also ends what its owner was only asked to stop", (ledger) => {
    const known = new Set<DeliveryId>()
    return {
      recall: (options) =>
        Effect.tap(ledger.recall({ ...options, ids: options.ids.filter((id) => !known.has(id)) }), ({ asked }) =>
          Effect.sync(() => asked.forEach((id) => known.add(id)))
        )
    }
  }),
  brokenLedger("tells no owner", asksOwner, (ledger) => ({
    recalled: (options) => Effect.as(ledger.recalled(options), [])
  })),
  brokenLedger("names what is to be stopped only once", isNamed, (ledger) => {
    const named = new Set<DeliveryId>()
    return {
      recalled: (options) =>
        Effect.map(ledger.recalled(options), (stops) => {
          const fresh = stops.filter(({ id }) => !named.has(id))
          for (const { id } of fresh) named.add(id)
          return fresh
        })
    }
  }),
  brokenLedger("names what has ended for ever", isNamed, (ledger) => {
    const named = new Map<DeliveryId, Stop>()
    return {
      recalled: (options) =>
        Effect.map(ledger.recalled(options), (stops) => {
          for (const stop of stops) named.set(stop.id, stop)
          return [...named.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
        })
    }
  }),
  brokenLedger("says nothing of what was taken by force", takesByForce, (ledger) => {
    const forced = new Set<DeliveryId>()
    return {
      recall: (options) =>
        Effect.tap(ledger.recall(options), ({ cancelled }) =>
          Effect.sync(() => options.force && cancelled.forEach((id) => forced.add(id)))
        ),
      recalled: (options) => Effect.map(ledger.recalled(options), (stops) => stops.filter(({ id }) => !forced.has(id)))
    }
  }),
  brokenLedger("answers a recall as it did before", isRepeatable, (ledger) => {
    const before = new Set<DeliveryId>()
    return {
      recall: (options) =>
        Effect.map(ledger.recall(options), ({ asked, cancelled }) => {
          for (const id of cancelled) before.add(id)
          const again = options.ids.filter((id) => before.has(id))
          return { asked, cancelled: [...new Set([...cancelled, ...again])].toSorted((a, b) => (a < b ? -1 : 1)) }
        })
    }
  }),
  brokenLedger("gives the newest reason", isRepeatable, (ledger) => {
    const reasons = new Map<DeliveryId, string>()
    return {
      recall: (options) =>
        Effect.tap(ledger.recall(options), () =>
          Effect.sync(() => options.ids.forEach((id) => reasons.set(id, options.reason)))
        ),
      recalled: (options) =>
        Effect.map(ledger.recalled(options), (stops) =>
          stops.map(({ id, reason }) => ({ id, reason: reasons.get(id) ?? reason }))
        )
    }
  }),
  brokenLedger("reaches into other workspaces", staysAway, (ledger) => {
    const { remember, workspaceOf } = homes()
    return {
      insert: (options) => Effect.tap(ledger.insert(options), (ids) => remember(options.workspaceId, ids)),
      recall: (options) => {
        const home = options.ids.flatMap((id) => workspaceOf.get(id) ?? [])[0]
        return ledger.recall({ ...options, workspaceId: home ?? options.workspaceId })
      }
    }
  }),
  brokenLedger(
    "leaves what is put off to its claim",
    "what is put off is held by nobody: a recall cancels it at once, though its claim still stands",
    (ledger) => {
      const standing = new Set<DeliveryId>()
      return {
        claim: (options) =>
          Effect.tap(ledger.claim(options), (batch) =>
            Effect.sync(() => batch?.deliveries.forEach(({ id }) => standing.add(id)))
          ),
        settle: (options) =>
          Effect.tap(ledger.settle(options), () =>
            Effect.sync(() => options.finishedClaims.length > 0 && standing.clear())
          ),
        recall: (options) =>
          Effect.gen(function* () {
            const held = options.ids.filter((id) => standing.has(id))
            const free = options.ids.filter((id) => !standing.has(id))
            const { asked, cancelled } = yield* ledger.recall({ ...options, ids: free })
            return { cancelled, asked: [...asked, ...held] }
          })
      }
    }
  ),
  ...[isPutOff, isGivenBack, isLeft].map(claimsAgain),
  brokenLedger(
    "cancels no campaign of which something was asked for",
    "what was asked for may still be cancelled with its campaign",
    (ledger) => {
      let isAny = false
      return {
        recall: (options) =>
          Effect.tap(ledger.recall(options), ({ asked }) => Effect.sync(() => (isAny ||= asked.length > 0))),
        cancel: (options) => (isAny ? Effect.succeed(0) : ledger.cancel(options))
      }
    }
  ),
  brokenLedger("lets an old epoch know what to stop", "an old epoch is not told what to stop", (ledger) => {
    const newest = new Map<WorkspaceId, Epoch>()
    return {
      takeOver: (options) =>
        Effect.tap(ledger.takeOver(options), ({ epoch }) => Effect.sync(() => newest.set(options.workspaceId, epoch))),
      recalled: (options) => ledger.recalled({ ...options, epoch: newest.get(options.workspaceId) ?? options.epoch })
    }
  })
]
