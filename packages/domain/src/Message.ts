/**
 * A message is what a messenger pushes: an address and the rendered text.
 */
import { Schema } from "effect"

export const Message = Schema.Struct({
  /** The address in the messenger's own form; for phones E.164 with its plus: `+6281234567890`. */
  to: Schema.NonEmptyString,
  text: Schema.NonEmptyString
})
export type Message = typeof Message.Type
