/**
 * Audiences that are queries on the engine's own database.
 *
 * The query is the application's, never a tenant's. It is read in a stream, in bounded memory; after a
 * crash it is run again and the rows already read are passed over, so it must order its rows. Its hash
 * changes with any row (not with their order). Every value is text; null is the empty text.
 */
import { type AudienceRow } from "@fibercast/domain/Audience"
import { AudienceUnreadable, type Opener } from "@fibercast/ports/AudienceSource"
import { Effect, Predicate, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { int8 } from "./internal/Parameters.ts"

const unreadable = (error: SqlError.SqlError): AudienceUnreadable => {
  const { cause } = error.reason
  const reason = Predicate.isError(cause) && cause.message !== "" ? cause.message : error.message
  return new AudienceUnreadable({ source: "the audience's query", reason })
}

const cell = (value: unknown): string =>
  value === null || value === undefined
    ? ""
    : value instanceof Date
      ? value.toISOString()
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value)

/** Opens `Sql` audiences. */
export const opener: Effect.Effect<Opener<"Sql">, never, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  type Cells = Readonly<Record<string, unknown>>

  return Effect.fn("SqlAudience.open")(function* ({ query }) {
    // One row of nulls stands in for an empty audience, so that its columns are known.
    const head = sql.unsafe<Cells>(
      `select audience.* from (select 1) one left join (${query}) audience on true limit 1`
    )
    const [first] = yield* Effect.mapError(head, unreadable)
    const digest = sql.unsafe<{ readonly hash: string }>(
      `select count(*) || '-' || coalesce(sum(('x' || substr(md5(audience::text), 1, 15))::bit(60)::bigint), 0) as hash
      from (${query}) audience`
    )
    const [content] = yield* Effect.mapError(digest, unreadable)
    const rows = (after: number): Stream.Stream<AudienceRow, AudienceUnreadable> =>
      Stream.suspend(() => {
        let row = after
        return sql.unsafe<Cells>(`select * from (${query}) audience offset $1`, [int8(after)]).stream.pipe(
          Stream.map((cells): AudienceRow => {
            const columns = Object.fromEntries(Object.entries(cells).map(([name, value]) => [name, cell(value)]))
            return { _tag: "Row", row: ++row, columns }
          }),
          Stream.mapError(unreadable)
        )
      })
    return { columns: Object.keys(first ?? {}), hash: content?.hash ?? "", rows }
  })
})
