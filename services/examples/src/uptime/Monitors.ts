/**
 * The monitors of a site, and what their checks found.
 *
 * Callers may rely on this:
 * - A slot of a monitor's grid is planned once. On Postgres it is planned in the transaction that dispatches its check, so
 *   there are both or neither, whatever crashes.
 * - A slot that was refused is lost, and counted. Its monitor is planned again at its next slot, ahead of those of that
 *   time which lost fewer.
 * - A finding is kept once for each slot.
 */
import { Context, type Effect } from "effect"
import { type SqlError } from "effect/sql"

export interface NewMonitor {
  readonly id: string
  readonly url: string
  /** Whole seconds between two checks, at least 1. */
  readonly every: number
  /** Its checks overtake those of others. */
  readonly important?: boolean | undefined
}

/** A check that is due: `slot` is its place on the monitor's grid, in milliseconds since the epoch. */
export interface Due {
  readonly id: string
  readonly url: string
  readonly every: number
  readonly important: boolean
  /** Its last check found it failing. */
  readonly failing: boolean
  readonly slot: number
}

export interface Finding {
  readonly id: string
  readonly slot: number
  /** When it was found, in milliseconds since the epoch. */
  readonly at: number
  /** Null: there was no answer. */
  readonly status: number | null
  /** Milliseconds. */
  readonly latency: number
  /** Why the target counts as failing; null: it does not. */
  readonly problem: string | null
}

/** How a monitor stands. */
export interface Standing {
  readonly id: string
  readonly url: string
  readonly down: boolean
  /** Slots that were lost because too many checks were open. */
  readonly refused: number
}

export type Change = "down" | "up"

/** A monitor is down after this many failures in a row, and up again after one success. */
export const failuresToDown = 2

export interface Health {
  readonly failures: number
  readonly down: boolean
}

/** How a monitor is after a check, and what that changes. */
export const judge = (
  { down, failures }: Health,
  problem: string | null
): Health & { readonly change: Change | null } => {
  if (problem === null) return { failures: 0, down: false, change: down ? "up" : null }
  const isDown = down || failures + 1 >= failuresToDown
  return { failures: failures + 1, down: isDown, change: isDown && !down ? "down" : null }
}

export class Monitors extends Context.Service<
  Monitors,
  {
    /** Takes a monitor on, with its first check within `every` of `now`. One whose id is known is left as it is. */
    readonly put: (monitor: NewMonitor, now: number) => Effect.Effect<void, SqlError.SqlError>
    /** With its history. */
    readonly remove: (id: string) => Effect.Effect<void, SqlError.SqlError>
    readonly exists: (id: string) => Effect.Effect<boolean, SqlError.SqlError>
    /**
     * Plans the monitors that are due, at most `limit`: the important ones first, then the longest due. `dispatch` gets
     * the latest slot of each and answers whose were refused; each monitor is next due at the slot after, refused or not.
     * Answers how many were due. Two plannings at once do not plan a slot twice.
     */
    readonly plan: <E, R>(
      options: { readonly now: number; readonly limit: number },
      dispatch: (due: ReadonlyArray<Due>) => Effect.Effect<ReadonlySet<string>, E, R>
    ) => Effect.Effect<number, E | SqlError.SqlError, R>
    /**
     * Keeps what a check found, once for each slot, and runs `tell` when that changes the monitor's state; on Postgres in
     * one transaction with it. Nothing is kept of a monitor that is gone.
     */
    readonly record: <E, R>(
      finding: Finding,
      tell: (change: Change) => Effect.Effect<unknown, E, R>
    ) => Effect.Effect<void, E | SqlError.SqlError, R>
    /** The last findings, oldest first. */
    readonly history: (id: string, limit: number) => Effect.Effect<ReadonlyArray<Finding>, SqlError.SqlError>
    /** All monitors, by id. */
    readonly standing: Effect.Effect<ReadonlyArray<Standing>, SqlError.SqlError>
    /** Forgets findings from before the instant, at most `limit`; answers how many. */
    readonly prune: (before: number, limit: number) => Effect.Effect<number, SqlError.SqlError>
  }
>()("fibercast/examples/uptime/Monitors") {}
