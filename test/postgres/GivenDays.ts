/**
 * The stores that records are kept in, and the tables of days.
 */
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlRecords from "@fibercast/postgres/SqlRecords"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../support/TestDatabase.ts"

export const stores = Layer.mergeAll(
  SqlLedger.layer,
  SqlCampaignStore.layer,
  SqlWorkspaceStore.layer,
  SqlRecords.layer
).pipe(Layer.provideMerge(TestDatabase.layer))

/** The days there are tables of, of a history: `20231114`. */
export const daysOf = Effect.fnUntraced(function* (history: "deliveries_done" | "attempts" | "tallies") {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly day: string }>`
    SELECT right(c.relname, 8) AS day FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ${history}::regclass AND c.relname ~ '_[0-9]{8}$' ORDER BY 1`
  return rows.map(({ day }) => day)
})

/** Rows that the table has. */
export const rowsIn = Effect.fnUntraced(function* (table: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly count: number }>`SELECT count(*)::int AS count FROM ${sql(table)}`
  return row?.count ?? 0
})
