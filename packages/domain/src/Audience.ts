/**
 * An audience is who a campaign goes to, as data: it can be stored with the campaign and read
 * again after a crash, from any row on.
 */
import { Schema } from "effect"

export const AudienceSpec = Schema.Union([
  /** A CSV file with a header line. */
  Schema.TaggedStruct("Csv", { path: Schema.NonEmptyString }),
  /** Rows kept with the campaign itself; at most `maxInlineRows`. */
  Schema.TaggedStruct("Inline", { rows: Schema.Array(Schema.Record(Schema.String, Schema.String)) }),
  /** A query whose columns are the audience's. It must order its rows the same way each time it is run. */
  Schema.TaggedStruct("Sql", { query: Schema.NonEmptyString }),
  /** A stream that the application registers under this name. */
  Schema.TaggedStruct("Named", { name: Schema.NonEmptyString })
])
export type AudienceSpec = typeof AudienceSpec.Type

/** Larger arrays belong in a file, a query or a stream. */
export const maxInlineRows = 10_000

/** One record of an audience. `row` counts from 1, in the source's own order, header not counted. */
export type AudienceRow =
  | { readonly _tag: "Row"; readonly row: number; readonly columns: Readonly<Record<string, string>> }
  /** The record itself is unreadable: it is skipped, with this reason. */
  | { readonly _tag: "Bad"; readonly row: number; readonly input: string; readonly reason: string }
