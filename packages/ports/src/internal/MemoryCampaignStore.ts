/**
 * The CampaignStore over the shared rows in memory.
 */
import { failures } from "@fibercast/domain/Batch"
import { type Campaign, CampaignId, isOver } from "@fibercast/domain/Campaign"
import { none, planned, settled } from "@fibercast/domain/Counts"
import { dispatched } from "@fibercast/domain/Job"
import { type SkippedRow } from "@fibercast/domain/Recipient"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Context, Effect, Equal, Result } from "effect"
import {
  type AdvancedCampaign,
  CampaignConflict,
  CampaignNotFound,
  type CampaignStore,
  type NewCampaign,
  type Page,
  repeats
} from "../CampaignStore.ts"
import { LedgerUnavailable, strangeWait } from "../Ledger.ts"
import { WorkspaceNotFound } from "../WorkspaceStore.ts"
import { insert, type MemoryCampaign, type MemoryState, nextDeliveryId } from "./MemoryState.ts"

const view = ({ counts, row }: MemoryCampaign): Campaign => ({ ...row, counts })

/** What the wanted campaign asks for otherwise, by name. */
const differences = (kept: Campaign, wanted: NewCampaign): ReadonlyArray<string> => {
  const isImmediate = kept.spec.wallTime === null && wanted.spec.wallTime === null
  const fields = new Set<string>()
  for (const field of Object.keys({ ...kept.spec, ...wanted.spec })) {
    if (field === "dueAt" && isImmediate) continue
    if (!Equal.equals(Reflect.get(kept.spec, field), Reflect.get(wanted.spec, field))) fields.add(field)
  }
  if (kept.templateHash !== wanted.templateHash) fields.add("template")
  if (kept.audienceHash !== wanted.audienceHash) fields.add("audience")
  return [...fields]
}

const isActive = ({ counts, row }: MemoryCampaign): boolean =>
  !isOver(row.status) || (row.status === "cancelled" && counts.open > 0)

const needsActor = ({ counts, row }: MemoryCampaign, by: number): boolean =>
  row.status === "running" ||
  (row.status === "scheduled" && (!row.expanded || row.spec.dueAt <= by)) ||
  (row.status === "cancelled" && counts.open > 0)

/** Whether it is for who runs these pipelines. */
const isOffered = ({ row }: MemoryCampaign, by: number, pipelines: ReadonlyArray<string> | undefined): boolean =>
  pipelines === undefined ||
  pipelines.includes(row.spec.pipeline) ||
  Math.max(row.createdAt, row.spec.dueAt) <= by - strangeWait

/** The campaign of the key as it stands, or a new one. */
export const create = (
  state: MemoryState,
  wanted: NewCampaign
): Result.Result<{ readonly campaign: Campaign; readonly created: boolean }, LedgerUnavailable | CampaignConflict> => {
  const workspace = state.workspaces.get(wanted.workspaceId)
  if (workspace === undefined) {
    const cause = new WorkspaceNotFound({ workspaceId: wanted.workspaceId })
    return Result.fail(new LedgerUnavailable({ operation: "create a campaign", cause }))
  }
  const known = workspace.campaignKeys.get(wanted.key)
  if (known !== undefined) {
    const differs = differences(known.row, wanted)
    if (differs.length === 0) return Result.succeed({ campaign: view(known), created: false })
    return Result.fail(new CampaignConflict({ campaignId: known.row.id, key: wanted.key, differs }))
  }
  const { audienceHash, key, spec, templateHash, workspaceId } = wanted
  const row: Campaign = {
    id: CampaignId.make(state.campaigns.size + 1),
    workspaceId,
    key,
    spec,
    status: "scheduled",
    epoch: 0,
    note: null,
    templateHash,
    audienceHash,
    expandedRows: 0,
    expanded: false,
    counts: none,
    createdAt: wanted.now,
    startedAt: null,
    completedAt: null
  }
  const campaign = { row, counts: none, consequences: wanted.consequences ?? null, identities: new Map() }
  state.campaigns.set(row.id, campaign)
  workspace.campaignKeys.set(key, campaign)
  return Result.succeed({ campaign: view(campaign), created: true })
}

/** What its consequences are now, and what is left of them; null: nothing follows yet. */
const following = ({ consequences, counts, row }: MemoryCampaign) => {
  if (consequences === null) return null
  const isCompleted = row.status === "completed"
  const isEnd = isCompleted || (row.status === "cancelled" && counts.open === 0)
  const caught = failures(counts) > 0 ? consequences.catch : null
  if (caught === null && !isEnd) return null
  const jobs = [caught, isCompleted ? consequences.then : null, isEnd ? consequences.finally : null]
  return { jobs: jobs.flatMap((job) => job ?? []), left: isEnd ? null : { ...consequences, catch: null } }
}

export const make = (state: MemoryState): Context.Service.Shape<typeof CampaignStore> => {
  const find = (workspaceId: WorkspaceId, campaignId: CampaignId) => {
    const campaign = state.campaigns.get(campaignId)
    return campaign === undefined || campaign.row.workspaceId !== workspaceId
      ? Effect.fail(new CampaignNotFound({ campaignId }))
      : Effect.succeed(campaign)
  }

  const skip = (campaign: MemoryCampaign, { input, reason, row }: SkippedRow, now: number): void => {
    campaign.counts = settled(planned(campaign.counts, 1), "skipped")
    const { id: campaignId, spec, workspaceId } = campaign.row
    state.ended.set({
      id: nextDeliveryId(state),
      workspaceId,
      campaignId,
      batchId: null,
      pipeline: spec.pipeline,
      lane: spec.lane,
      tags: [],
      state: "skipped",
      dispatchedAt: now,
      dueAt: spec.dueAt,
      deadline: null,
      attempt: 0,
      attempts: [],
      rescues: 0,
      claim: null,
      recalled: null,
      settledAt: now,
      providerId: null,
      errorClass: null,
      reason,
      payload: JSON.stringify({ row, input })
    })
  }

  return {
    create: Effect.fn("CampaignStore.create")(function* (wanted) {
      return yield* Effect.fromResult(create(state, wanted))
    }),

    get: (workspaceId, campaignId) => Effect.map(find(workspaceId, campaignId), view),

    list: ({ limit, workspaceId }) =>
      Effect.sync(() =>
        [...(state.workspaces.get(workspaceId)?.campaignKeys.values() ?? [])].slice(-limit).toReversed().map(view)
      ),

    active: (workspaceId) =>
      Effect.sync(() =>
        [...(state.workspaces.get(workspaceId)?.campaignKeys.values() ?? [])].filter(isActive).map(view)
      ),

    activeWorkspaces: (by, pipelines) =>
      Effect.sync(() =>
        [...state.workspaces.values()]
          .filter(({ campaignKeys, row }) => {
            return (
              row.quarantine === null &&
              [...campaignKeys.values()].some(
                (campaign) =>
                  (needsActor(campaign, by) && isOffered(campaign, by, pipelines)) || following(campaign) !== null
              )
            )
          })
          .map(({ ownedUntil, owner, row }) => ({ workspaceId: row.id, owner, ownedUntil }))
      ),

    append: Effect.fn("CampaignStore.append")(function* (page: Page) {
      const campaign = state.campaigns.get(page.campaignId)
      const workspace = campaign && state.workspaces.get(campaign.row.workspaceId)
      if (campaign === undefined || workspace === undefined) {
        return yield* new CampaignNotFound({ campaignId: page.campaignId })
      }
      const { expanded, expandedRows, id: campaignId, spec, status } = campaign.row
      if (expanded || status === "cancelled" || page.from !== expandedRows)
        return { inserted: 0, duplicates: 0, skipped: 0 }
      const duplicates: Array<SkippedRow> = []
      for (const recipient of page.recipients) {
        const { address, identity = address, payload, row } = recipient
        const first = campaign.identities.get(identity)
        if (first === undefined) {
          campaign.identities.set(identity, row)
          const { deadline, dueAt, lane, pipeline } = spec
          insert(state, workspace, { pipeline, lane, campaignId, dueAt, deadline, payload }, page.now)
        } else {
          duplicates.push({ row, input: address, reason: repeats(recipient, first) })
        }
      }
      const skipped = [...duplicates, ...page.skipped].toSorted((a, b) => a.row - b.row)
      for (const record of skipped) skip(campaign, record, page.now)
      campaign.row = { ...campaign.row, expandedRows: page.to, expanded: page.last }
      const inserted = page.recipients.length - duplicates.length
      return { inserted, duplicates: duplicates.length, skipped: page.skipped.length }
    }),

    transition: Effect.fn("CampaignStore.transition")(function* ({ campaignId, from, note, now, to, workspaceId }) {
      const campaign = yield* find(workspaceId, campaignId)
      const { row } = campaign
      const isUnfinished = campaign.counts.open > 0 || !row.expanded
      if (!from.includes(row.status) || (to === "completed" && isUnfinished)) return view(campaign)
      const mustBeNoticed = to === "paused" || to === "cancelled" || row.status === "paused"
      campaign.row = {
        ...row,
        status: to,
        note,
        epoch: mustBeNoticed ? row.epoch + 1 : row.epoch,
        startedAt: to === "running" ? (row.startedAt ?? now) : row.startedAt,
        completedAt: to === "completed" ? now : row.completedAt
      }
      return view(campaign)
    }),

    advance: ({ limit, now, workspaceId }) =>
      Effect.sync(() => {
        const workspace = state.workspaces.get(workspaceId)
        const advanced: Array<AdvancedCampaign> = []
        for (const campaign of workspace?.campaignKeys.values() ?? []) {
          const follows = following(campaign)
          if (workspace === undefined || follows === null || advanced.length >= limit) continue
          for (const job of follows.jobs) insert(state, workspace, dispatched(job, now), now)
          campaign.consequences = follows.left
          advanced.push({ campaignId: campaign.row.id, dispatched: follows.jobs.length })
        }
        return advanced
      })
  }
}
