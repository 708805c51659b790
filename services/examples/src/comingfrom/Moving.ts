/**
 * Moving a queue that runs: its waiting jobs, and what programs in other languages ask for.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Dispatch from "@fibercast/ports/Dispatch"
import { type DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { MakeInvoice } from "./Invoices.ts"

/** A job that waits in the old queue. Run it again if it stops half way: each is moved once. */
export const moveJob = (
  workspaceId: WorkspaceId,
  job: { readonly id: string; readonly order: number; readonly runAt: DateTime.DateTime }
) =>
  Pipeline.dispatch(MakeInvoice, {
    workspaceId,
    payload: { order: job.order },
    at: job.runAt,
    idempotencyKey: `old-queue:${job.id}`
  })

/** Rows that any program may write become jobs: the row goes and the job comes in one transaction, or neither. */
export const takeOutbox = Effect.fn("takeOutbox")(function* (workspaceId: WorkspaceId) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql.withTransaction(
    Effect.gen(function* () {
      const rows = yield* sql<{ readonly order_id: number }>`
        delete from outbox
        where id in (select id from outbox order by id limit 1000 for update skip locked)
        returning order_id`
      const payloads = rows.map(({ order_id: order }) => ({ order }))
      return yield* Dispatch.orFail(yield* Pipeline.dispatchMany(MakeInvoice, { workspaceId, payloads }))
    })
  )
})
