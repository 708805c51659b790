/**
 * A broken twin is an implementation that keeps every guarantee but one. A suite is worth as much as the
 * twins it tells from the real thing.
 */
import { assert, it } from "@effect/vitest"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Records } from "@fibercast/ports/Records"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Context, Effect, Exit, Layer } from "effect"
import { type Sentence, type Stores } from "./Sentence.ts"

export interface BrokenTwin {
  /** What it does wrong: "it …". */
  readonly does: string
  /** The sentence that finds it out. */
  readonly breaks: string
  readonly layer: Layer.Layer<Stores>
}

type LedgerShape = Context.Service.Shape<typeof Ledger>
type CampaignStoreShape = Context.Service.Shape<typeof CampaignStore>
type BatchStoreShape = Context.Service.Shape<typeof BatchStore>
type TriggerStoreShape = Context.Service.Shape<typeof TriggerStore>
type RecordsShape = Context.Service.Shape<typeof Records>
type NodeRegistryShape = Context.Service.Shape<typeof NodeRegistry>
type WorkspaceStoreShape = Context.Service.Shape<typeof WorkspaceStore>

/** What twins are made from. */
const memory = Layer.merge(MemoryStore.layer, NodeRegistry.layerMemory)

/** A memory store whose Ledger differs in what `change` answers. */
export const brokenLedger = (
  does: string,
  breaks: string,
  change: (ledger: LedgerShape) => Partial<LedgerShape>
): BrokenTwin => {
  const twin = Layer.effect(
    Ledger,
    Effect.map(Ledger, (ledger) => Ledger.of({ ...ledger, ...change(ledger) }))
  )
  return { does, breaks, layer: Layer.provideMerge(twin, memory) }
}

export const brokenCampaignStore = (
  does: string,
  breaks: string,
  change: (campaigns: CampaignStoreShape) => Partial<CampaignStoreShape>
): BrokenTwin => {
  const twin = Layer.effect(
    CampaignStore,
    Effect.map(CampaignStore, (campaigns) => CampaignStore.of({ ...campaigns, ...change(campaigns) }))
  )
  return { does, breaks, layer: Layer.provideMerge(twin, memory) }
}

export const brokenBatchStore = (
  does: string,
  breaks: string,
  change: (batches: BatchStoreShape) => Partial<BatchStoreShape>
): BrokenTwin => {
  const twin = Layer.effect(
    BatchStore,
    Effect.map(BatchStore, (batches) => BatchStore.of({ ...batches, ...change(batches) }))
  )
  return { does, breaks, layer: Layer.provideMerge(twin, memory) }
}

export const brokenWorkspaceStore = (
  does: string,
  breaks: string,
  change: (workspaces: WorkspaceStoreShape) => Partial<WorkspaceStoreShape>
): BrokenTwin => {
  const twin = Layer.effect(
    WorkspaceStore,
    Effect.map(WorkspaceStore, (workspaces) => WorkspaceStore.of({ ...workspaces, ...change(workspaces) }))
  )
  return { does, breaks, layer: Layer.provideMerge(twin, memory) }
}

export const brokenNodeRegistry = (
  does: string,
  breaks: string,
  change: (nodes: NodeRegistryShape) => Partial<NodeRegistryShape>
): BrokenTwin => {
  const twin = Layer.effect(
    NodeRegistry,
    Effect.map(NodeRegistry, (nodes) => NodeRegistry.of({ ...nodes, ...change(nodes) }))
  )
  return { does, breaks, layer: Layer.provideMerge(twin, memory) }
}

/** What it does wrong may take the Ledger that it dispatches to. */
export const brokenTriggerStore = (
  does: string,
  breaks: string,
  change: (triggers: TriggerStoreShape, ledger: LedgerShape) => Partial<TriggerStoreShape>
): BrokenTwin => {
  const twin = Layer.effect(
    TriggerStore,
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      return TriggerStore.of({ ...triggers, ...change(triggers, yield* Ledger) })
    })
  )
  return { does, breaks, layer: Layer.provideMerge(twin, memory) }
}

/** What it does wrong may take the Ledger whose work it keeps the records of. */
export const brokenRecordsOf = (
  does: string,
  breaks: string,
  change: (records: RecordsShape, ledger: LedgerShape) => Partial<RecordsShape>
): BrokenTwin => {
  const twin = Layer.effect(
    Records,
    Effect.gen(function* () {
      const records = yield* Records
      return Records.of({ ...records, ...change(records, yield* Ledger) })
    })
  )
  return { does, breaks, layer: Layer.provideMerge(twin, memory) }
}

/** The sentences that do not hold for the layer. */
const broken = Effect.fnUntraced(function* (sentences: ReadonlyArray<Sentence>) {
  const exits = yield* Effect.forEach(sentences, ({ holds, says }) =>
    Effect.map(Effect.exit(holds), (exit) => ({ says, isBroken: Exit.isFailure(exit) }))
  )
  return exits.filter(({ isBroken }) => isBroken).map(({ says }) => says)
})

/**
 * Register a test for each twin: the suite refuses it, by the sentence it was made to break. And one
 * for the store that the twins are made from: of that, the suite refuses nothing.
 */
export const refusesTwins = (sentences: ReadonlyArray<Sentence>, twins: ReadonlyArray<BrokenTwin>): void => {
  it.effect("accepts the store that its twins are made from", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.provide(broken(sentences), memory), [])
    })
  )
  for (const { breaks, does, layer } of twins) {
    it.effect(`refuses a twin that ${does}`, () =>
      Effect.gen(function* () {
        assert.include(yield* Effect.provide(broken(sentences), layer), breaks)
      })
    )
  }
}
