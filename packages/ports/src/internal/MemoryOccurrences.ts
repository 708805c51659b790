/**
 * Occurrences over the shared rows in memory: recorded with their work, ended with it.
 */
import { isOver } from "@fibercast/domain/Campaign"
import { isAskedFor, ran } from "@fibercast/domain/OccurrenceOutcome"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type NewOccurrence, type Work } from "../TriggerStore.ts"
import { type RecordedOccurrence, type Run } from "../Run.ts"
import * as MemoryCampaignStore from "./MemoryCampaignStore.ts"
import { insert, type MemoryState } from "./MemoryState.ts"
import { type MemoryOccurrence, type MemoryTrigger, type RunEnding, tally } from "./MemoryTriggers.ts"

/** Dispatches the work of an occurrence; answers what it is. */
const dispatch = (state: MemoryState, workspaceId: WorkspaceId, work: Work | null, now: number) => {
  const workspace = state.workspaces.get(workspaceId)
  if (work === null || workspace === undefined) return { deliveryId: null, campaignId: null }
  if (work._tag === "Deliver") {
    const deliveryId = insert(state, workspace, work.delivery, now)
    state.triggers.runs.set(deliveryId, null)
    return { deliveryId, campaignId: null }
  }
  MemoryCampaignStore.create(state, work.campaign)
  const campaign = workspace.campaignKeys.get(work.campaign.key)
  return { deliveryId: null, campaignId: campaign?.row.id ?? null }
}

const track = (state: MemoryState, occurrence: MemoryOccurrence): void => {
  const { occurrenceId, outcome, state: ended } = occurrence.row
  if (outcome === "waiting" || (ran(outcome) && ended === null)) state.triggers.unfinished.set(occurrenceId, occurrence)
  else state.triggers.unfinished.delete(occurrenceId)
}

/** Writes a new record, or over the one of that nominal time. */
export const write = (
  state: MemoryState,
  trigger: MemoryTrigger,
  { work, ...asked }: NewOccurrence,
  now: number
): void => {
  const { definition, id: triggerId, workspaceId } = trigger.row
  const known = trigger.occurrences.get(asked.nominal)
  if (known !== undefined) tally(trigger, known.row.outcome, known.row.reason, -1)
  if (known === undefined) state.triggers.lastOccurrenceId += 1n
  const occurrence: MemoryOccurrence = {
    overlapKey: definition.overlapKey,
    row: {
      ...asked,
      ...dispatch(state, workspaceId, work, now),
      occurrenceId: known?.row.occurrenceId ?? state.triggers.lastOccurrenceId,
      triggerId,
      workspaceId,
      name: definition.trigger.name,
      recordedAt: now,
      state: null,
      failure: null,
      endedAt: null,
      output: null
    }
  }
  trigger.occurrences.set(asked.nominal, occurrence)
  tally(trigger, asked.outcome, asked.reason, 1)
  track(state, occurrence)
}

/** What waited gets its outcome. */
export const settle = (
  state: MemoryState,
  trigger: MemoryTrigger,
  occurrence: MemoryOccurrence,
  to: Pick<NewOccurrence, "outcome" | "reason" | "detail" | "work">,
  now: number
): void => {
  const { detail, outcome, reason, work } = to
  tally(trigger, occurrence.row.outcome, occurrence.row.reason, -1)
  tally(trigger, outcome, reason, 1)
  const dispatched = dispatch(state, trigger.row.workspaceId, work, now)
  occurrence.row = { ...occurrence.row, ...dispatched, outcome, reason, detail, recordedAt: now }
  track(state, occurrence)
}

/** How its work ended; null: it did not. */
export const endingOf = (state: MemoryState, { campaignId, deliveryId }: Run): RunEnding | null => {
  if (deliveryId !== null) return state.triggers.runs.get(deliveryId) ?? null
  const campaign = campaignId === null ? undefined : state.campaigns.get(campaignId)
  if (campaign === undefined) return { state: "unknown", now: 0, reason: "nothing is kept about its end" }
  const { completedAt, note, status } = campaign.row
  if (!isOver(status) || campaign.counts.open > 0) return null
  return { state: status === "cancelled" ? "cancelled" : "completed", now: completedAt ?? 0, reason: note }
}

export const end = (state: MemoryState, occurrence: MemoryOccurrence, ending: RunEnding, now: number): void => {
  const failure = ending.state === "completed" ? null : ending.reason
  occurrence.row = { ...occurrence.row, state: ending.state, failure, endedAt: ending.now || now }
  if (occurrence.row.deliveryId !== null) state.triggers.runs.delete(occurrence.row.deliveryId)
  track(state, occurrence)
}

/** Occurrences that wait, and runs that nobody ended yet, by id. */
export const unfinished = ({ triggers }: MemoryState): ReadonlyArray<MemoryOccurrence> =>
  [...triggers.unfinished.values()].toSorted((a, b) => (a.row.occurrenceId < b.row.occurrenceId ? -1 : 1))

/** Runs and what waits of an overlap key, by id. */
export const ofKey = (state: MemoryState, workspaceId: WorkspaceId, overlapKey: string) =>
  unfinished(state).filter(
    (occurrence) => occurrence.row.workspaceId === workspaceId && occurrence.overlapKey === overlapKey
  )

/** It waits, and not behind a pause of its trigger. */
export const isInLine = (state: MemoryState, { outcome, reason, triggerId }: RecordedOccurrence): boolean => {
  const isPaused = (state.triggers.byId.get(triggerId)?.row.paused ?? null) !== null
  return outcome === "waiting" && (!isPaused || isAskedFor(reason))
}

/** What the overlap key of a workspace is doing, by id. */
export const holders = (state: MemoryState, workspaceId: WorkspaceId, overlapKey: string) => {
  const all = ofKey(state, workspaceId, overlapKey)
  return {
    runs: all.filter(({ row }) => ran(row.outcome) && endingOf(state, row) === null),
    waiting: all.filter(({ row }) => isInLine(state, row))
  }
}
