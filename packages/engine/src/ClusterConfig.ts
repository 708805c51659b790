/**
 * The settings of a cluster of nodes. Durations are in milliseconds. They must be the same on all its nodes.
 *
 * With the defaults the workspaces of a node that was killed go on elsewhere within eight seconds: after `lockExpiration`
 * at the latest its shards are free, and by then its leases in the ledger have ended as well.
 */
import { Context } from "effect"
import { type ShardingConfig } from "effect/cluster/ShardingConfig"

export interface ClusterSettings {
  /** Parts that workspaces are placed by. Not to be changed while a node runs. */
  readonly shards: number
  /** After which a node that no longer refreshes its locks is taken for dead, and its shards are others'. */
  readonly lockExpiration: number
  /** How often locks are refreshed; a third of `lockExpiration` at most. Locks that cannot be refreshed for as long stop all actors. */
  readonly lockRefresh: number
  /** How often a node looks which others there are. */
  readonly assignments: number
  /** How often one node asks all others whether they live. */
  readonly health: number
  /** How often a node tries again for shards that it could not yet have. */
  readonly poll: number
  /** How soon a node notices that a shard came to it, and looks for work there. */
  readonly look: number
  /** How long ownership of a workspace in the ledger outlives its last heartbeat: not longer than `lockExpiration`. */
  readonly lease: number
  readonly heartbeat: number
  /** Workspaces with an actor on one node, at most. More of them wait for their turn. */
  readonly residents: number
  /** How long the entity of a workspace whose actor ended stays, in case it is asked for again; 5000 at least. */
  readonly rest: number
  /** How long a command may take, from any node to the owner and back. */
  readonly answer: number
}

export const defaults: ClusterSettings = {
  shards: 300,
  lockExpiration: 6000,
  lockRefresh: 2000,
  assignments: 500,
  health: 2000,
  poll: 1000,
  look: 200,
  lease: 5000,
  heartbeat: 1500,
  residents: 10_000,
  rest: 10_000,
  answer: 60_000
}

export const ClusterConfig = Context.Reference<ClusterSettings>("fibercast/engine/ClusterConfig", {
  defaultValue: () => defaults
})

/** Longer than an actor takes to stop once its sends have ended, in milliseconds. */
const lastWrites = 15_000

/** The same for Effect's Sharding, but where a node is. `drain`: how long a stopping actor waits for its sends. */
export const sharding = (settings: ClusterSettings, drain: number) =>
  ({
    shardsPerGroup: settings.shards,
    shardLockExpiration: settings.lockExpiration,
    shardLockRefreshInterval: settings.lockRefresh,
    refreshAssignmentsInterval: settings.assignments,
    runnerHealthCheckInterval: settings.health,
    entityMessagePollInterval: settings.poll,
    maxResidentEntities: settings.residents,
    entityMaxIdleTime: settings.rest,
    entityTerminationTimeout: drain + lastWrites,
    simulateRemoteSerialization: false
  }) satisfies Partial<ShardingConfig["Service"]>
