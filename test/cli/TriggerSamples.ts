/**
 * Triggers and occurrences as a store would answer them, for tests of how they are shown.
 */
import * as Frequency from "@fibercast/domain/Frequency"
import { type Target } from "@fibercast/domain/Target"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerDefinition from "@fibercast/domain/TriggerDefinition"
import { TriggerId } from "@fibercast/domain/TriggerId"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type RecordedOccurrence } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"

/** 2026-12-01 09:00:05 UTC. */
export const now = Date.UTC(2026, 11, 1, 9, 0, 5)

const target: Target = { _tag: "Deliver", pipeline: "crm.sync", payload: null, lane: "normal" }

export const stored = (
  name: string,
  change: Partial<StoredTrigger> = {},
  defined: Partial<TriggerDefinition.TriggerDefinition> = {},
  trigger: Trigger.Trigger = Frequency.everyTenSeconds
): StoredTrigger => ({
  id: TriggerId.make(1),
  workspaceId: WorkspaceId.make(1),
  app: null,
  definition: { ...TriggerDefinition.make(Trigger.named(name)(trigger), target), ...defined },
  revision: 1,
  zone: "UTC",
  cursor: now,
  nextDue: now + 5000,
  rules: "",
  paused: null,
  pause: null,
  merging: null,
  plannedFrom: 0,
  createdAt: 0,
  removedAt: null,
  ...change
})

/** It was due at 09:00:00, fired 12 ms later, and completed after 1.2 s. */
export const occurrence: RecordedOccurrence = {
  occurrenceId: 1n,
  triggerId: TriggerId.make(1),
  workspaceId: WorkspaceId.make(1),
  name: "crm.sync",
  nominal: now - 5000,
  dueAt: now - 5000,
  zone: "UTC",
  outcome: "fired",
  reason: null,
  covers: null,
  deliveryId: null,
  campaignId: null,
  detail: null,
  rules: "",
  recordedAt: now - 4988,
  state: "completed",
  failure: null,
  endedAt: now - 3788,
  output: "2 rows\nall well"
}
