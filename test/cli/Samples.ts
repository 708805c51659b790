/**
 * A campaign as a store would answer it, for tests of how it is shown.
 */
import { type Campaign, CampaignId } from "@fibercast/domain/Campaign"
import { none } from "@fibercast/domain/Counts"
import { WorkspaceId } from "@fibercast/domain/Workspace"

export const campaign: Campaign = {
  id: CampaignId.make(1),
  workspaceId: WorkspaceId.make(1),
  key: "contacts.csv:1",
  spec: {
    name: "contacts",
    pipeline: "broadcast.fonnte",
    lane: "bulk",
    guarantee: "at-least-once",
    template: "Halo",
    audience: { _tag: "Csv", path: "/x/contacts.csv" },
    addressColumn: "phone",
    region: "ID",
    rate: { permits: 20, per: 1000 },
    wallTime: "2026-12-01 09:00",
    zone: "Asia/Jakarta",
    dueAt: Date.UTC(2026, 11, 1, 2),
    deadline: null
  },
  status: "running",
  epoch: 0,
  note: null,
  templateHash: "t",
  audienceHash: "a",
  expandedRows: 0,
  expanded: true,
  counts: none,
  createdAt: 0,
  startedAt: null,
  completedAt: null
}
