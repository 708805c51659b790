/**
 * A statement that only the owner of a workspace may make answers no row to anybody else.
 */
import { EpochLost, type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"

/** The one row of a fenced statement; without it another owns the workspace. */
export const fenced = <A>(owned: Owned, rows: ReadonlyArray<A>): Effect.Effect<A, EpochLost> =>
  rows[0] === undefined
    ? Effect.fail(new EpochLost({ workspaceId: owned.workspaceId, epoch: owned.epoch }))
    : Effect.succeed(rows[0])
