/**
 * Which trigger, whatever it is called.
 */
import { Schema } from "effect"

/** Positive integer, given by the TriggerStore. */
export const TriggerId = Schema.Int.check(Schema.isGreaterThan(0)).pipe(Schema.brand("TriggerId"))
export type TriggerId = typeof TriggerId.Type
