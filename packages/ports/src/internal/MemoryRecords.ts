/**
 * Records over the shared rows in memory. Each call is one synchronous step; it walks over all that is kept.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type Lane, lanes, rank } from "@fibercast/domain/Lane"
import { type Context, Effect } from "effect"
import {
  countedBefore,
  type DeliveryRecord,
  type Depth,
  type EndedFilter,
  type Passage,
  type Records,
  type WorkFilter
} from "../Records.ts"
import { type EndedDelivery } from "./EndedDeliveries.ts"
import * as MemoryPruning from "./MemoryPruning.ts"
import { reopen } from "./MemoryReopening.ts"
import { finish, type MemoryState, type OpenDelivery, sourceOf, stateOf } from "./MemoryState.ts"

const byId = (a: { readonly id: DeliveryId }, b: { readonly id: DeliveryId }): number => (a.id < b.id ? -1 : 1)

const recordOfOpen = (delivery: OpenDelivery): DeliveryRecord => {
  const { attempt, campaignId, claim, deadline, dispatchedAt, dueAt, id, lane, payload, pipeline, rescues, workspace } =
    delivery
  return {
    id,
    workspaceId: workspace.row.id,
    campaignId,
    batchId: delivery.batchId ?? null,
    pipeline,
    lane,
    tags: delivery.tags ?? [],
    state: stateOf(delivery),
    dispatchedAt,
    dueAt,
    deadline,
    attempt,
    rescues,
    claim: claim && { claimedAt: claim.claimedAt, isStarted: delivery.isStarted, owner: workspace.owner },
    recalled: workspace.recalls.get(id) ?? null,
    settledAt: null,
    providerId: null,
    errorClass: null,
    reason: null,
    payload
  }
}

const recordOfEnded = ({ attempts: _attempts, ...record }: EndedDelivery): DeliveryRecord => record

const isIn = (record: DeliveryRecord, filter: WorkFilter): boolean =>
  (filter.workspaceId === null || record.workspaceId === filter.workspaceId) &&
  (filter.pipeline === undefined || record.pipeline === filter.pipeline) &&
  (filter.lane === undefined || record.lane === filter.lane) &&
  (filter.campaignId === undefined || record.campaignId === filter.campaignId) &&
  (filter.batchId === undefined || record.batchId === filter.batchId) &&
  (filter.tag === undefined || record.tags.includes(filter.tag))

const isForgotten = ({ payload, state }: EndedDelivery): boolean => state !== "completed" && payload === null

const isFound = (record: EndedDelivery, filter: EndedFilter): boolean =>
  isIn(record, filter) &&
  !isForgotten(record) &&
  filter.states.includes(record.state) &&
  (filter.errorClass === undefined || record.errorClass === filter.errorClass) &&
  (filter.reason === undefined || (record.reason ?? "").toLowerCase().includes(filter.reason.toLowerCase())) &&
  record.settledAt >= (filter.from ?? -Infinity) &&
  record.settledAt < (filter.until ?? Infinity)

const found = (
  { ended }: MemoryState,
  filter: EndedFilter,
  ids: ReadonlyArray<DeliveryId> | null = null
): ReadonlyArray<EndedDelivery> => {
  const named = ids === null ? null : new Set(ids)
  return [...ended.all()].filter((record) => isFound(record, filter) && named?.has(record.id) !== false).toSorted(byId)
}

const openOf = ({ open }: MemoryState, filter: WorkFilter): ReadonlyArray<OpenDelivery> =>
  [...open.values()].filter((delivery) => isIn(recordOfOpen(delivery), filter))

type Group = Pick<DeliveryRecord, "workspaceId" | "lane" | "pipeline">

/** Makes a group when it is first asked for; all of them are in the order of workspace, lane and pipeline. */
const grouped = <L extends Lane | null, A>(make: (of: Group & { readonly lane: L }) => A) => {
  const groups = new Map<string, A>()
  return {
    of: ({ lane, pipeline, workspaceId }: Group & { readonly lane: L }): A => {
      const order = `${String(workspaceId).padStart(10, "0")}/${lane === null ? lanes.length : rank(lane)}/${pipeline}`
      const group = groups.get(order) ?? make({ workspaceId, lane, pipeline })
      groups.set(order, group)
      return group
    },
    all: (): ReadonlyArray<A> => [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
  }
}

type Counting<A> = { -readonly [K in keyof A]: A[K] }

const depths = (state: MemoryState, workspaceId: WorkFilter["workspaceId"], now: number): ReadonlyArray<Depth> => {
  const none = { open: 0, due: 0, claimed: 0, oldestDue: null, nextDue: null, paused: 0 }
  const groups = grouped((of: Group & { readonly lane: Lane }): Counting<Depth> => ({ ...of, ...none }))
  for (const { campaignId, claim, dueAt, lane, pipeline, workspace } of openOf(state, { workspaceId })) {
    const isPaused = campaignId !== null && state.campaigns.get(campaignId)?.row.status === "paused"
    const depth = groups.of({ workspaceId: workspace.row.id, lane, pipeline })
    depth.open += 1
    if (claim !== null) depth.claimed += 1
    if (dueAt > now) depth.nextDue = Math.min(depth.nextDue ?? Infinity, dueAt)
    else {
      depth.due += 1
      if (isPaused) depth.paused += 1
      else if (claim === null) depth.oldestDue = Math.min(depth.oldestDue ?? Infinity, dueAt)
    }
  }
  return groups.all()
}

const noEnds = (): Record<FinalState, number> => ({
  completed: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  expired: 0,
  unknown: 0
})

const passages = (
  state: MemoryState,
  workspaceId: WorkFilter["workspaceId"],
  isWithin: (at: number | null) => boolean
): ReadonlyArray<Passage> => {
  const groups = grouped((of: Group) => ({ ...of, dispatched: 0, ended: noEnds() }))
  const isAsked = (record: DeliveryRecord) => workspaceId === null || record.workspaceId === workspaceId
  for (const delivery of state.open.values()) {
    const record = recordOfOpen(delivery)
    if (isAsked(record) && isWithin(record.dispatchedAt)) groups.of(record).dispatched += 1
  }
  for (const record of state.ended.all()) {
    if (!isAsked(record)) continue
    if (isWithin(record.dispatchedAt)) groups.of(record).dispatched += 1
    if (isWithin(record.settledAt)) groups.of(record).ended[record.state] += 1
  }
  return groups.all()
}

export const make = (state: MemoryState): Context.Service.Shape<typeof Records> => ({
  depths: ({ now, workspaceId }) => Effect.sync(() => depths(state, workspaceId, now)),

  passages: ({ from, until, workspaceId }) =>
    Effect.sync(() => passages(state, workspaceId, (at) => at !== null && at >= from && at < until)),

  find: ({ id, workspaceId }) =>
    Effect.sync(() => {
      const open = state.open.get(id)
      const ended = state.ended.get(id)
      const record = open === undefined ? ended && recordOfEnded(ended) : recordOfOpen(open)
      if (record === undefined || (workspaceId !== null && record.workspaceId !== workspaceId)) return null
      return { record, attempts: [...((open ?? ended)?.attempts ?? [])] }
    }),

  before: ({ id, now }) =>
    Effect.sync(() => {
      const delivery = state.open.get(id)
      if (delivery === undefined) return 0
      const source = sourceOf(delivery.workspace, delivery.lane, delivery.campaignId)
      let count = 0
      for (const other of source?.after(null) ?? []) {
        if (other.dueAt > now || count === countedBefore) break
        if (other.dueAt > delivery.dueAt || (other.dueAt === delivery.dueAt && other.id >= id)) break
        count += 1
      }
      return count
    }),

  ended: ({ after, filter, limit }) =>
    Effect.sync(() =>
      found(state, filter)
        .filter(({ id }) => after === null || id > after)
        .slice(0, limit)
        .map(recordOfEnded)
    ),

  countEnded: (filter) => Effect.sync(() => found(state, filter).length),

  open: ({ filter, limit }) =>
    Effect.sync(() =>
      openOf(state, filter)
        .toSorted((a, b) => a.dueAt - b.dueAt || byId(a, b))
        .slice(0, limit)
        .map(recordOfOpen)
    ),

  countOpen: (filter) => Effect.sync(() => openOf(state, filter).length),

  retry: ({ filter, ids, limit, now }) =>
    Effect.sync(() => {
      const opened: Array<Pick<DeliveryRecord, "id" | "workspaceId">> = []
      for (const record of found(state, filter, ids)) {
        if (opened.length >= limit) break
        const { id, workspaceId } = record
        if (reopen(state, record, now)) opened.push({ id, workspaceId })
      }
      return opened
    }),

  forget: ({ filter, ids, limit }) =>
    Effect.sync(() => {
      const some = found(state, filter, ids)
        .filter(({ payload }) => payload !== null)
        .slice(0, limit)
      for (const record of some) {
        const attempts = record.attempts.map((attempt) => ({ ...attempt, reason: null }))
        state.ended.set({ ...record, payload: null, reason: null, attempts })
      }
      return some.length
    }),

  clear: ({ filter, limit, now, reason }) =>
    Effect.sync(() => {
      const some = openOf(state, filter)
        .filter(({ claim }) => claim === null)
        .toSorted(byId)
        .slice(0, limit)
      for (const delivery of some) {
        sourceOf(delivery.workspace, delivery.lane, delivery.campaignId)?.remove(delivery)
        delivery.workspace.recallNo += 1
        finish(state, delivery, { state: "cancelled", now, providerId: null, errorClass: null, reason })
      }
      return some.length
    }),

  pipelines: Effect.sync(() => {
    const used = [...state.open.values(), ...state.ended.all()].map(({ pipeline }) => pipeline)
    return [...new Set([...used, ...state.retention.keys()])].toSorted().slice(0, 10_000)
  }),

  retain: (pipelines) =>
    Effect.sync(() => {
      for (const { pipeline, retention } of pipelines) state.retention.set(pipeline, retention)
    }),

  prune: (options) => Effect.sync(() => MemoryPruning.prune(state, options))
})
