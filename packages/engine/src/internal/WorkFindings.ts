/**
 * What a diagnosis finds about the work of each workspace: what is in its way, the first thing of all that is.
 */
import { type CampaignFact, type DiagnosisFacts, type WorkFact, type WorkspaceFact } from "../DiagnosisFacts.ts"
import { defaults } from "../EngineConfig.ts"
import { type Finding } from "../Finding.ts"
import * as NodeFindings from "./NodeFindings.ts"

/** How long a workspace's rate may take for what is due before that is worth a word, in milliseconds. */
const patience = 60_000

export const of = (facts: DiagnosisFacts): ReadonlyArray<Finding> =>
  facts.workspaces.flatMap((workspace) => {
    const work = facts.work.filter(({ workspaceId }) => workspaceId === workspace.id)
    const campaigns = facts.campaigns.filter(({ workspaceId }) => workspaceId === workspace.id)
    return ofWorkspace(facts, workspace, work, campaigns)
  })

const waitingOf = (work: ReadonlyArray<WorkFact>): number => work.reduce((sum, { waiting }) => sum + waiting, 0)

const ofWorkspace = (
  facts: DiagnosisFacts,
  workspace: WorkspaceFact,
  work: ReadonlyArray<WorkFact>,
  campaigns: ReadonlyArray<CampaignFact>
): ReadonlyArray<Finding> => {
  const { name, quarantine } = workspace
  if (quarantine !== null) {
    return [{ _tag: "WorkspaceQuarantined", workspace: name, reason: quarantine, waiting: waitingOf(work) }]
  }
  const pausedLanes = workspace.paused?.lanes ?? []
  const open = work.filter(({ lane }) => !pausedLanes.includes(lane))
  const paused = waitingOf(work.filter(({ lane }) => pausedLanes.includes(lane)))
  const stuck = claimsStuck(facts, workspace)
  const unserved = unservedWork(facts, workspace, open)
  const throttled = throttledBy(workspace, waitingOf(open))
  const isExplained = stuck.length > 0 || unserved.length > 0 || throttled.length > 0
  return [
    ...stuck,
    ...unserved,
    ...(paused > 0 && workspace.paused !== null
      ? [{ _tag: "LanePaused", workspace: name, ...workspace.paused, waiting: paused } as const]
      : []),
    ...campaigns.flatMap((campaign) => ofCampaign(facts, name, campaign, isExplained)),
    ...throttled,
    ...backlogFull(workspace, work),
    ...(isExplained ? [] : waitsLong(facts, workspace, open))
  ]
}

const claimsStuck = ({ now }: DiagnosisFacts, workspace: WorkspaceFact): ReadonlyArray<Finding> => {
  const { claimed, name, ownedUntil, owner } = workspace
  const since = ownedUntil ?? now
  const isHeld = owner !== null && since > now
  // A lease that has just ended is taken over within a sweep.
  if (claimed === 0 || isHeld || now - since < patience) return []
  return [{ _tag: "ClaimsStuck", workspace: name, claimed, owner, sinceMillis: now - since }]
}

/** Where no node works at all that is said once, not of every lane and pipeline. */
const unservedWork = (
  facts: DiagnosisFacts,
  { name }: WorkspaceFact,
  work: ReadonlyArray<WorkFact>
): ReadonlyArray<Finding> => {
  const there = NodeFindings.working(facts)
  const engines = there.filter(({ roles }) => roles.includes("engine"))
  if (engines.length === 0) return []
  const senders = there.filter(({ roles }) => roles.includes("sender"))
  const due = work.filter(({ waiting }) => waiting > 0)
  const isServed = ({ lane }: WorkFact) =>
    engines.some(({ lanes }) => lanes.includes(lane)) &&
    (senders.length === 0 || senders.some(({ lanes }) => lanes.includes(lane)))
  const lanes = new Set(due.filter((one) => !isServed(one)).map(({ lane }) => lane))
  const knowers = { engine: engines, sender: senders }
  const unknownTo = (role: "engine" | "sender", pipeline: string) =>
    knowers[role].length > 0 &&
    knowers[role].every(({ pipelines }) => pipelines !== null && !pipelines.includes(pipeline))
  // Whoever claims what it does not know puts it off: it is due again soon.
  const isAtHand = ({ nextDue, waiting }: WorkFact) =>
    waiting > 0 || (nextDue !== null && nextDue - facts.now <= patience)
  const served = work.filter((one) => isAtHand(one) && isServed(one))
  const pipelines = new Set(served.map(({ pipeline }) => pipeline))
  return [
    ...Array.from(lanes, (lane): Finding => ({
      _tag: "LaneUnserved",
      workspace: name,
      lane,
      waiting: waitingOf(due.filter((one) => one.lane === lane))
    })),
    ...Array.from(pipelines).flatMap((pipeline): ReadonlyArray<Finding> => {
      const role = unknownTo("engine", pipeline) ? "engine" : unknownTo("sender", pipeline) ? "sender" : null
      if (role === null) return []
      const open = served.reduce((sum, one) => sum + (one.pipeline === pipeline ? one.open : 0), 0)
      return [{ _tag: "PipelineUnknown", workspace: name, pipeline, role, open }]
    })
  ]
}

const ofCampaign = (
  { now }: DiagnosisFacts,
  workspace: string,
  { dueAt, id, name, note, open, status }: CampaignFact,
  isExplained: boolean
): ReadonlyArray<Finding> => {
  if (status === "paused") {
    return open > 0 ? [{ _tag: "CampaignPaused", workspace, campaignId: id, name, note, open }] : []
  }
  const lateMillis = now - dueAt
  return status === "scheduled" && lateMillis > patience && !isExplained
    ? [{ _tag: "CampaignOverdue", workspace, campaignId: id, name, lateMillis }]
    : []
}

const throttledBy = ({ name, rate }: WorkspaceFact, waiting: number): ReadonlyArray<Finding> => {
  if (rate === null) return []
  const millis = (waiting / rate.permits) * rate.per
  return millis > patience ? [{ _tag: "Throttled", workspace: name, rate, waiting, millis }] : []
}

const backlogFull = ({ backlog, name }: WorkspaceFact, work: ReadonlyArray<WorkFact>): ReadonlyArray<Finding> => {
  const open = work.reduce((sum, one) => sum + one.open, 0)
  return backlog !== null && open >= backlog ? [{ _tag: "BacklogFull", workspace: name, cap: backlog, open }] : []
}

const waitsLong = (
  { now }: DiagnosisFacts,
  { name, owner, ownedUntil }: WorkspaceFact,
  work: ReadonlyArray<WorkFact>
): ReadonlyArray<Finding> =>
  work.flatMap(({ lane, oldestDue, pipeline, waiting }): ReadonlyArray<Finding> => {
    if (oldestDue === null || waiting === 0 || now - oldestDue <= defaults.longWait) return []
    const holder = owner !== null && (ownedUntil ?? 0) > now ? owner : null
    return [
      { _tag: "WaitsLong", workspace: name, lane, pipeline, waiting, waitedMillis: now - oldestDue, owner: holder }
    ]
  })
