/**
 * An explanation says of one delivery why it has not run, or why it ran when it did.
 *
 * It is pure: what is known of the delivery and of what it depends on goes in; out comes its course so far, and what stands
 * in its way now, in the order in which the engine decides: the first of these is why it does not run.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Lane } from "@fibercast/domain/Lane"
import { type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { type AttemptRecord, type DeliveryRecord } from "@fibercast/ports/Records"
import { type Run } from "@fibercast/ports/Run"
import { type CampaignFact, type NodeFact, type WorkspaceFact } from "./DiagnosisFacts.ts"
import * as NodeFindings from "./internal/NodeFindings.ts"

export interface ExplanationFacts {
  readonly now: number
  readonly record: DeliveryRecord
  /** Tries that did not complete, oldest first. */
  readonly attempts: ReadonlyArray<AttemptRecord>
  readonly workspace: WorkspaceFact
  /** Its campaign, if it has one that is not over. */
  readonly campaign: CampaignFact | null
  /** The run of a trigger that dispatched it, if it is one. */
  readonly run: Run | null
  readonly nodes: ReadonlyArray<NodeFact>
  /** Deliveries of its source that are due, unclaimed and before it. */
  readonly before: number
}

/** What happened to it. */
export type Step =
  | { readonly _tag: "Dispatched"; readonly at: number | null; readonly by: Origin }
  | {
      readonly _tag: "Tried"
      readonly at: number
      readonly attempt: number
      readonly outcome: AttemptRecord["outcome"]
      readonly errorClass: ErrorClass | null
      readonly reason: string | null
    }
  /** A node died while it held it, so many times. */
  | { readonly _tag: "Rescued"; readonly times: number }
  | {
      readonly _tag: "Ended"
      readonly at: number
      readonly state: FinalState
      readonly attempt: number
      /** Since it was due last. */
      readonly afterMillis: number
      readonly reason: string | null
    }

export type Origin =
  | { readonly _tag: "Job" }
  | { readonly _tag: "Campaign"; readonly id: number; readonly name: string | null }
  | { readonly _tag: "Batch"; readonly id: number }
  | {
      readonly _tag: "Trigger"
      readonly name: string
      /** The time that it is for. */
      readonly nominal: number
      readonly zone: string
      /** Why it ran late, or as it was not planned; null: it ran as planned. */
      readonly reason: Reason | null
    }

/** What stands in its way. */
export type Obstacle =
  /** It was put off, if it was tried before, or dispatched for later. */
  | { readonly _tag: "NotDue"; readonly dueAt: number }
  /** A claim holds it; `isStarted`: it may be under way. */
  | {
      readonly _tag: "Claimed"
      readonly owner: string | null
      readonly claimedAt: number
      readonly isStarted: boolean
      /** The owner's lease has ended: it is taken over. */
      readonly isOrphaned: boolean
    }
  /** It is taken back, and its owner has not let go of it yet. */
  | { readonly _tag: "Recalled"; readonly reason: string }
  | { readonly _tag: "WorkspaceQuarantined"; readonly reason: string }
  | { readonly _tag: "CampaignPaused"; readonly id: number; readonly note: string | null }
  | { readonly _tag: "LanePaused"; readonly lane: Lane; readonly note: string | null }
  | { readonly _tag: "NoNode" }
  | { readonly _tag: "LaneUnserved"; readonly lane: Lane }
  | { readonly _tag: "PipelineUnknown"; readonly role: "engine" | "sender" }
  | { readonly _tag: "DeadlinePassed"; readonly deadline: number }
  /** So many of its lane and campaign come first. */
  | { readonly _tag: "Behind"; readonly count: number }
  /** The workspace's rate lets out no more: what is before it takes so long. */
  | { readonly _tag: "Throttled"; readonly millis: number }
  /** Nothing is in its way: it is claimed with the next look. */
  | { readonly _tag: "NextInLine" }

export interface Explanation {
  readonly course: ReadonlyArray<Step>
  /** Empty when it is over. The first is why it does not run. */
  readonly obstacles: ReadonlyArray<Obstacle>
}

export const of = (facts: ExplanationFacts): Explanation => ({
  course: course(facts),
  obstacles: facts.record.settledAt === null ? obstacles(facts) : []
})

const originOf = ({ campaign, record: { batchId, campaignId }, run }: ExplanationFacts): Origin => {
  if (run !== null) {
    const { name, nominal, reason, zone } = run
    return { _tag: "Trigger", name, nominal, zone, reason }
  }
  if (campaignId !== null) return { _tag: "Campaign", id: campaignId, name: campaign?.name ?? null }
  return batchId === null ? { _tag: "Job" } : { _tag: "Batch", id: batchId }
}

const course = (facts: ExplanationFacts): ReadonlyArray<Step> => {
  const { attempts, record } = facts
  const { attempt, dispatchedAt, dueAt, reason, rescues, settledAt, state } = record
  const steps: Array<Step> = [{ _tag: "Dispatched", at: dispatchedAt, by: originOf(facts) }]
  for (const { at, ...tried } of attempts) {
    // The last try of what ended is told as its end.
    if (settledAt === null || tried.outcome === "retry") steps.push({ _tag: "Tried", at, ...tried })
  }
  if (rescues > 0) steps.push({ _tag: "Rescued", times: rescues })
  if (settledAt !== null && state !== "scheduled" && state !== "claimed") {
    steps.push({ _tag: "Ended", at: settledAt, state, attempt, afterMillis: Math.max(0, settledAt - dueAt), reason })
  }
  return steps
}

const obstacles = (facts: ExplanationFacts): ReadonlyArray<Obstacle> => {
  const { before, now, record, workspace } = facts
  const { claim, deadline, dueAt, recalled } = record
  if (claim !== null) {
    const isOrphaned = workspace.owner === null || (workspace.ownedUntil ?? 0) <= now
    const held: Obstacle = { _tag: "Claimed", ...claim, isOrphaned }
    return recalled === null ? [held] : [{ _tag: "Recalled", reason: recalled }, held]
  }
  const inTheWay: Array<Obstacle> = []
  if (dueAt > now) inTheWay.push({ _tag: "NotDue", dueAt })
  if (recalled !== null) inTheWay.push({ _tag: "Recalled", reason: recalled })
  if (workspace.quarantine !== null) inTheWay.push({ _tag: "WorkspaceQuarantined", reason: workspace.quarantine })
  inTheWay.push(...paused(facts), ...unserved(facts))
  if (deadline !== null && deadline <= now) inTheWay.push({ _tag: "DeadlinePassed", deadline })
  if (before > 0) inTheWay.push({ _tag: "Behind", count: before })
  const millis = workspace.rate === null ? 0 : (before / workspace.rate.permits) * workspace.rate.per
  if (millis >= 1000) inTheWay.push({ _tag: "Throttled", millis })
  return inTheWay.length === 0 ? [{ _tag: "NextInLine" }] : inTheWay
}

const paused = ({ campaign, record: { lane }, workspace }: ExplanationFacts): ReadonlyArray<Obstacle> => [
  ...(campaign?.status === "paused" ? [{ _tag: "CampaignPaused", id: campaign.id, note: campaign.note } as const] : []),
  ...(lane !== null && workspace.paused?.lanes.includes(lane) === true
    ? [{ _tag: "LanePaused", lane, note: workspace.paused.note } as const]
    : [])
]

const unserved = ({ nodes, now, record: { lane, pipeline } }: ExplanationFacts): ReadonlyArray<Obstacle> => {
  const there = NodeFindings.working({ nodes, now })
  const engines = there.filter(({ roles }) => roles.includes("engine"))
  const senders = there.filter(({ roles }) => roles.includes("sender"))
  if (engines.length === 0) return [{ _tag: "NoNode" }]
  const serves = (some: ReadonlyArray<NodeFact>) =>
    some.length === 0 || lane === null || some.some(({ lanes }) => lanes.includes(lane))
  if (lane !== null && !(serves(engines) && serves(senders))) return [{ _tag: "LaneUnserved", lane }]
  const knows = (some: ReadonlyArray<NodeFact>) =>
    some.length === 0 || some.some(({ pipelines }) => pipelines === null || pipelines.includes(pipeline))
  if (!knows(engines)) return [{ _tag: "PipelineUnknown", role: "engine" }]
  return knows(senders) ? [] : [{ _tag: "PipelineUnknown", role: "sender" }]
}
