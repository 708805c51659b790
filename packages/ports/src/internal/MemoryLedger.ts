/**
 * The Ledger over the shared rows in memory.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type ClaimedDelivery, type DeliveryId } from "@fibercast/domain/Delivery"
import { transition } from "@fibercast/domain/DeliveryState"
import { lanes } from "@fibercast/domain/Lane"
import { Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Context, Effect, Option } from "effect"
import { type TakeDoubts } from "../Doubt.ts"
import { type Begin, type BeginClaims, type HeldDelivery } from "../HandOver.ts"
import { type Batch, type Claim, type DoneDelivery, type Ledger, LedgerUnavailable } from "../Ledger.ts"
import { type Settle, type Settlement } from "../Settlement.ts"
import { EpochLost, type Owned, type TakeOver, WorkspaceHeld } from "../Owned.ts"
import { WorkspaceNotFound } from "../WorkspaceStore.ts"
import { type EndedDelivery } from "./EndedDeliveries.ts"
import { begin, rescueHeld, standing, whole } from "./MemoryBegin.ts"
import { dispatch } from "./MemoryDispatch.ts"
import { takeDoubts } from "./MemoryDoubts.ts"
import { dueWorkspaces, isPausedLane } from "./MemoryDue.ts"
import { firstClaimable, recall, recalled, takeClaimable } from "./MemoryRecalls.ts"
import {
  addAttempt,
  finish,
  free,
  heldBy,
  insert,
  type MemoryState,
  type MemoryWorkspace,
  type OpenDelivery,
  release,
  rescue,
  sourceOf,
  type StandingClaim,
  stateOf
} from "./MemoryState.ts"

const handOut = (delivery: OpenDelivery): ClaimedDelivery => {
  const { attempt, batchId = null, campaignId, deadline, dueAt, id, lane, payload, pipeline, rescues } = delivery
  return { id, pipeline, lane, campaignId, attempt, rescues, dueAt, deadline, payload, batchId }
}

const doneOf = (record: EndedDelivery): DoneDelivery => {
  const { attempt, errorClass, id, payload, providerId, reason, settledAt, state } = record
  return { id, state, attempt, settledAt, providerId, errorClass, reason, payload }
}

const completed = ({ dueAt, id }: OpenDelivery): Settlement => ({
  id,
  wasDue: dueAt,
  state: "completed",
  providerId: null,
  errorClass: null,
  reason: null
})

export const make = (state: MemoryState): Context.Service.Shape<typeof Ledger> => {
  const workspaceOf = (workspaceId: WorkspaceId, operation: string) => {
    const workspace = state.workspaces.get(workspaceId)
    return workspace === undefined
      ? Effect.fail(new LedgerUnavailable({ operation, cause: new WorkspaceNotFound({ workspaceId }) }))
      : Effect.succeed(workspace)
  }

  /** The fence: the workspace, if the caller owns it. */
  const owned = ({ epoch, workspaceId }: Owned) => {
    const workspace = state.workspaces.get(workspaceId)
    return workspace === undefined || workspace.owner === null || workspace.epoch !== epoch
      ? Effect.fail(new EpochLost({ workspaceId, epoch }))
      : Effect.succeed(workspace)
  }

  /** Whether the settlement was written. */
  const settleOne = (workspace: MemoryWorkspace, settlement: Settlement, now: number): boolean => {
    const delivery = state.open.get(settlement.id)
    if (delivery === undefined || delivery.workspace !== workspace || delivery.dueAt !== settlement.wasDue) return false
    const before = stateOf(delivery)
    switch (settlement.state) {
      case "retry":
      case "snooze": {
        const isRetry = settlement.state === "retry"
        if (settlement.dueAt <= settlement.wasDue) return false
        if (Option.isNone(transition(before, { _tag: isRetry ? "Retry" : "Snooze" }))) return false
        delivery.dueAt = settlement.dueAt
        free(delivery)
        if (isRetry) {
          delivery.attempt += 1
          workspace.attempts.push(now)
          addAttempt(delivery, "retry", delivery.attempt, { ...settlement, now })
        }
        return true
      }
      default: {
        if (Option.isNone(transition(before, { _tag: "Settle", state: settlement.state }))) return false
        sourceOf(workspace, delivery.lane, delivery.campaignId)?.remove(delivery)
        finish(state, delivery, { ...settlement, now })
        return true
      }
    }
  }

  return {
    insert: Effect.fn("Ledger.insert")(function* (options) {
      const workspace = yield* workspaceOf(options.workspaceId, "insert")
      return options.deliveries.map((delivery) => insert(state, workspace, delivery, options.now))
    }),

    dispatch: Effect.fn("Ledger.dispatch")(function* (options) {
      const workspace = yield* workspaceOf(options.workspaceId, "dispatch")
      return dispatch(state, workspace, options.dispatches, options.now)
    }),

    takeOver: Effect.fn("Ledger.takeOver")(function* ({ force, lease, now, owner, workspaceId }: TakeOver) {
      const workspace = yield* workspaceOf(workspaceId, "take over")
      const { owner: holder, ownedUntil: until } = workspace
      if (!force && holder !== null && holder !== owner && until !== null && until > now) {
        return yield* new WorkspaceHeld({ workspaceId, owner: holder, until })
      }
      workspace.owner = owner
      workspace.ownedUntil = now + lease
      workspace.epoch = Epoch.make(workspace.epoch + 1)
      return { epoch: workspace.epoch, ...rescue(state, workspace, now) }
    }),

    heartbeat: Effect.fn("Ledger.heartbeat")(function* (options) {
      const workspace = yield* owned(options)
      workspace.ownedUntil = options.now + options.lease
      return workspace.row.paused?.lanes ?? []
    }),

    abandon: Effect.fn("Ledger.abandon")(function* (options: Owned) {
      const workspace = yield* Effect.option(owned(options))
      if (Option.isNone(workspace)) return
      workspace.value.owner = null
      workspace.value.ownedUntil = null
      rescue(state, workspace.value, options.now)
    }),

    takeDoubts: Effect.fn("Ledger.takeDoubts")(function* (options: TakeDoubts) {
      return takeDoubts(state, yield* owned(options), options)
    }),

    claim: Effect.fn("Ledger.claim")(function* (options: Claim) {
      const workspace = yield* owned(options)
      const { campaignId, lane } = options.source
      const source = sourceOf(workspace, lane, campaignId)
      if (source === undefined || isPausedLane(workspace, lane)) return null
      const taken = takeClaimable(workspace, source, options.after, options.now, options.limit)
      if (taken.length === 0) return null
      state.lastClaimId += 1n
      const claimId = state.lastClaimId
      const claim: StandingClaim = {
        claimId,
        claimedAt: options.now,
        deliveries: taken,
        recallNo: workspace.recallNo,
        isIntact: true
      }
      workspace.claims.set(claimId, claim)
      for (const delivery of taken) delivery.claim = claim
      const deliveries = taken.map(handOut)
      return { claimId, claimedAt: options.now, deliveries } satisfies Batch
    }),

    giveBack: Effect.fn("Ledger.giveBack")(function* (options) {
      const workspace = yield* owned(options)
      for (const [claimId, claim] of workspace.claims) {
        if (!options.except.includes(claimId)) release(state, workspace, claim)
      }
    }),

    start: Effect.fn("Ledger.start")(function* (options) {
      const workspace = yield* owned(options)
      const claim = workspace.claims.get(options.claimId)
      for (const id of options.ids) {
        const delivery = state.open.get(id)
        if (delivery !== undefined && delivery.claim !== null && delivery.claim === claim) delivery.isStarted = true
      }
    }),

    begin: Effect.fn("Ledger.begin")(function* (options: Begin) {
      return begin(state, yield* owned(options), options)
    }),

    beginClaims: Effect.fn("Ledger.beginClaims")(function* (options: BeginClaims) {
      return whole(state, yield* owned(options), options)
    }),

    standing: Effect.fn("Ledger.standing")(function* (options: Owned & { readonly held: ReadonlyArray<HeldDelivery> }) {
      return standing(state, yield* owned(options), options.held)
    }),

    rescue: Effect.fn("Ledger.rescue")(function* (options: Owned & { readonly held: ReadonlyArray<HeldDelivery> }) {
      rescueHeld(state, yield* owned(options), options.held)
    }),

    settle: Effect.fn("Ledger.settle")(function* (options: Settle) {
      const workspace = yield* owned(options)
      let final = 0
      let later = 0
      for (const settlement of options.settlements) {
        if (!settleOne(workspace, settlement, options.now)) continue
        if (settlement.state === "retry" || settlement.state === "snooze") later += 1
        else final += 1
      }
      for (const { claimId, id } of options.givenBack ?? []) {
        const delivery = state.open.get(id)
        const claim = workspace.claims.get(claimId)
        if (delivery !== undefined && claim !== undefined && delivery.claim === claim) free(delivery)
      }
      for (const claimId of options.finishedClaims) {
        const claim = workspace.claims.get(claimId)
        if (claim !== undefined) release(state, workspace, claim)
      }
      for (const claimId of options.completedClaims ?? []) {
        const claim = workspace.claims.get(claimId)
        if (claim === undefined) continue
        const held = heldBy(state, claim)
        for (const delivery of held) settleOne(workspace, completed(delivery), options.now)
        final += held.length
        release(state, workspace, claim)
      }
      return { final, later }
    }),

    cancel: Effect.fn("Ledger.cancel")(function* (options) {
      const workspace = yield* owned(options)
      let cancelled = 0
      for (const lane of lanes) {
        const source = sourceOf(workspace, lane, options.campaignId)
        for (const delivery of source?.take(null, Infinity, options.limit - cancelled) ?? []) {
          const ending = { state: "cancelled", now: options.now, providerId: null, errorClass: null } as const
          finish(state, delivery, { ...ending, reason: options.reason })
          cancelled += 1
        }
      }
      return cancelled
    }),

    recall: (options) =>
      Effect.sync(() => {
        const workspace = state.workspaces.get(options.workspaceId)
        return workspace === undefined ? { cancelled: [], asked: [] } : recall(state, workspace, options)
      }),

    recalled: Effect.fn("Ledger.recalled")(function* (options: Owned) {
      return recalled(state, yield* owned(options), options.now)
    }),

    nextDue: ({ source: { campaignId, lane }, workspaceId }) =>
      Effect.sync(() => {
        const workspace = state.workspaces.get(workspaceId)
        const source = workspace === undefined ? undefined : sourceOf(workspace, lane, campaignId)
        if (workspace === undefined || source === undefined || isPausedLane(workspace, lane)) return null
        return firstClaimable(workspace, source)?.dueAt ?? null
      }),

    dueWorkspaces: (options) => Effect.sync(() => dueWorkspaces(state, options)),

    holding: (workspaceId) =>
      Effect.sync(() => {
        const workspace = state.workspaces.get(workspaceId)
        const held = { urgent: 0, high: 0, normal: 0, bulk: 0 }
        let started = 0
        for (const delivery of [...(workspace?.claims.values() ?? [])].flatMap((claim) => heldBy(state, claim))) {
          held[delivery.lane] += 1
          started += Number(delivery.isStarted)
        }
        return { owner: workspace?.owner ?? null, ownedUntil: workspace?.ownedUntil ?? null, held, started }
      }),

    attemptsSince: ({ since, workspaceId }) =>
      Effect.sync(
        () => state.workspaces.get(workspaceId)?.attempts.reduce((count, at) => count + Number(at >= since), 0) ?? 0
      ),

    done: (options: {
      readonly campaignId: CampaignId
      readonly states: ReadonlyArray<DoneDelivery["state"]>
      readonly after: DeliveryId | null
      readonly limit: number
    }) =>
      Effect.sync(() => {
        const found: Array<DoneDelivery> = []
        for (const record of state.ended.ofCampaign(options.campaignId, options.after)) {
          if (found.length >= options.limit) break
          if (options.states.includes(record.state)) found.push(doneOf(record))
        }
        return found
      })
  }
}
