/**
 * A checkup gathers what a diagnosis is made from. It takes no locks and changes nothing; it reads all open work once.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { type Depth, Records } from "@fibercast/ports/Records"
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type OwnedWorkspace, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect } from "effect"
import * as ClockSkew from "./ClockSkew.ts"
import {
  type CampaignFact,
  type DiagnosisFacts,
  type NodeFact,
  type WorkFact,
  type WorkspaceFact
} from "./DiagnosisFacts.ts"
import * as SchedulerHealth from "./SchedulerHealth.ts"

/** Nodes unseen for longer are none any more, in milliseconds. */
const remembered = 86_400_000

export const workspaceFact = (workspace: OwnedWorkspace, depths: ReadonlyArray<Depth>): WorkspaceFact => {
  const { id, limits, name, ownedUntil, owner, quarantine } = workspace
  const own = depths.filter(({ workspaceId }) => workspaceId === id)
  return {
    id,
    name,
    quarantine,
    paused: workspace.paused,
    rate: limits.rate ?? null,
    backlog: limits.backlog ?? null,
    owner,
    ownedUntil,
    claimed: own.reduce((sum, { claimed }) => sum + claimed, 0)
  }
}

const workFact = ({
  claimed,
  due,
  lane,
  nextDue,
  oldestDue,
  open,
  paused,
  pipeline,
  workspaceId
}: Depth): WorkFact => ({
  workspaceId,
  lane,
  pipeline,
  open,
  waiting: Math.max(0, due - claimed - paused),
  paused,
  oldestDue,
  nextDue
})

/** Campaigns of the workspace that are not over. */
export const campaigns = Effect.fnUntraced(function* (
  workspaceId: WorkspaceId
): Effect.fn.Return<ReadonlyArray<CampaignFact>, LedgerUnavailable, CampaignStore> {
  const active = yield* (yield* CampaignStore).active(workspaceId)
  return active.flatMap(({ counts, id, note, spec, status }) =>
    status === "completed" || status === "cancelled"
      ? []
      : [{ workspaceId, id, name: spec.name, status, note, dueAt: spec.dueAt, open: counts.open }]
  )
})

/** Those that were seen lately. */
export const nodes = Effect.fnUntraced(function* (
  now: number
): Effect.fn.Return<ReadonlyArray<NodeFact>, LedgerUnavailable, NodeRegistry> {
  return yield* (yield* NodeRegistry).list(now - remembered)
})

/** Null: of every workspace. */
export const facts = Effect.fn("Checkup.facts")(function* (
  workspaceId: WorkspaceId | null
): Effect.fn.Return<
  DiagnosisFacts,
  LedgerUnavailable,
  NodeRegistry | Records | WorkspaceStore | CampaignStore | TriggerStore
> {
  const now = yield* Clock.currentTimeMillis
  const all = yield* (yield* WorkspaceStore).list
  const workspaces = all.filter(({ id }) => workspaceId === null || id === workspaceId)
  const depths = yield* (yield* Records).depths({ workspaceId, now })
  const asked = yield* (yield* CampaignStore).activeWorkspaces(now)
  const busy = new Set([...depths, ...asked].map((one) => one.workspaceId))
  return {
    now,
    clockAhead: yield* ClockSkew.measure,
    nodes: yield* nodes(now),
    workspaces: workspaces.map((workspace) => workspaceFact(workspace, depths)),
    work: depths.map(workFact),
    campaigns: (yield* Effect.forEach(
      workspaces.filter(({ id }) => busy.has(id)),
      ({ id }) => campaigns(id),
      { concurrency: 4 }
    )).flat(),
    unattended: (yield* SchedulerHealth.look()).unattended
  }
})
