/**
 * The scheduler's own settings, with defaults that suit most. Durations are in milliseconds.
 */
import { Context } from "effect"

export interface SchedulerSettings {
  /** The longest time between two passes; a pass comes sooner when something is due. */
  readonly poll: number
  /** Triggers looked at together, and occurrences of one trigger decided on at once. Bounds memory and transactions. */
  readonly batch: number
  readonly page: number
  /** Without a pass of any scheduler for so long, what fell due meanwhile counts as missed because none ran. */
  readonly downAfter: number
  /** Without a pass for so long, the scheduler is dead: health is red and an alarm goes out. */
  readonly deadAfter: number
  /** Of what is caught up with, at most so many runs begin each second; the others follow. */
  readonly catchUpRate: number
  /** How long a condition may think before it counts as failed. */
  readonly conditionTimeout: number
  /** How long a hook may take before it is cut off. */
  readonly hookTimeout: number
  /** How long a scheduler that is closed waits for the hooks it has still to run. */
  readonly drain: number
  /** How long the records of occurrences are kept. */
  readonly keep: number
  /** How often old records are forgotten, and what is recorded is compared with the plan. */
  readonly housekeeping: number
}

export const defaults: SchedulerSettings = {
  poll: 1000,
  batch: 200,
  page: 500,
  downAfter: 10_000,
  deadAfter: 60_000,
  catchUpRate: 20,
  conditionTimeout: 5000,
  hookTimeout: 30_000,
  drain: 25_000,
  keep: 30 * 86_400_000,
  housekeeping: 3_600_000
}

export const SchedulerConfig = Context.Reference<SchedulerSettings>("fibercast/engine/SchedulerConfig", {
  defaultValue: () => defaults
})
