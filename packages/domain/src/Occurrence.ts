/**
 * An occurrence is one nominal firing of a trigger. Trigger and nominal time together identify it.
 */
import { Duration, Result, Schema } from "effect"
import { formatWall } from "./internal/WallClock.ts"
import * as ZoneRules from "./ZoneRules.ts"

export const Occurrence = Schema.Struct({
  /** The trigger's name. */
  trigger: Schema.String,
  /** When it is due by the trigger's own rule. Milliseconds since the epoch. */
  nominal: Schema.Int,
  /** What the wall clock in `zone` shows then: `2026-12-01 09:00`, with seconds unless they are zero. */
  wallTime: Schema.String,
  zone: Schema.String,
  /** How much later than nominal it is meant to run, in milliseconds, so that many triggers do not run at once. */
  spread: Schema.Int
})
export type Occurrence = typeof Occurrence.Type

/** When it is meant to run. Milliseconds since the epoch. */
export const dueAt = (occurrence: Occurrence): number => occurrence.nominal + occurrence.spread

/**
 * A share of the window that depends on nothing but the name: whole milliseconds in [0, window), evenly distributed
 * over many names, the same for a name on every node and in every release.
 */
export const spread = (window: Duration.Input, name: string): number =>
  Math.floor((ZoneRules.hash(name) / 2 ** 32) * Duration.toMillis(window))

/** What the wall clock of an IANA zone shows at an instant: `2026-12-01 09:00`. A zone that is not one is a defect. */
export const wallTime = (nominal: number, zone: string): string =>
  formatWall(nominal + ZoneRules.offsetAt(Result.getOrThrow(ZoneRules.make(zone)), nominal))
