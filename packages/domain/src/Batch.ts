/**
 * A batch is a group of background jobs that is followed as one: in stages, one after the other, with what is
 * dispatched when all is done, when something fails, and in any case.
 *
 * A chain is a batch with one job in each stage.
 */
import { Schema } from "effect"

/** Given by the BatchStore, increasing. */
export const BatchId = Schema.Int.check(Schema.isGreaterThan(0)).pipe(Schema.brand("BatchId"))
export type BatchId = typeof BatchId.Type

/**
 * `running` until nothing of it is open and no stage is left; then `completed`, if no more failed than it allows, else
 * `failed`. `cancelled` was asked for, by a person or by a failure; what is under way then may still end by itself.
 */
export const BatchStatus = Schema.Literals(["running", "completed", "failed", "cancelled"])
export type BatchStatus = typeof BatchStatus.Type
