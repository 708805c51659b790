/**
 * Ledgers that let send what may not be sent, or twice, and those that mistake what still stands.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Begin, type Begun, type HeldDelivery } from "@fibercast/ports/HandOver"
import { type Batch, type Ledger } from "@fibercast/ports/Ledger"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"

type LedgerShape = Context.Service.Shape<typeof Ledger>

const isOrdered = "what is held of a running campaign may be sent, in the order given, and nothing that was not named"
const isExclusive = "what is begun with the mark is begun by nobody else, with the mark or without"
const isRepeatable = "what is begun without the mark may be begun again, and is not in doubt"
const isStarted = "what is marked as started already is not begun, not even without the mark"
const isGone = "what has ended, was put off or was given back is begun by nobody, and is not to be given back"
const isReclaimed =
  "what was given back and is claimed again is begun as the second claim holds it, not as the first did"
const isOfTry = "a retry that is claimed again is begun as the try that it is"
const isNotRunning = "work of a campaign that is not running yet is to be given back, and is not marked"
const isResumed =
  "work of a paused campaign is to be given back, and is not marked; resumed, it goes under the new epoch only"
const isBegun = "what is begun already is not to be given back, whatever becomes of its campaign"
const isAsked = "what was asked back is to be given back, and goes to nobody; the rest may be sent"
const standsAsNamed = "what is held as named stands, in the order given, and whether it is marked as started"
const standsNoMore = "what has ended, was put off or was given back stands no more"
const standsAgain =
  "what is claimed again stands as the second claim holds it, as the try that it is, without the mark of the first"
const isNotTold = "an old epoch is not told what stands, nor the owner of another workspace"
const isPaged = "due workspaces are listed by id, so that all are found page by page, each once"

const inOrder = (held: ReadonlyArray<HeldDelivery>, ids: ReadonlyArray<DeliveryId>) =>
  held.flatMap(({ id }) => (ids.includes(id) ? [id] : []))

const nameOf = ({ claimId, id }: HeldDelivery): string => `${claimId}:${id}`

/** What a begin answers, otherwise. */
const answering = (
  does: string,
  breaks: string,
  change: (begun: Begun, options: Begin, ledger: LedgerShape) => Begun
): BrokenTwin =>
  brokenLedger(does, breaks, (ledger) => ({
    begin: (options) => Effect.map(ledger.begin(options), (begun) => change(begun, options, ledger))
  }))

/** How claims last held deliveries, whatever a caller says. */
const lastHeld = (change: (named: HeldDelivery, batch: Batch) => HeldDelivery) => (ledger: LedgerShape) => {
  const batches = new Map<DeliveryId, Batch>()
  const corrected = (held: ReadonlyArray<HeldDelivery>) =>
    held.map((named) => {
      const batch = batches.get(named.id)
      return batch === undefined ? named : change(named, batch)
    })
  return {
    claim: (options: Parameters<LedgerShape["claim"]>[0]) =>
      Effect.tap(ledger.claim(options), (batch) =>
        Effect.sync(() => batch?.deliveries.forEach(({ id }) => batches.set(id, batch)))
      ),
    begin: (options: Begin) => ledger.begin({ ...options, held: corrected(options.held) }),
    standing: (options: Parameters<LedgerShape["standing"]>[0]) =>
      ledger.standing({ ...options, held: corrected(options.held) })
  }
}

const whateverClaim = lastHeld((named, { claimId }) => ({ ...named, claimId }))
const whateverTry = lastHeld((named, { deliveries }) => {
  const wasDue = deliveries.find(({ id }) => id === named.id)?.dueAt
  return { ...named, wasDue: wasDue ?? named.wasDue }
})

/** The newest epoch and the home of each delivery, whatever a caller says. */
const whoeverAsks = (ledger: LedgerShape) => {
  const epochs = new Map<WorkspaceId, Epoch>()
  const homes = new Map<DeliveryId, WorkspaceId>()
  const owned = <O extends Pick<Begin, "workspaceId" | "epoch" | "held">>(options: O): O => {
    const home = options.held.flatMap(({ id }) => homes.get(id) ?? [])[0] ?? options.workspaceId
    return { ...options, workspaceId: home, epoch: epochs.get(home) ?? options.epoch }
  }
  return {
    takeOver: (options: Parameters<LedgerShape["takeOver"]>[0]) =>
      Effect.tap(ledger.takeOver(options), ({ epoch }) => Effect.sync(() => epochs.set(options.workspaceId, epoch))),
    insert: (options: Parameters<LedgerShape["insert"]>[0]) =>
      Effect.tap(ledger.insert(options), (ids) =>
        Effect.sync(() => ids.forEach((id) => homes.set(id, options.workspaceId)))
      ),
    begin: (options: Begin) => ledger.begin(owned(options)),
    standing: (options: Parameters<LedgerShape["standing"]>[0]) => ledger.standing(owned(options))
  }
}

const brokenStandings: ReadonlyArray<BrokenTwin> = [
  brokenLedger("lets everything stand", standsNoMore, () => ({
    standing: ({ held }) => Effect.succeed(held.map(({ id }) => ({ id, started: false })))
  })),
  brokenLedger("lets nothing stand", standsNoMore, () => ({ standing: () => Effect.succeed([]) })),
  brokenLedger("knows of no started mark", standsAsNamed, (ledger) => ({
    standing: (options) =>
      Effect.map(ledger.standing(options), (standing) => standing.map(({ id }) => ({ id, started: false })))
  })),
  brokenLedger("tells what stands by id", standsAsNamed, (ledger) => ({
    standing: (options) =>
      Effect.map(ledger.standing(options), (standing) => standing.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  })),
  brokenLedger("lets stand what any claim holds", standsAgain, whateverClaim),
  brokenLedger("lets a try stand for the one before", standsAgain, whateverTry),
  brokenLedger("remembers a started mark for good", standsAgain, (ledger) => {
    const marked = new Set<DeliveryId>()
    return {
      start: (options) =>
        Effect.tap(ledger.start(options), () => Effect.sync(() => options.ids.forEach((id) => marked.add(id)))),
      standing: (options) =>
        Effect.map(ledger.standing(options), (standing) =>
          standing.map(({ id, started }) => ({ id, started: started || marked.has(id) }))
        )
    }
  }),
  brokenLedger(
    "lets nothing stand that was asked back",
    "what may not be sent stands as well: of a paused campaign, or asked back",
    (ledger) => {
      const asked = new Set<DeliveryId>()
      return {
        recall: (options) =>
          Effect.tap(ledger.recall(options), (recalled) =>
            Effect.sync(() => recalled.asked.forEach((id) => asked.add(id)))
          ),
        standing: (options) =>
          Effect.map(ledger.standing(options), (standing) => standing.filter(({ id }) => !asked.has(id)))
      }
    }
  ),
  brokenLedger("tells whoever asks what stands", isNotTold, whoeverAsks)
]

export const brokenBegins: ReadonlyArray<BrokenTwin> = [
  answering("lets send in the order of ids", isOrdered, ({ back, go }) => ({
    go: go.toSorted((a, b) => (a < b ? -1 : 1)),
    back
  })),
  brokenLedger("marks nothing", isExclusive, (ledger) => ({
    begin: (options) => ledger.begin({ ...options, mark: false })
  })),
  brokenLedger("marks although it was not asked to", isRepeatable, (ledger) => ({
    begin: (options) => ledger.begin({ ...options, mark: true })
  })),
  brokenLedger(
    "keeps in mind what it marked, and not in the store",
    "what is begun with the mark and not settled is in doubt when another takes over, and nothing else is",
    (ledger) => {
      const marked = new Set<string>()
      return {
        begin: (options) => {
          const held = options.held.filter((named) => !marked.has(nameOf(named)))
          return Effect.tap(ledger.begin({ ...options, held, mark: false }), ({ go }) =>
            Effect.sync(() => {
              for (const named of held) if (options.mark && go.includes(named.id)) marked.add(nameOf(named))
            })
          )
        }
      }
    }
  ),
  brokenLedger("sees a started mark only where it writes one", isStarted, (ledger) => ({
    begin: (options) =>
      options.mark
        ? ledger.begin(options)
        : Effect.map(Effect.all([ledger.begin(options), ledger.standing(options)]), ([{ back, go }, standing]) => {
            const started = standing.flatMap(({ id, started }) => (started ? [id] : []))
            return { back, go: inOrder(options.held, [...go, ...started]) }
          })
  })),
  answering("wants back whatever it lets nobody send", isGone, ({ go }, { held }) => ({
    go,
    back: held.flatMap(({ id }) => (go.includes(id) ? [] : [id]))
  })),
  answering("lets send whatever is named", isGone, (_, { held }) => ({ go: held.map(({ id }) => id), back: [] })),
  brokenLedger("lets begin what any claim holds", isReclaimed, whateverClaim),
  brokenLedger("takes one try for the next", isOfTry, whateverTry),
  brokenLedger("begins a delivery once for good", isReclaimed, (ledger) => {
    const begun = new Set<DeliveryId>()
    return {
      begin: (options) =>
        Effect.tap(ledger.begin({ ...options, held: options.held.filter(({ id }) => !begun.has(id)) }), ({ go }) =>
          Effect.sync(() => options.mark && go.forEach((id) => begun.add(id)))
        )
    }
  }),
  brokenLedger("begins one claim a call", "several claims are begun in one call, in the order given", (ledger) => ({
    begin: (options) =>
      ledger.begin({ ...options, held: options.held.filter(({ claimId }) => claimId === options.held[0]?.claimId) })
  })),
  answering("does not ask whether a campaign is running", isNotRunning, ({ back, go }, { held }) => ({
    go: inOrder(held, [...go, ...back]),
    back: []
  })),
  brokenLedger("marks what is to be given back", isNotRunning, (ledger) => ({
    begin: (options) =>
      Effect.tap(ledger.begin(options), ({ back: ids }) =>
        ledger.start({ ...options, claimId: options.held[0]?.claimId ?? 0n, ids })
      )
  })),
  answering("wants nothing given back", isNotRunning, ({ go }) => ({ go, back: [] })),
  brokenLedger("lets work go under any epoch of its campaign", isResumed, (ledger) => ({
    begin: Effect.fnUntraced(function* (options) {
      const begun = yield* ledger.begin(options)
      if (begun.back.length === 0) return begun
      const epochs = options.campaign === null ? [] : [0, 1, 2, 3, 4]
      const tried = yield* Effect.forEach(epochs, (epoch) =>
        ledger.begin({ ...options, campaign: options.campaign && { ...options.campaign, epoch } })
      )
      return tried.find(({ go }) => go.length > 0) ?? begun
    })
  })),
  brokenLedger("wants back what is begun", isBegun, (ledger) => ({
    begin: (options) =>
      Effect.map(Effect.all([ledger.begin(options), ledger.standing(options)]), ([{ back, go }, standing]) => ({
        go,
        back: back.length > 0 ? standing.map(({ id }) => id) : []
      }))
  })),
  brokenLedger("lets send what was asked back", isAsked, (ledger) => {
    const asked = new Set<DeliveryId>()
    return {
      recall: (options) =>
        Effect.tap(ledger.recall(options), (recalled) =>
          Effect.sync(() => recalled.asked.forEach((id) => asked.add(id)))
        ),
      begin: (options) =>
        Effect.map(ledger.begin(options), ({ back, go }) => ({
          go: inOrder(options.held, [...go, ...back.filter((id) => asked.has(id))]),
          back: back.filter((id) => !asked.has(id))
        }))
    }
  }),
  brokenLedger("wants all back when something was asked back", isAsked, (ledger) => ({
    begin: (options) =>
      Effect.map(ledger.begin(options), (begun) =>
        begun.back.length > 0 ? { go: [], back: inOrder(options.held, [...begun.go, ...begun.back]) } : begun
      )
  })),
  brokenLedger(
    "lets work go under the name of none",
    "background jobs wait for no campaign, and go under the name of none",
    (ledger) => {
      const campaigns = new Map<DeliveryId, Begin["campaign"]>()
      return {
        begin: (options) => {
          for (const { id } of options.held) if (!campaigns.has(id)) campaigns.set(id, options.campaign)
          const known = options.held.flatMap(({ id }) => campaigns.get(id) ?? [])[0]
          return Effect.flatMap(ledger.begin(options), (begun) =>
            begun.go.length + begun.back.length > 0 || known === undefined
              ? Effect.succeed(begun)
              : ledger.begin({ ...options, campaign: options.campaign === null ? known : null })
          )
        }
      }
    }
  ),
  brokenLedger("begins under an old epoch", "an old epoch begins nothing, and marks nothing", whoeverAsks),
  brokenLedger("begins for whoever asks", "the owner of one workspace begins nothing of another", whoeverAsks),
  brokenLedger(
    "ends a claim with the first that is settled of it",
    "whoever has the epoch settles part of a claim, which stands until its owner finishes it",
    (ledger) => {
      const claims = new Map<DeliveryId, bigint>()
      return {
        begin: (options) => {
          for (const { claimId, id } of options.held) claims.set(id, claimId)
          return ledger.begin(options)
        },
        settle: (options) =>
          ledger.settle({
            ...options,
            finishedClaims: [
              ...options.finishedClaims,
              ...options.settlements.flatMap(({ id }) => claims.get(id) ?? [])
            ]
          })
      }
    }
  ),
  ...brokenStandings,
  brokenLedger("lists the same due workspaces again", isPaged, (ledger) => ({
    dueWorkspaces: (options) => ledger.dueWorkspaces({ ...options, after: undefined })
  })),
  brokenLedger("lists those that nobody owns first", isPaged, (ledger) => ({
    dueWorkspaces: (options) =>
      Effect.map(ledger.dueWorkspaces({ ...options, limit: 10_000 }), (due) =>
        due.toSorted((a, b) => Number(a.owner !== null) - Number(b.owner !== null)).slice(0, options.limit)
      )
  }))
]
