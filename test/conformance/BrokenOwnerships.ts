/**
 * Ledgers that mistake who owns a workspace, or what becomes of the work of an owner that is gone.
 */
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Batch, type DueWorkspace } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"
import { idsOf } from "./Given.ts"

/** Remembers the newest epoch of each workspace, and lends it to whoever comes with an old one. */
const lender = () => {
  const newest = new Map<WorkspaceId, Epoch>()
  return {
    remember: (workspaceId: WorkspaceId, epoch: Epoch) => Effect.sync(() => newest.set(workspaceId, epoch)),
    lend: <A extends Owned>(options: A): A => ({
      ...options,
      epoch: newest.get(options.workspaceId) ?? options.epoch
    })
  }
}

const unfenced = (
  method: "claim" | "settle" | "heartbeat" | "giveBack" | "start" | "rescue" | "cancel" | "abandon",
  breaks: string
) =>
  brokenLedger(`lets an old epoch ${method}`, breaks, (ledger) => {
    const { lend, remember } = lender()
    const methods = {
      claim: { claim: (options) => ledger.claim(lend(options)) },
      settle: { settle: (options) => ledger.settle(lend(options)) },
      heartbeat: { heartbeat: (options) => ledger.heartbeat(lend(options)) },
      giveBack: { giveBack: (options) => ledger.giveBack(lend(options)) },
      start: { start: (options) => ledger.start(lend(options)) },
      rescue: { rescue: (options) => ledger.rescue(lend(options)) },
      cancel: { cancel: (options) => ledger.cancel(lend(options)) },
      abandon: { abandon: (options) => ledger.abandon(lend(options)) }
    } satisfies { readonly [Name in typeof method]: Partial<Pick<typeof ledger, Name>> }
    return {
      ...methods[method],
      takeOver: (options) => Effect.tap(ledger.takeOver(options), ({ epoch }) => remember(options.workspaceId, epoch))
    }
  })

export const brokenOwnerships: ReadonlyArray<BrokenTwin> = [
  unfenced("claim", "an old epoch cannot claim"),
  unfenced("settle", "an old epoch cannot settle, nor finish a claim"),
  unfenced("heartbeat", "an old epoch cannot keep the ownership"),
  unfenced("giveBack", "an old epoch cannot give claims back"),
  unfenced("start", "an old epoch cannot write the started mark"),
  unfenced("rescue", "an old epoch cannot rescue"),
  unfenced("cancel", "an old epoch cannot cancel"),
  unfenced("abandon", "an old epoch cannot abandon"),
  brokenLedger(
    "takes a workspace from a live owner",
    "a workspace with a live owner is not taken over, and the answer names owner and end of lease",
    (ledger) => ({ takeOver: (options) => ledger.takeOver({ ...options, force: true }) })
  ),
  brokenLedger("refuses force", "force takes a workspace over from a live owner", (ledger) => ({
    takeOver: (options) => ledger.takeOver({ ...options, force: false })
  })),
  brokenLedger(
    "holds a lease a millisecond too long",
    "a workspace is taken over from the instant its owner's lease ends",
    (ledger) => ({ takeOver: (options) => ledger.takeOver({ ...options, lease: options.lease + 1 }) })
  ),
  brokenLedger("lets no heartbeat count", "a heartbeat keeps the ownership for another lease", () => ({
    heartbeat: () => Effect.succeed([])
  })),
  brokenLedger(
    "does not let go when abandoned",
    "an abandoned workspace is free at once, and its work is given back",
    () => ({ abandon: () => Effect.void })
  ),
  brokenLedger("lets who abandoned go on", "who abandoned a workspace writes nothing for it any more", (ledger) => {
    const { lend, remember } = lender()
    return {
      abandon: Effect.fnUntraced(function* (options) {
        yield* ledger.abandon(options)
        const back = ledger.takeOver({ ...options, owner: "node-a", lease: 0, force: true })
        yield* Effect.ignore(Effect.tap(back, ({ epoch }) => remember(options.workspaceId, epoch)))
      }),
      claim: (options) => ledger.claim(lend(options)),
      settle: (options) => ledger.settle(lend(options)),
      heartbeat: (options) => ledger.heartbeat(lend(options))
    }
  }),
  brokenLedger(
    "forgets the started mark",
    "a take-over makes unknown what carries a started mark, and rescues the rest of the claim",
    () => ({ start: () => Effect.void })
  ),
  brokenLedger(
    "marks the whole claim as started",
    "a take-over makes unknown what carries a started mark, and rescues the rest of the claim",
    (ledger) => {
      const claims = new Map<bigint, Batch>()
      return {
        claim: (options) =>
          Effect.tap(ledger.claim(options), (batch) =>
            Effect.sync(() => batch !== null && claims.set(batch.claimId, batch))
          ),
        start: (options) => ledger.start({ ...options, ids: idsOf(claims.get(options.claimId)?.deliveries ?? []) })
      }
    }
  ),
  brokenLedger("keeps only the newest marks", "marks written in several steps all count", (ledger) => {
    const claims = new Set<bigint>()
    return {
      start: (options) => {
        if (claims.has(options.claimId)) return Effect.void
        claims.add(options.claimId)
        return ledger.start(options)
      }
    }
  }),
  brokenLedger(
    "charges a rescue",
    "a take-over rescues what was not started: claimable again, uncharged, one rescue more",
    (ledger) => ({
      claim: (options) =>
        Effect.map(ledger.claim(options), (batch) =>
          batch === null
            ? null
            : {
                ...batch,
                deliveries: batch.deliveries.map((delivery) => ({
                  ...delivery,
                  attempt: delivery.attempt + delivery.rescues
                }))
              }
        )
    })
  ),
  brokenLedger(
    "does not count rescues",
    "a take-over rescues what was not started: claimable again, uncharged, one rescue more",
    (ledger) => ({
      claim: (options) =>
        Effect.map(ledger.claim(options), (batch) =>
          batch === null
            ? null
            : { ...batch, deliveries: batch.deliveries.map((delivery) => ({ ...delivery, rescues: 0 })) }
        )
    })
  ),
  brokenLedger(
    "does not see an owner that went silent",
    "a workspace whose owner went silent over claimed work is due",
    (ledger) => ({
      dueWorkspaces: (options) =>
        Effect.map(ledger.dueWorkspaces(options), (due) =>
          due.filter(({ ownedUntil }) => ownedUntil === null || ownedUntil > options.now)
        )
    })
  ),
  brokenLedger(
    "lists workspaces before they are due",
    "a workspace is due by the due time of its work, not before",
    (ledger) => ({ dueWorkspaces: (options) => ledger.dueWorkspaces({ ...options, by: options.by + 1 }) })
  ),
  brokenLedger(
    "lists more workspaces than asked for",
    "a due workspace is listed with its owner, and no more are listed than asked for",
    (ledger) => ({ dueWorkspaces: (options) => ledger.dueWorkspaces({ ...options, limit: 10_000 }) })
  ),
  brokenLedger(
    "offers everybody the work of any pipeline at once",
    "work of another pipeline is due for all once nobody has come to it for long enough",
    (ledger) => ({ dueWorkspaces: (options) => ledger.dueWorkspaces({ ...options, pipelines: undefined }) })
  ),
  brokenLedger(
    "leaves work to those who run its pipeline for ever",
    "work of another pipeline is due for all once nobody has come to it for long enough",
    (ledger) => ({
      dueWorkspaces: ({ pipelines, ...options }) =>
        pipelines === undefined || pipelines.includes("crm.sync") ? ledger.dueWorkspaces(options) : Effect.succeed([])
    })
  ),
  brokenLedger(
    "lists a workspace for good once it was due",
    "what is due of a paused campaign makes no workspace due; its other work still does",
    (ledger) => {
      const listed = new Map<number, DueWorkspace>()
      return {
        dueWorkspaces: (options) =>
          Effect.map(ledger.dueWorkspaces(options), (due) => {
            for (const workspace of due) listed.set(workspace.workspaceId, workspace)
            return [...listed.values()]
          })
      }
    }
  ),
  brokenLedger(
    "counts no death of a sender",
    "what a sender died with leaves its claim, uncharged, one rescue more, while the rest is still held",
    (ledger) => ({
      rescue: ({ held, ...owned }) =>
        Effect.asVoid(ledger.settle({ ...owned, settlements: [], givenBack: held, finishedClaims: [] }))
    })
  ),
  brokenLedger(
    "lets a sender's death end the whole claim",
    "what a sender died with leaves its claim, uncharged, one rescue more, while the rest is still held",
    (ledger) => ({
      rescue: ({ held, ...owned }) =>
        Effect.andThen(
          ledger.rescue({ ...owned, held }),
          Effect.asVoid(
            ledger.settle({ ...owned, settlements: [], finishedClaims: held.map(({ claimId }) => claimId) })
          )
        )
    })
  ),
  brokenLedger(
    "takes a new claim for the one that a sender died with",
    "a death is counted once, however often it is told, and not for what is claimed again",
    (ledger) => {
      let newest = 0n
      return {
        claim: (options) =>
          Effect.tap(ledger.claim(options), (batch) => Effect.sync(() => (newest = batch?.claimId ?? newest))),
        rescue: ({ held, ...owned }) =>
          ledger.rescue({ ...owned, held: [...held, ...held.map((one) => ({ ...one, claimId: newest }))] })
      }
    }
  )
]
