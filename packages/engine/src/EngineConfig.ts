/**
 * The engine's own settings, with defaults that suit one machine. Durations are in milliseconds.
 */
import { type Lane, lanes } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context } from "effect"

export interface EngineSettings {
  /**
   * The lanes that are served: of others nothing is claimed, and their campaigns are read, started and ended all the same.
   * A workspace has one owner, so lanes that its owner does not serve wait: engines that share workspaces serve the same
   * lanes, and where senders send, it is them that serve some.
   */
  readonly lanes: ReadonlyArray<Lane>
  /** The only workspace that is worked; null: all. */
  readonly workspace: WorkspaceId | null
  /** Sends under way at once, for each workspace; of urgent and high a tenth more, where its own limit allows. */
  readonly concurrency: number
  /** Deliveries a workspace holds claimed at once; bounds memory and what a crash leaves to be redone. */
  readonly window: number
  /** Deliveries in one claim, at most. */
  readonly batch: number
  /** How long ownership of a workspace outlives its last heartbeat. */
  readonly lease: number
  readonly heartbeat: number
  /** How long an idle actor waits before it looks again, whatever signals it missed. */
  readonly poll: number
  /** How often a node looks for workspaces that need an actor. */
  readonly sweep: number
  /** How long an actor without work stays. */
  readonly idle: number
  /**
   * How long outcomes wait for more, so that fewer writes are made, while many deliveries are under way and less than a quarter
   * as many have ended. What little is under way is written at once.
   */
  readonly linger: number
  /** How long a stopping actor waits for the sends under way. */
  readonly drain: number
  /** How late a campaign may start before an alarm is raised. */
  readonly overdue: number
  /** How long due work may wait, whatever for, before an alarm is raised. */
  readonly longWait: number
  /**
   * Share of failed deliveries, from 0 to 1, that raises an alarm: of a campaign, once so many of it were tried; of a
   * pipeline's background jobs, among so many that ended last.
   */
  readonly failureRate: number
  readonly failureSample: number
  /** How many nodes may die while they hold a delivery; then it is set aside as failed. At least 2. */
  readonly poison: number
  /** How long final records are kept, where their pipeline does not say otherwise; Infinity: for ever. */
  readonly retention: number
  /** How often what is kept no longer is looked for. */
  readonly prune: number
}

export const defaults: EngineSettings = {
  lanes,
  workspace: null,
  concurrency: 100,
  window: 6000,
  batch: 1000,
  lease: 15_000,
  heartbeat: 3000,
  poll: 1000,
  sweep: 2000,
  idle: 30_000,
  linger: 5,
  drain: 25_000,
  overdue: 60_000,
  longWait: 300_000,
  failureRate: 0.1,
  failureSample: 50,
  poison: 5,
  retention: 30 * 86_400_000,
  prune: 3_600_000
}

export const EngineConfig = Context.Reference<EngineSettings>("fibercast/engine/EngineConfig", {
  defaultValue: () => defaults
})
