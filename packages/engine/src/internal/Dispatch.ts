/**
 * Dispatching is recording new work in the Ledger and telling its workspace.
 */
import { type DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type Lane } from "@fibercast/domain/Lane"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { Clock, type DateTime, Duration, Effect } from "effect"

/** When and how work is dispatched. */
export interface DispatchOptions {
  readonly workspaceId: WorkspaceId
  /** Not before this instant; now unless told. */
  readonly at?: DateTime.DateTime | undefined
  /** That much after `at`. */
  readonly delay?: Duration.Input | undefined
  /** Instead of the pipeline's. */
  readonly lane?: Lane | undefined
  /** Not tried after this instant, but `expired`. */
  readonly deadline?: DateTime.DateTime | undefined
}

/** The work is recorded under this id. */
export interface Inserted {
  readonly _tag: "Inserted"
  readonly id: DeliveryId
}

/** The work is recorded, under these ids, in the order of the payloads. */
export interface InsertedMany {
  readonly _tag: "Inserted"
  readonly ids: ReadonlyArray<DeliveryId>
}

/** Deliveries in one write. */
const batchSize = 1000

export const insert = Effect.fnUntraced(function* (
  pipeline: {
    readonly name: string
    readonly options: { readonly lane: Lane; readonly retry: RetryPolicy.RetryPolicy }
  },
  payloads: ReadonlyArray<string>,
  options: DispatchOptions
): Effect.fn.Return<ReadonlyArray<DeliveryId>, LedgerUnavailable, Ledger | Signal> {
  const ledger = yield* Ledger
  const signal = yield* Signal
  const now = yield* Clock.currentTimeMillis
  const dueAt = Math.ceil((options.at?.epochMilliseconds ?? now) + Duration.toMillis(options.delay ?? 0))
  const deadline = RetryPolicy.deadline(pipeline.options.retry, dueAt, options.deadline?.epochMilliseconds ?? null)
  const newDelivery = (payload: string): NewDelivery => ({
    pipeline: pipeline.name,
    lane: options.lane ?? pipeline.options.lane,
    campaignId: null,
    dueAt,
    deadline,
    payload
  })
  const ids: Array<DeliveryId> = []
  yield* Effect.gen(function* () {
    for (let from = 0; from < payloads.length; from += batchSize) {
      const deliveries = payloads.slice(from, from + batchSize).map(newDelivery)
      for (const id of yield* ledger.insert({ workspaceId: options.workspaceId, now, deliveries })) ids.push(id)
    }
  }).pipe(Effect.ensuring(Effect.suspend(() => (ids.length > 0 ? signal.notify(options.workspaceId) : Effect.void))))
  return ids
})
