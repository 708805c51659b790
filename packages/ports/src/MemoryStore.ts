/**
 * The MemoryStore is a Ledger, a CampaignStore, a BatchStore, a WorkspaceStore, a TriggerStore and Records that live and die with the
 * process: for tests, for `TestClock` and for a look around.
 *
 * It keeps every sentence of the five contracts but durability. Identifiers count up from 1, so a
 * run can be repeated exactly. Memory grows with what it is given: open deliveries, one record for
 * each settled delivery of a campaign, one number for each ended attempt, one record for each occurrence, until they
 * are pruned; one for each batch, one for each key that was taken; and the records of the last 100,000 background jobs
 * that ended.
 */
import { Context, Layer } from "effect"
import { BatchStore } from "./BatchStore.ts"
import { CampaignStore } from "./CampaignStore.ts"
import * as MemoryBatchStore from "./internal/MemoryBatchStore.ts"
import * as MemoryCampaignStore from "./internal/MemoryCampaignStore.ts"
import * as MemoryLedger from "./internal/MemoryLedger.ts"
import * as MemoryRecords from "./internal/MemoryRecords.ts"
import * as MemoryState from "./internal/MemoryState.ts"
import * as MemoryTriggerStore from "./internal/MemoryTriggerStore.ts"
import * as MemoryWorkspaceStore from "./internal/MemoryWorkspaceStore.ts"
import { Ledger } from "./Ledger.ts"
import { Records } from "./Records.ts"
import { TriggerStore } from "./TriggerStore.ts"
import { WorkspaceStore } from "./WorkspaceStore.ts"

/** The five share one state, made anew each time the layer is built. */
export const layer: Layer.Layer<Ledger | CampaignStore | BatchStore | WorkspaceStore | TriggerStore | Records> =
  Layer.syncContext(() => {
    const state = MemoryState.make()
    return Context.make(Ledger, Ledger.of(MemoryLedger.make(state))).pipe(
      Context.add(CampaignStore, CampaignStore.of(MemoryCampaignStore.make(state))),
      Context.add(BatchStore, BatchStore.of(MemoryBatchStore.make(state))),
      Context.add(WorkspaceStore, WorkspaceStore.of(MemoryWorkspaceStore.make(state))),
      Context.add(TriggerStore, TriggerStore.of(MemoryTriggerStore.make(state))),
      Context.add(Records, Records.of(MemoryRecords.make(state)))
    )
  })
