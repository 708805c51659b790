/**
 * A node as the registry knows it, to be varied.
 */
import { lanes } from "@fibercast/domain/Lane"
import { type KnownNode } from "@fibercast/ports/NodeRegistry"

/** When these tests look. */
export const now = Date.UTC(2026, 10, 25, 12)

/** Works for an hour now, and was seen a second ago. */
export const known = (varied: Partial<KnownNode> = {}): KnownNode => ({
  id: "11aa22bb-0000-4000-8000-000000000000",
  name: "one",
  roles: ["engine", "sender"],
  lanes,
  app: "school",
  release: "v7",
  address: "http://127.0.0.1:8787",
  startedAt: now - 3_600_000,
  state: "working",
  workspaces: 3,
  sending: 12,
  capacity: 300,
  pipelines: ["school.report"],
  brokenAccounts: [],
  vanished: [],
  clockAhead: 0,
  seenAt: now - 1000,
  wish: "working",
  ...varied
})
