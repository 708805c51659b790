/**
 * The journal counts what entered the stores and how it ended, whatever the stores still remember.
 *
 * It listens in on a Ledger and a CampaignStore. Of the jobs of batches it hears how they were settled, and neither that
 * they were recorded nor that a batch cancelled them. Memory grows by one record for each settled delivery, and
 * holds what is claimed.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Context, Effect, Layer } from "effect"

const add = <K>(counts: Map<K, number>, key: K, more: number) => counts.set(key, (counts.get(key) ?? 0) + more)

const sum = (counts: ReadonlyMap<unknown, number>) => [...counts.values()].reduce((total, count) => total + count, 0)

export class Journal extends Context.Service<
  Journal,
  {
    /** Deliveries recorded for the pipeline; rows of an audience that were skipped are none. */
    readonly dispatched: (pipeline: string) => number
    /** Deliveries, and rows skipped while an audience was read, that reached the state. */
    readonly settled: (state: FinalState) => number
    /** Deliveries without a final state. */
    readonly open: () => number
  }
>()("fibercast/testkit/Journal") {
  /** The stores, listened in on. */
  static readonly layer: Layer.Layer<Journal | Ledger | CampaignStore, never, Ledger | CampaignStore> =
    Layer.effectContext(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const store = yield* CampaignStore
        const dispatched = new Map<string, number>()
        const states = new Map<bigint, FinalState>()
        const uncounted = new Map<FinalState, number>()
        /** What owners were asked to stop, and whether they may still hold it. */
        const asked = new Map<bigint, { readonly workspaceId: WorkspaceId; isHeld: boolean }>()
        /** What claims name, as far as this was heard. */
        const claims = new Map<bigint, Set<bigint>>()
        const claimOf = new Map<bigint, bigint>()
        const workspaceOf = new Map<bigint, WorkspaceId>()
        const end = (id: bigint, state: FinalState) => {
          if (!states.has(id)) states.set(id, state)
        }
        /** It has left its claim. */
        const part = (id: bigint) => {
          const claimId = claimOf.get(id)
          if (claimId === undefined) return
          claimOf.delete(id)
          const held = claims.get(claimId)
          held?.delete(id)
          if (held?.size !== 0) return
          claims.delete(claimId)
          workspaceOf.delete(claimId)
        }
        const letGo = (workspaceId: WorkspaceId) => {
          for (const recall of asked.values()) if (recall.workspaceId === workspaceId) recall.isHeld = false
        }
        let skippedRows = 0
        const pipelineOf = new Map<number, string>()

        const heard = Ledger.of({
          ...ledger,
          insert: (options) =>
            Effect.tap(ledger.insert(options), () =>
              Effect.sync(() => {
                for (const { pipeline } of options.deliveries) add(dispatched, pipeline, 1)
              })
            ),
          dispatch: (options) =>
            Effect.tap(ledger.dispatch(options), (answers) =>
              Effect.sync(() => {
                for (const [index, { _tag }] of answers.entries()) {
                  const pipeline = options.dispatches[index]?.delivery.pipeline
                  if (_tag === "Inserted" && pipeline !== undefined) add(dispatched, pipeline, 1)
                }
              })
            ),
          claim: (options) =>
            Effect.tap(ledger.claim(options), (batch) =>
              Effect.sync(() => {
                if (batch === null) return
                for (const { id } of batch.deliveries) part(id)
                workspaceOf.set(batch.claimId, options.workspaceId)
                claims.set(batch.claimId, new Set(batch.deliveries.map(({ id }) => id)))
                for (const { id } of batch.deliveries) claimOf.set(id, batch.claimId)
              })
            ),
          settle: (options) =>
            Effect.tap(ledger.settle(options), () =>
              Effect.sync(() => {
                for (const { id, state } of options.settlements) {
                  if (state !== "retry" && state !== "snooze") end(id, state)
                  part(id)
                }
                for (const { id } of options.givenBack ?? []) part(id)
                for (const claimId of options.completedClaims ?? []) {
                  for (const id of claims.get(claimId) ?? []) {
                    end(id, "completed")
                    part(id)
                  }
                }
              })
            ),
          rescue: (options) =>
            Effect.tap(ledger.rescue(options), () =>
              Effect.sync(() => {
                for (const { claimId, id } of options.held) if (claimOf.get(id) === claimId) part(id)
              })
            ),
          giveBack: (options) =>
            Effect.tap(ledger.giveBack(options), () =>
              Effect.sync(() => {
                for (const [claimId, held] of claims) {
                  if (options.except.includes(claimId) || workspaceOf.get(claimId) !== options.workspaceId) continue
                  for (const id of held) part(id)
                }
              })
            ),
          takeOver: (options) =>
            Effect.tap(ledger.takeOver(options), ({ unknown }) =>
              Effect.sync(() => {
                add(uncounted, "unknown", unknown)
                letGo(options.workspaceId)
              })
            ),
          recall: (options) =>
            Effect.tap(ledger.recall(options), (recalled) =>
              Effect.sync(() => {
                for (const id of recalled.cancelled) states.set(id, "cancelled")
                for (const id of recalled.asked) asked.set(id, { workspaceId: options.workspaceId, isHeld: true })
              })
            ),
          // What was asked for, is not named and has not ended was cancelled by this call.
          recalled: (options) =>
            Effect.tap(ledger.recalled(options), (stops) =>
              Effect.sync(() => {
                const named = new Set<bigint>(stops.map(({ id }) => id))
                for (const [id, { isHeld, workspaceId }] of asked) {
                  if (workspaceId !== options.workspaceId) continue
                  if (!named.has(id) && !states.has(id)) states.set(id, "cancelled")
                  if (!named.has(id) || states.has(id) || !isHeld) asked.delete(id)
                }
              })
            ),
          cancel: (options) =>
            Effect.tap(ledger.cancel(options), (count) => Effect.sync(() => add(uncounted, "cancelled", count)))
        })
        const heardStore = CampaignStore.of({
          ...store,
          create: (options) =>
            Effect.tap(store.create(options), ({ campaign }) =>
              Effect.sync(() => pipelineOf.set(campaign.id, campaign.spec.pipeline))
            ),
          append: (page) =>
            Effect.tap(store.append(page), ({ duplicates, inserted, skipped }) =>
              Effect.sync(() => {
                add(dispatched, pipelineOf.get(page.campaignId) ?? "", inserted)
                skippedRows += duplicates + skipped
              })
            )
        })
        const settledAs = (state: FinalState) =>
          [...states.values()].filter((one) => one === state).length + (uncounted.get(state) ?? 0)

        return Context.make(Ledger, heard).pipe(
          Context.add(CampaignStore, heardStore),
          Context.add(
            Journal,
            Journal.of({
              dispatched: (pipeline) => dispatched.get(pipeline) ?? 0,
              settled: (state) => settledAs(state) + (state === "skipped" ? skippedRows : 0),
              open: () => sum(dispatched) - states.size - sum(uncounted)
            })
          )
        )
      })
    )
}
