/**
 * A recipient is one record of an audience that can be written to.
 */
import { Schema } from "effect"

/** What a campaign's delivery carries as its payload. */
export const Recipient = Schema.Struct({
  row: Schema.Int,
  /** Normalised: for phones E.164. */
  address: Schema.NonEmptyString,
  columns: Schema.Record(Schema.String, Schema.String)
})
export type Recipient = typeof Recipient.Type

/** A record that is not written to, and why. Operators find it by `row` in their own file. */
export interface SkippedRow {
  readonly row: number
  readonly input: string
  readonly reason: string
}
