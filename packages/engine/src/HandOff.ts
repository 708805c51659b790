/**
 * The hand-off carries out what an actor may start: in this process, or by senders elsewhere.
 *
 * Either way a task that was handed over stays in the window, and counts as under way, until its end is written or is on
 * its way to the settler; and each is reported once.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Outcome } from "@fibercast/domain/Outcome"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { Clock, Context, Effect, Random, type Scope } from "effect"
import { type EngineSettings } from "./EngineConfig.ts"
import { type Ownership } from "./Ownership.ts"
import * as PipelineRunner from "./PipelineRunner.ts"
import { type Prepared } from "./Pipelines.ts"
import * as Settlements from "./Settlements.ts"
import { type Settler } from "./Settler.ts"
import { type Slots } from "./Slots.ts"
import { type Flow, type Task } from "./Flow.ts"
import { type Window } from "./Window.ts"

export interface HandOff {
  /** Starts tasks of one flow. Cannot be interrupted, so it waits for no more than a slot that the window counts as free. */
  readonly start: (flow: Flow, tasks: ReadonlyArray<Task>) => Effect.Effect<void>
  /** How much of a flow without limits is best started at once, and no more than `most`; absent: as much as ever. */
  readonly runOf?: (flow: Flow, most: number) => number
  /** What was handed over and has not ended. */
  readonly underWay: () => ReadonlyArray<Task>
  /** What of it nobody has begun, as far as is known. */
  readonly untaken: () => ReadonlyArray<Task>
  /** Has these of `underWay` interrupted, for their reasons; does not wait for their end. May be repeated. */
  readonly interrupt: (stops: ReadonlyMap<Task, string>) => Effect.Effect<void>
  /** Returns when nothing is under way. */
  readonly awaitIdle: Effect.Effect<void>
  /** Dies with whatever crashed of what it does by itself: it is of no use then. Else it never returns. */
  readonly crashed: Effect.Effect<never>
}

/** The actor that hands over. */
export interface Handing {
  readonly window: Window
  readonly ownership: Ownership
  readonly settings: EngineSettings
  readonly slots: Slots
  readonly settler: Settler
  readonly pipelines: Prepared
  /** For a task that has ended: what became of it because it was being stopped, or null. To be asked once. */
  readonly recalled: (task: Task) => Outcome | null
  /** Its account takes nothing until then. */
  readonly rest: (flow: Flow, until: number, now: number) => void
  /** Attempts of the last `per` milliseconds that a limit must still count, none older than `since`. */
  readonly primed: (per: number, since: number) => Effect.Effect<number>
  readonly hold: (campaign: Campaign, reason: string) => void
}

export interface WayOfHandingOff {
  /** Who starts a task writes its started mark; else the actor does, before it hands the task over. */
  readonly marks: boolean
  /** How much longer than asked the period of a rate is, as a share, so that what is late by less stays within the rate. */
  readonly stretch: number
  readonly make: (handing: Handing) => Effect.Effect<HandOff, never, Ledger | CampaignStore | Scope.Scope>
}

/**
 * In this process. A hundredth longer than asked: sends that leave within the rate may arrive a little closer together, and
 * the provider counts arrivals.
 */
const local: WayOfHandingOff = {
  marks: false,
  stretch: 0.01,
  make: Effect.fnUntraced(function* ({ pipelines, recalled, rest, settler, slots, window }) {
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    const runner = yield* PipelineRunner.make<Task, unknown, unknown, never>({
      concurrency: slots.most,
      run: (task) => pipelines.handle(task.context),
      timeout: (task) => pipelines.timeout(task.context),
      onExit: (task, exit, timedOut) => {
        const now = clock.currentTimeMillisUnsafe()
        task.endedAt = now
        const stopped = recalled(task)
        const ended = { exit, timedOut, now, chance: random.nextDoubleUnsafe() }
        const verdict =
          stopped === null ? pipelines.verdict(task.context, ended) : { hold: null, notBefore: null, outcome: stopped }
        if (verdict.notBefore !== null) rest(task.held.flow, verdict.notBefore, now)
        settler.note({ task, settlement: Settlements.of(task, verdict.outcome, now), hold: verdict.hold })
        // Not before: whoever waits for silence goes on at once, and must find the outcome.
        window.ended(task)
        // What takes its slot has been started, unless many are under way: to write takes longer.
        settler.nudge()
      }
    })
    return {
      start: (_flow, tasks) => runner.submit(tasks),
      underWay: runner.items,
      untaken: () => [],
      interrupt: (stops) => Effect.sync(() => runner.interrupt(new Set(stops.keys()))),
      awaitIdle: runner.awaitIdle,
      crashed: Effect.never
    }
  })
}

/** The way of this process; in this process itself unless told otherwise. */
export const Way = Context.Reference<WayOfHandingOff>("fibercast/engine/HandOff/Way", { defaultValue: () => local })
