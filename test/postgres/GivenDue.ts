/**
 * Triggers that are due at `base`, each in an app of its own or of one app, and decisions that run them.
 */
import { every, named } from "@fibercast/domain/Trigger"
import { make, type TriggerDefinition } from "@fibercast/domain/TriggerDefinition"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as SqlBatchStore from "@fibercast/postgres/SqlBatchStore"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlTriggerStore from "@fibercast/postgres/SqlTriggerStore"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { type Advance, type NewOccurrence, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect, Layer } from "effect"
import { base, job, second } from "../conformance/Given.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

export const stores = Layer.mergeAll(
  SqlLedger.layer,
  SqlBatchStore.layer,
  SqlCampaignStore.layer,
  SqlWorkspaceStore.layer,
  SqlTriggerStore.layer
).pipe(Layer.provideMerge(TestDatabase.layer))

export const minute = 60 * second

export const definitionOf = (name: string, changes: Partial<TriggerDefinition> = {}): TriggerDefinition => ({
  ...make(named(name)(every("1 minute")), { _tag: "Deliver", pipeline: "jobs", payload: {}, lane: "normal" }),
  ...changes
})

/** Due at `base`. */
export const dueTrigger = Effect.fnUntraced(function* (
  workspaceId: WorkspaceId,
  name: string,
  changes: Partial<TriggerDefinition> = {}
) {
  const triggers = yield* TriggerStore
  const trigger = yield* triggers.put({
    workspaceId,
    app: null,
    definition: definitionOf(name, changes),
    seen: null,
    zone: "UTC",
    cursor: base,
    nextDue: base,
    rules: "r1",
    now: base
  })
  return trigger ?? (yield* Effect.die(new Error(`there is a trigger ${name} already`)))
})

export const dueTriggers = (workspaceId: WorkspaceId, count: number, changes: Partial<TriggerDefinition> = {}) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => `trigger-${index}`),
    (name) => dueTrigger(workspaceId, name, changes)
  )

export const occurrenceAt = (nominal: number, changes: Partial<NewOccurrence> = {}): NewOccurrence => ({
  nominal,
  dueAt: nominal,
  outcome: "fired",
  reason: null,
  detail: null,
  zone: "UTC",
  rules: "r1",
  covers: null,
  work: { _tag: "Deliver", delivery: job() },
  ...changes
})

export const waitingAt = (nominal: number): NewOccurrence =>
  occurrenceAt(nominal, { outcome: "waiting", reason: "overlap", work: null })

/** It runs at its cursor, and is due again a minute later. */
export const advanceOf = (
  trigger: Pick<StoredTrigger, "id" | "revision" | "cursor">,
  changes: Partial<Advance> = {}
): Advance => ({
  triggerId: trigger.id,
  revision: trigger.revision,
  cursor: trigger.cursor,
  busy: null,
  nextCursor: trigger.cursor + minute,
  nextDue: trigger.cursor + minute,
  rules: "r1",
  merging: null,
  occurrences: [occurrenceAt(trigger.cursor)],
  displace: false,
  ...changes
})
