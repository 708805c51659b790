/**
 * Records new deliveries of one workspace, in the order given, in one transaction. In the caller's, if there is one.
 */
import { DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { WorkspaceNotFound } from "@fibercast/ports/WorkspaceStore"
import { Array, Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { newDeliveries } from "./NewDeliveries.ts"
import * as OpenStatements from "./OpenStatements.ts"
import { int4, int8 } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"

/** At most this many deliveries a statement. */
export const batchSize = 5000

export const insertDeliveries = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  names: PipelineNames,
  options: {
    readonly workspaceId: WorkspaceId
    readonly now: number
    readonly deliveries: ReadonlyArray<NewDelivery>
  }
) {
  const { deliveries, now, workspaceId } = options
  if (deliveries.length === 0) return []
  const pipelineId = yield* names.idsOf(deliveries.map(({ pipeline }) => pipeline))
  const insertSome = Effect.fnUntraced(function* (some: ReadonlyArray<NewDelivery>) {
    const rows = yield* sql.unsafe<{ readonly id: bigint }>(OpenStatements.insert, [
      int4(workspaceId),
      int8(now),
      ...newDeliveries(some, pipelineId)
    ])
    if (rows.length > 0) return rows.map(({ id }) => DeliveryId.make(id, { disableChecks: true }))
    return yield* new LedgerUnavailable({ operation: "insert", cause: new WorkspaceNotFound({ workspaceId }) })
  })
  if (deliveries.length <= batchSize) return yield* insertSome(deliveries)
  const batches = Array.chunksOf(deliveries, batchSize)
  return Array.flatten(yield* sql.withTransaction(Effect.forEach(batches, insertSome)))
})
