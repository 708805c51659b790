/**
 * Ledgers that do not keep to a pause of lanes, and those that mistake what is held.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger } from "@fibercast/ports/Ledger"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"

type LedgerShape = Ledger["Service"]
type WorkspaceStoreShape = WorkspaceStore["Service"]

const memory = Layer.merge(MemoryStore.layer, NodeRegistry.layerMemory)

/** A memory store whose Ledger differs in what `change` answers, who may ask for what is paused. */
const brokenPause = (
  does: string,
  breaks: string,
  change: (ledger: LedgerShape, workspaces: WorkspaceStoreShape) => Partial<LedgerShape>
): BrokenTwin => {
  const twin = Layer.effect(
    Ledger,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      return Ledger.of({ ...ledger, ...change(ledger, yield* WorkspaceStore) })
    })
  )
  return { does, breaks, layer: Layer.provideMerge(twin, memory) }
}

/** The call, as if nothing were paused. */
const unpaused = <A, E>(workspaces: WorkspaceStoreShape, workspaceId: WorkspaceId, call: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const known = yield* Effect.orDie(workspaces.get(workspaceId))
    const [first, ...rest]: ReadonlyArray<Lane> = known.paused?.lanes ?? []
    yield* Effect.orDie(workspaces.resumeLanes(workspaceId, known.paused?.lanes ?? []))
    const answer = yield* call
    const note = known.paused?.note ?? null
    const now = known.paused?.since ?? 0
    if (first !== undefined)
      yield* Effect.orDie(workspaces.pauseLanes(workspaceId, { lanes: [first, ...rest], note, now }))
    return answer
  })

const isRefused =
  "nothing of a paused lane is claimed, however late it is dispatched; other lanes and other workspaces go on"
const isNotDue =
  "what is due of a paused lane makes no workspace due, and is not what is due next; its other work still is"
const isServed = "work is due for those who serve its lane"
const isHeard = "a heartbeat answers the lanes that are paused"
const isGivenBack = "work of a paused lane is to be given back, and is not marked; resumed, it may be sent"
const isCounted = "what stands in claims is counted by lane, with its owner, until it ends or has left them"

const isNotWhole = "claims of a paused lane are not answered, those of other lanes are; resumed, all are"

export const brokenLanePauses: ReadonlyArray<BrokenTwin> = [
  brokenPause("claims what is paused", isRefused, (ledger, workspaces) => ({
    claim: (claim) => unpaused(workspaces, claim.workspaceId, ledger.claim(claim))
  })),
  brokenPause("claims nothing at all while a lane is paused", isRefused, (ledger, workspaces) => ({
    claim: (claim) =>
      Effect.flatMap(Effect.orDie(workspaces.get(claim.workspaceId)), ({ paused }) =>
        paused === null ? ledger.claim(claim) : Effect.succeed(null)
      )
  })),
  brokenPause("finds paused work to be due next", isNotDue, (ledger, workspaces) => ({
    nextDue: (options) => unpaused(workspaces, options.workspaceId, ledger.nextDue(options))
  })),
  brokenPause("finds a workspace due for work of any lane", isServed, (ledger) => ({
    dueWorkspaces: (options) => ledger.dueWorkspaces({ ...options, lanes: undefined })
  })),
  brokenPause("lets send what is paused", isGivenBack, (ledger, workspaces) => ({
    begin: (begin) => unpaused(workspaces, begin.workspaceId, ledger.begin(begin))
  })),
  brokenPause("begins claims of what is paused", isNotWhole, (ledger, workspaces) => ({
    beginClaims: (options) => unpaused(workspaces, options.workspaceId, ledger.beginClaims(options))
  })),
  brokenPause("begins no claims at all while a lane is paused", isNotWhole, (ledger, workspaces) => ({
    beginClaims: (options) =>
      Effect.flatMap(Effect.orDie(workspaces.get(options.workspaceId)), ({ paused }) =>
        paused === null ? ledger.beginClaims(options) : Effect.succeed([])
      )
  })),
  brokenLedger("hears of no pause", isHeard, (ledger) => ({
    heartbeat: (options) => Effect.as(ledger.heartbeat(options), [])
  })),
  brokenLedger("counts what is held as urgent", isCounted, (ledger) => ({
    holding: (workspaceId) =>
      Effect.map(ledger.holding(workspaceId), (holding) => {
        const urgent = Object.values(holding.held).reduce((sum, count) => sum + count, 0)
        return { ...holding, held: { urgent, high: 0, normal: 0, bulk: 0 } }
      })
  }))
]
