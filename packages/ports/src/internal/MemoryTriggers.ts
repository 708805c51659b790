/**
 * The rows of triggers in memory: triggers, their occurrences, and how schedulers stand.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type Outcome, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type RecordedOccurrence } from "../Run.ts"
import { type StoredTrigger } from "../StoredTrigger.ts"
import { type Pulse, type SchedulerPass } from "../Attendance.ts"

/** How the delivery of a run ended. */
export interface RunEnding {
  readonly state: FinalState
  readonly now: number
  readonly reason: string | null
}

export interface MemoryOccurrence {
  row: RecordedOccurrence
  readonly overlapKey: string
}

export interface MemoryTrigger {
  row: StoredTrigger
  /** By nominal time. */
  readonly occurrences: Map<number, MemoryOccurrence>
  readonly tallies: Map<string, { readonly outcome: Outcome; readonly reason: Reason | null; count: number }>
}

/** Since when schedulers pass without a break, and when one last did. */
export interface Heart {
  readonly aliveSince: number
  readonly passedAt: number
}

export interface MemoryTriggers {
  readonly byId: Map<TriggerId, MemoryTrigger>
  /** Of a workspace and a name. */
  readonly byName: Map<string, MemoryTrigger>
  /** Deliveries of runs, and how they ended; null: they did not. */
  readonly runs: Map<DeliveryId, RunEnding | null>
  /** Occurrences that wait, and runs that nobody ended yet. */
  readonly unfinished: Map<bigint, MemoryOccurrence>
  readonly schedulers: Map<string, SchedulerPass & { readonly isRetired: boolean }>
  /** By app; null: of all schedulers. */
  readonly hearts: Map<string | null, Heart>
  maintenance: Pulse["maintenance"]
  lastOccurrenceId: bigint
}

export const noTriggers = (): MemoryTriggers => ({
  byId: new Map(),
  byName: new Map(),
  runs: new Map(),
  unfinished: new Map(),
  schedulers: new Map(),
  hearts: new Map(),
  maintenance: null,
  lastOccurrenceId: 0n
})

/** Null: of every workspace. */
export const ofWorkspace = ({ byId }: MemoryTriggers, workspaceId: WorkspaceId | null): ReadonlyArray<MemoryTrigger> =>
  [...byId.values()].filter(({ row }) => workspaceId === null || row.workspaceId === workspaceId)

export const nameKey = (workspaceId: number, name: string): string => `${workspaceId}/${name}`

/** Counts one more of the outcome, or one less. */
export const tally = (trigger: MemoryTrigger, outcome: Outcome, reason: Reason | null, more: 1 | -1): void => {
  const key = `${outcome}/${reason ?? ""}`
  const known = trigger.tallies.get(key)
  if (known === undefined) trigger.tallies.set(key, { outcome, reason, count: more })
  else known.count += more
}
