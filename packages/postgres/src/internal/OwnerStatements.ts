/**
 * Who owns a workspace. Each of these locks its row until the end of the transaction, and so waits for the
 * owner's running statements.
 */

/** $1 workspace, $2 owner, $3 now, $4 until, $5 whether by force. Answers no row when another holds it. */
export const takeOver = `update workspaces set epoch = epoch + 1, owner = $2, owned_until = $4
where id = $1 and ($5 or owner is null or owner = $2 or owned_until <= $3) returning epoch`

/** $1 workspace. */
export const holder = `select coalesce(owner, '') as owner, coalesce(owned_until, 0)::float8 as until
from workspaces where id = $1`

/** $1 workspace, $2 epoch, $3 until. Answers the lanes that are paused. */
export const heartbeat = `update workspaces set owned_until = $3
where id = $1 and epoch = $2 and owner is not null returning paused_lanes`

/** $1 workspace, $2 epoch. */
export const abandon = `update workspaces set owner = null, owned_until = null
where id = $1 and epoch = $2 and owner is not null returning 1`

/** Keeps claims and settles out. $1 workspace, $2 epoch. */
export const lock = `select 1 from workspaces where id = $1 and epoch = $2 and owner is not null for no key update`
