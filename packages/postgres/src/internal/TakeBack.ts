/**
 * Takes deliveries of one workspace back, whose lock was got by an EARLIER statement of the transaction. Not in the table
 * of the day: that would be made in the caller's transaction, and lock it.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { type Recall, type Recalled } from "@fibercast/ports/Recall"
import { Array, Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { batchSize } from "./InsertDeliveries.ts"
import { int4, int8, int8s, text } from "./Parameters.ts"
import * as RecallStatements from "./RecallStatements.ts"

export const takeBack = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { force, ids, now, reason, workspaceId }: Recall
) {
  const recallSome = (some: Array.NonEmptyReadonlyArray<DeliveryId>) =>
    sql.unsafe<RecallStatements.RecalledRow>(RecallStatements.recall, [
      int4(workspaceId),
      int8s(some),
      int8(now),
      text(reason),
      force,
      int8(some[0]),
      int8(some[some.length - 1] ?? some[0])
    ])
  const sorted = [...new Set(ids)].toSorted((a, b) => (a < b ? -1 : 1))
  const rows = Array.flatten(yield* Effect.forEach(Array.chunksOf(sorted, batchSize), recallSome))
  const idsWhere = (isAsked: boolean) =>
    rows.flatMap((row) => (row.is_asked === isAsked ? [DeliveryId.make(row.id, { disableChecks: true })] : []))
  return { cancelled: idsWhere(false), asked: idsWhere(true) } satisfies Recalled
})
