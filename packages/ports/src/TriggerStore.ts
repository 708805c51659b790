/**
 * The TriggerStore keeps triggers and what became of each of their occurrences.
 *
 * Callers may rely on this:
 * - A nominal time of a trigger has at most one record. `record` writes the records, the work they dispatch and the
 *   trigger's cursor in one transaction, or nothing of it.
 * - Two schedulers that decide on the same occurrences cannot both be right: `record` takes effect only if the trigger,
 *   its cursor and what its overlap key is doing still are as the decision found them. No lock is held meanwhile.
 * - A run is open until its delivery or campaign is over, whatever becomes of the process that works it. That nobody
 *   has marked it as ended does not keep it open.
 * - An occurrence runs or waits under the overlap key that its trigger had when it was written, whatever the trigger is
 *   changed to.
 * - `occurrenceId` increases from record to record; one that is filled or released keeps its own.
 * - `app` says whose code a trigger belongs to; null: it was defined at run time, and anybody may schedule it.
 * - `now` and every instant are milliseconds since the epoch, taken from `Clock` by the caller.
 */
import { type DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type Outcome, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { type Busy } from "@fibercast/domain/Overlap"
import { type TriggerDefinition } from "@fibercast/domain/TriggerDefinition"
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Context, type Effect, Schema } from "effect"
import { type Attendance, type Pulse, type SchedulerPass } from "./Attendance.ts"
import { type NewCampaign } from "./CampaignStore.ts"
import { type LedgerUnavailable } from "./Ledger.ts"
import { type EndedRun, type RecordedOccurrence, type Run, type Waiting } from "./Run.ts"
import { type Merging, type StoredTrigger } from "./StoredTrigger.ts"

/** No such trigger in this workspace, or it was removed. */
export class TriggerNotFound extends Schema.TaggedError<TriggerNotFound>()("TriggerNotFound", {
  name: Schema.String
}) {
  override get message(): string {
    return `there is no trigger "${this.name}" in this workspace`
  }
}

/** A trigger as it is to be from now on. */
export interface Put {
  readonly workspaceId: WorkspaceId
  readonly app: string | null
  readonly definition: TriggerDefinition
  /** What the caller saw; null: nothing of this name, or a removed one. */
  readonly seen: { readonly revision: number } | null
  readonly zone: string
  readonly cursor: number
  readonly nextDue: number | null
  readonly rules: string
  readonly now: number
}

/** What an occurrence dispatches. */
export type Work =
  | { readonly _tag: "Deliver"; readonly delivery: NewDelivery }
  /** Whose key names the occurrence: launched twice, it is launched once, and stays as it was launched first. */
  | { readonly _tag: "Launch"; readonly campaign: NewCampaign }

export interface NewOccurrence {
  readonly nominal: number
  readonly dueAt: number
  readonly outcome: Outcome
  readonly reason: Reason | null
  /** More about the reason. */
  readonly detail: string | null
  readonly zone: string
  readonly rules: string
  /** The other nominal times it stands for: the first of them, and how many. */
  readonly covers: Merging | null
  /** Given if and only if it runs. */
  readonly work: Work | null
}

/** The fate of a trigger's next occurrences, as one scheduler decided it. */
export interface Advance {
  readonly triggerId: TriggerId
  /** As the decision found them. */
  readonly revision: number
  readonly cursor: number
  /** What the overlap key was doing; null: the decision does not depend on it. */
  readonly busy: Busy | null
  /** From now on. */
  readonly nextCursor: number
  readonly nextDue: number | null
  readonly rules: string
  readonly merging: Merging | null
  /**
   * In nominal order, each at or after `cursor` and before `nextCursor`. If one is named twice or has a record already,
   * the advance does not hold.
   */
  readonly occurrences: ReadonlyArray<NewOccurrence>
  /** What waited for the overlap key is skipped, for `overlap`. */
  readonly displace: boolean
}

export interface Tally {
  readonly triggerId: TriggerId
  readonly outcome: Outcome
  readonly reason: Reason | null
  readonly count: number
}

/** Whose triggers: those defined at run time, and those of this app. */
export interface Mine {
  readonly app: string | null
}

export class TriggerStore extends Context.Service<
  TriggerStore,
  {
    /**
     * Adds a trigger, brings a removed one back, or changes it. Null: it is not as the caller saw it; nothing was written.
     * With another cursor than before it is planned anew from there.
     * What comes back is the same trigger with its history, but neither paused nor amid a pile-up, and its cursor is no
     * earlier than it was. A change leaves both as they are. A workspace that does not exist is refused.
     */
    readonly put: (put: Put) => Effect.Effect<StoredTrigger | null, LedgerUnavailable>

    /** Removed ones are not found. */
    readonly find: (workspaceId: WorkspaceId, name: string) => Effect.Effect<StoredTrigger | null, LedgerUnavailable>

    /** By workspace and name, character by character, those removed left out. Null: of every workspace. */
    readonly list: (options: {
      readonly workspaceId: WorkspaceId | null
    }) => Effect.Effect<ReadonlyArray<StoredTrigger>, LedgerUnavailable>

    /** It fires no more; what waited is skipped. Its history stays. False: it was changed since, or removed. */
    readonly remove: (options: {
      readonly triggerId: TriggerId
      readonly revision: number
      readonly now: number
    }) => Effect.Effect<boolean, LedgerUnavailable>

    /** Pauses, or changes the note of a pause; since when stays. */
    readonly pause: (options: {
      readonly workspaceId: WorkspaceId
      readonly name: string
      readonly note: string | null
      readonly now: number
    }) => Effect.Effect<StoredTrigger, LedgerUnavailable | TriggerNotFound>

    /** Ends a pause. One that is not paused stays as it is. */
    readonly resume: (options: {
      readonly workspaceId: WorkspaceId
      readonly name: string
      readonly now: number
    }) => Effect.Effect<StoredTrigger, LedgerUnavailable | TriggerNotFound>

    /**
     * Triggers with an occurrence meant to run by now, the longest due first, then by id, after the given place; at most
     * `limit`.
     * Paused ones only if what is due while they are paused is skipped.
     */
    readonly due: (
      options: Mine & {
        readonly now: number
        readonly after: { readonly nextDue: number; readonly triggerId: TriggerId } | null
        readonly limit: number
      }
    ) => Effect.Effect<ReadonlyArray<StoredTrigger>, LedgerUnavailable>

    /** The earliest `nextDue` after `after` of triggers that `due` would answer when it has come; null: none. */
    readonly nextDue: (options: Mine & { readonly after: number }) => Effect.Effect<number | null, LedgerUnavailable>

    /**
     * What the overlap key of a workspace is doing. `runs`: those not over, by `occurrenceId`. What waits of a paused
     * trigger is not counted, unless a person asked for it: it holds up nobody.
     */
    readonly holders: (options: {
      readonly workspaceId: WorkspaceId
      readonly overlapKey: string
    }) => Effect.Effect<{ readonly runs: ReadonlyArray<Run>; readonly waiting: number }, LedgerUnavailable>

    /**
     * Writes what still holds, one after another in the order given, each wholly or not at all: an advance is judged by
     * what the ones before it have written. Answers the triggers whose advance was written, in that order.
     */
    readonly record: (options: {
      readonly now: number
      readonly advances: ReadonlyArray<Advance>
    }) => Effect.Effect<ReadonlyArray<TriggerId>, LedgerUnavailable>

    /**
     * Records occurrences at the asking of a person: nominal times before the cursor, or such as the trigger does not
     * plan. One that ran or waits is left alone; one that was skipped or missed becomes what is given; of one given
     * twice, the first is taken. Neither the cursor nor what the overlap key is doing matters. Answers the nominal
     * times that were written, in the order given. Nothing is written for a trigger that was removed.
     */
    readonly fill: (options: {
      readonly now: number
      readonly triggerId: TriggerId
      readonly occurrences: ReadonlyArray<NewOccurrence>
    }) => Effect.Effect<ReadonlyArray<number>, LedgerUnavailable>

    /**
     * The first waiting occurrence of each overlap key that has no open run, by `occurrenceId`; at most `limit`. If the
     * first of a key is not the caller's, the key has none for the caller. What `holders` does not count is passed by.
     */
    readonly ready: (
      options: Mine & { readonly limit: number }
    ) => Effect.Effect<ReadonlyArray<Waiting>, LedgerUnavailable>

    /**
     * What waited runs, or is given another outcome. False: it does not wait any more, its trigger was removed, or,
     * if it is to run, its overlap key has an open run.
     */
    readonly release: (options: {
      readonly now: number
      readonly occurrenceId: bigint
      readonly outcome: Exclude<Outcome, "waiting">
      readonly reason: Reason | null
      readonly detail: string | null
      readonly work: Work | null
    }) => Effect.Effect<boolean, LedgerUnavailable>

    /** Runs whose work is over: marks each as ended and answers it, to one caller only; at most `limit`. */
    readonly end: (
      options: Mine & { readonly now: number; readonly limit: number }
    ) => Effect.Effect<ReadonlyArray<EndedRun>, LedgerUnavailable>

    /** Keeps what a run printed, while it runs or later; the last counts. */
    readonly output: (options: {
      readonly triggerId: TriggerId
      readonly nominal: number
      readonly text: string
    }) => Effect.Effect<void, LedgerUnavailable>

    /** The newest first, before the given nominal time; at most `limit`. */
    readonly history: (options: {
      readonly triggerId: TriggerId
      readonly before: number | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<RecordedOccurrence>, LedgerUnavailable>

    /** The run that dispatched this delivery, of whichever trigger; null: it is none's, or its record was forgotten. */
    readonly runOf: (deliveryId: DeliveryId) => Effect.Effect<Run | null, LedgerUnavailable>

    /** Nominal times in [from, to) that have a record, ascending; at most `limit`. */
    readonly nominals: (options: {
      readonly triggerId: TriggerId
      readonly from: number
      readonly to: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<number>, LedgerUnavailable>

    /**
     * How often each trigger came to which outcome, over all its time, removed ones as well; what waits counts as
     * waiting, and outcomes that none came to are left out. Null: of every workspace.
     */
    readonly tallies: (options: {
      readonly workspaceId: WorkspaceId | null
    }) => Effect.Effect<ReadonlyArray<Tally>, LedgerUnavailable>

    /** Says that a scheduler passes now, and answers what all of them go by. Of several apps, they are one pulse. */
    readonly beat: (options: {
      readonly scheduler: string
      readonly app: string | null
      readonly startedAt: number
      readonly now: number
      readonly downAfter: number
    }) => Effect.Effect<Pulse, LedgerUnavailable>

    /** The last pass of each scheduler, the latest first. At a beat, those that did not pass for a day are forgotten. */
    readonly schedulers: Effect.Effect<ReadonlyArray<SchedulerPass>, LedgerUnavailable>

    /** The scheduler ended in good order: it is not among `schedulers` any more. What it has passed still counts. */
    readonly retire: (scheduler: string) => Effect.Effect<void, LedgerUnavailable>

    /** By app, the run-time one first: the triggers that stand and will fire again, and who looks after them. */
    readonly attendance: Effect.Effect<ReadonlyArray<Attendance>, LedgerUnavailable>

    readonly maintenance: Effect.Effect<Pulse["maintenance"], LedgerUnavailable>

    /** Begins maintenance, or changes its note; since when stays. `on: false` ends it. */
    readonly setMaintenance: (options: {
      readonly on: boolean
      readonly note: string | null
      readonly now: number
    }) => Effect.Effect<void, LedgerUnavailable>

    /**
     * Forgets occurrences that were over before the instant, at most `limit`. Answers how many. Tallies stay. A run is
     * over when it has ended and is marked so, all else but what waits when it was recorded.
     */
    readonly forget: (options: {
      readonly before: number
      readonly limit: number
    }) => Effect.Effect<number, LedgerUnavailable>
  }
>()("fibercast/ports/TriggerStore") {}
