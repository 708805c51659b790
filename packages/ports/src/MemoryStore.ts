/**
 * The MemoryStore is a Ledger, a CampaignStore, a WorkspaceStore and a TriggerStore that live and die with the
 * process: for tests, for `TestClock` and for a look around.
 *
 * It keeps every sentence of the four contracts but durability. Identifiers count up from 1, so a
 * run can be repeated exactly. Memory grows with what it is given: open deliveries, one record for
 * each settled delivery of a campaign, one number for each ended attempt, one record for each occurrence, one for each
 * key that was taken; settled background jobs are forgotten.
 */
import { Context, Layer } from "effect"
import { CampaignStore } from "./CampaignStore.ts"
import * as MemoryCampaignStore from "./internal/MemoryCampaignStore.ts"
import * as MemoryLedger from "./internal/MemoryLedger.ts"
import * as MemoryState from "./internal/MemoryState.ts"
import * as MemoryTriggerStore from "./internal/MemoryTriggerStore.ts"
import * as MemoryWorkspaceStore from "./internal/MemoryWorkspaceStore.ts"
import { Ledger } from "./Ledger.ts"
import { TriggerStore } from "./TriggerStore.ts"
import { WorkspaceStore } from "./WorkspaceStore.ts"

/** The four share one state, made anew each time the layer is built. */
export const layer: Layer.Layer<Ledger | CampaignStore | WorkspaceStore | TriggerStore> = Layer.syncContext(() => {
  const state = MemoryState.make()
  return Context.make(Ledger, Ledger.of(MemoryLedger.make(state))).pipe(
    Context.add(CampaignStore, CampaignStore.of(MemoryCampaignStore.make(state))),
    Context.add(WorkspaceStore, WorkspaceStore.of(MemoryWorkspaceStore.make(state))),
    Context.add(TriggerStore, TriggerStore.of(MemoryTriggerStore.make(state)))
  )
})
