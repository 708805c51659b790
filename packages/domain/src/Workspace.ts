/**
 * A workspace is a tenant: every row belongs to one, and its work is run by one actor at a time.
 */
import { Schema } from "effect"

/** Small positive integer, given by the WorkspaceStore when the workspace is created. */
export const WorkspaceId = Schema.Int.check(Schema.isGreaterThan(0)).pipe(Schema.brand("WorkspaceId"))
export type WorkspaceId = typeof WorkspaceId.Type

/**
 * Who may write for a workspace. Every take-over raises it by one; a claim or settle that carries
 * an older epoch changes nothing, so a node that froze and woke up late does no harm.
 */
export const Epoch = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).pipe(Schema.brand("Epoch"))
export type Epoch = typeof Epoch.Type
