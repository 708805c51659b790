/**
 * A job is defined once, and dispatched now, later, to a lane of its own, or together with the rows that it is about.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { DateTime, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { work } from "./Work.ts"

export const MakeInvoice = Pipeline.make("invoices.make", {
  payload: Schema.Struct({ order: Schema.Int }),
  tags: ({ order }) => [`order:${order}`]
}).pipe(Pipeline.tap(({ order }) => work(`invoice ${order}`)))

export const now = (workspaceId: WorkspaceId, order: number) =>
  Pipeline.dispatch(MakeInvoice, { workspaceId, payload: { order } })

export const urgently = (workspaceId: WorkspaceId, order: number) =>
  Pipeline.dispatch(MakeInvoice, { workspaceId, payload: { order }, lane: "urgent" })

export const later = (workspaceId: WorkspaceId, order: number) =>
  Pipeline.dispatch(MakeInvoice, { workspaceId, payload: { order }, delay: "10 minutes" })

export const onNewYear = (workspaceId: WorkspaceId, order: number) =>
  Pipeline.dispatch(MakeInvoice, {
    workspaceId,
    payload: { order },
    at: DateTime.makeUnsafe("2027-01-01T09:00:00+07:00"),
    deadline: DateTime.makeUnsafe("2027-01-01T12:00:00+07:00")
  })

export const many = (workspaceId: WorkspaceId, orders: ReadonlyArray<number>) =>
  Pipeline.dispatchMany(MakeInvoice, { workspaceId, payloads: orders.map((order) => ({ order })) })

export const placeOrder = Effect.fn("placeOrder")(function* (workspaceId: WorkspaceId, order: number) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`insert into orders (id) values (${order})`
      return yield* now(workspaceId, order)
    })
  )
})
