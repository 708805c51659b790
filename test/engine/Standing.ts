/**
 * A system in which all is well, part by part, to be varied.
 */
import { lanes } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type CampaignFact, type NodeFact, type WorkFact, type WorkspaceFact } from "@fibercast/engine/DiagnosisFacts"

/** When these tests look. */
export const now = Date.UTC(2026, 10, 26, 8)
export const minute = 60_000
export const workspaceId = WorkspaceId.make(7)

export const node = (varied: Partial<NodeFact> = {}): NodeFact => ({
  name: "n1",
  id: "aa11",
  roles: ["engine", "sender"],
  state: "working",
  seenAt: now - 1000,
  lanes,
  pipelines: ["mail.send"],
  clockAhead: 2,
  brokenAccounts: [],
  ...varied
})

export const workspace = (varied: Partial<WorkspaceFact> = {}): WorkspaceFact => ({
  id: workspaceId,
  name: "acme",
  quarantine: null,
  paused: null,
  rate: null,
  backlog: null,
  owner: "n1",
  ownedUntil: now + 10_000,
  claimed: 10,
  ...varied
})

export const work = (varied: Partial<WorkFact> = {}): WorkFact => ({
  workspaceId,
  lane: "normal",
  pipeline: "mail.send",
  open: 40,
  waiting: 30,
  paused: 0,
  oldestDue: now - 1000,
  nextDue: null,
  ...varied
})

export const campaign = (varied: Partial<CampaignFact> = {}): CampaignFact => ({
  workspaceId,
  id: 12,
  name: "May",
  status: "running",
  note: null,
  dueAt: now - 10 * minute,
  open: 5,
  ...varied
})
