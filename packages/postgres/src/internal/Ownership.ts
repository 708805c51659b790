/**
 * The fence of every statement by an owner. Its row is share-locked until the statement ends, so a take-over
 * waits for the statement, and a statement that comes after a take-over finds no row and changes nothing. The row is
 * as it stands when the lock is got, not as the statement's snapshot has it.
 *
 * $1 workspace, $2 epoch.
 */
export const owned = `owned as materialized (
  select recall_no, paused_lanes from workspaces where id = $1 and epoch = $2 and owner is not null for share)`
