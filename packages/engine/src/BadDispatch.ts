/**
 * What was asked of a dispatch cannot be. Nothing was recorded.
 */
import { Schema } from "effect"

export class BadDispatch extends Schema.TaggedError<BadDispatch>()("BadDispatch", {
  pipeline: Schema.String,
  /** The option, as it is written: `delay`, `unique.key`. */
  field: Schema.String,
  /** What it was. */
  value: Schema.String,
  /** What it must be. */
  rule: Schema.String
}) {
  override get message(): string {
    return `a dispatch to pipeline ${this.pipeline} cannot have ${this.field} ${this.value}: ${this.rule}`
  }
}
