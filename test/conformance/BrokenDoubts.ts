/**
 * Ledgers that mistake what an owner that is gone has left in doubt.
 */
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Doubt } from "@fibercast/ports/Doubt"
import { Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"

export const brokenDoubts: ReadonlyArray<BrokenTwin> = [
  brokenLedger(
    "tells nobody what a take-over left in doubt",
    "what a take-over leaves in doubt is answered as it was claimed, each once",
    () => ({ takeDoubts: () => Effect.succeed([]) })
  ),
  brokenLedger(
    "answers a doubt again to the next owner",
    "what a take-over leaves in doubt is answered as it was claimed, each once",
    (ledger) => {
      const taken = new Map<WorkspaceId, Array<Doubt>>()
      const epochs = new Map<WorkspaceId, number>()
      return {
        takeDoubts: Effect.fnUntraced(function* (options) {
          const found = yield* ledger.takeDoubts(options)
          const known = taken.get(options.workspaceId) ?? []
          taken.set(options.workspaceId, [...known, ...found])
          const before = epochs.get(options.workspaceId) ?? options.epoch
          epochs.set(options.workspaceId, options.epoch)
          return before === options.epoch ? found : known
        })
      }
    }
  ),
  brokenLedger(
    "answers more doubts than the limit",
    "what a take-over leaves in doubt is answered as it was claimed, each once",
    (ledger) => ({ takeDoubts: (options) => ledger.takeDoubts({ ...options, limit: options.limit + 1 }) })
  ),
  brokenLedger(
    "does not know which try is in doubt",
    "a doubt says which try it was, and how many nodes had died over the delivery before",
    (ledger) => ({
      takeDoubts: (options) =>
        Effect.map(ledger.takeDoubts(options), (doubts) =>
          doubts.map((doubt) => ({ ...doubt, delivery: { ...doubt.delivery, attempt: 0, rescues: 0 } }))
        )
    })
  ),
  brokenLedger(
    "leaves nothing in doubt when it is abandoned",
    "what an owner that gave up had begun is in doubt for the next; what is settled is not",
    (ledger) => ({
      abandon: Effect.fnUntraced(function* (options) {
        yield* ledger.abandon(options)
        const aside = { ...options, owner: "aside", lease: 0, force: true }
        const taken = yield* Effect.orDie(ledger.takeOver(aside))
        const all = { ...options, epoch: taken.epoch, limit: 1000, pipelines: ["reports", "jobs"] }
        yield* Effect.orDie(ledger.takeDoubts(all))
        yield* ledger.abandon({ ...options, epoch: taken.epoch })
      })
    })
  ),
  brokenLedger("lets an old epoch take doubts", "an old epoch cannot take doubts", (ledger) => {
    const newest = new Map<WorkspaceId, Epoch>()
    return {
      takeOver: (options) =>
        Effect.tap(ledger.takeOver(options), ({ epoch }) => Effect.sync(() => newest.set(options.workspaceId, epoch))),
      takeDoubts: (options) =>
        ledger.takeDoubts({ ...options, epoch: newest.get(options.workspaceId) ?? options.epoch })
    }
  }),
  brokenLedger(
    "gives doubts to whoever asks first, whatever pipelines he knows",
    "a doubt is left to those who know its pipeline, and after a while to anybody",
    (ledger) => ({
      takeDoubts: (options) =>
        ledger.takeDoubts({ ...options, pipelines: [...options.pipelines, "crm.sync", "reports"] })
    })
  ),
  brokenLedger(
    "keeps doubts for those who know their pipeline for ever",
    "a doubt is left to those who know its pipeline, and after a while to anybody",
    (ledger) => ({
      takeDoubts: (options) =>
        options.pipelines.includes("crm.sync") || options.pipelines.includes("reports")
          ? ledger.takeDoubts(options)
          : Effect.succeed([])
    })
  ),
  brokenLedger(
    "does not see a workspace that has nothing but doubts",
    "a workspace with doubts to be told is due for who knows their pipeline, and after a while for all, until they are taken",
    (ledger) => {
      const doubtful = new Set<WorkspaceId>()
      return {
        takeOver: (options) =>
          Effect.tap(ledger.takeOver(options), ({ unknown }) =>
            Effect.sync(() => unknown > 0 && doubtful.add(options.workspaceId))
          ),
        dueWorkspaces: (options) =>
          Effect.map(ledger.dueWorkspaces(options), (due) =>
            due.filter(({ workspaceId }) => !doubtful.has(workspaceId))
          )
      }
    }
  )
]
