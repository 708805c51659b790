/**
 * The scheduler of one process: it brings the triggers of the code into the store, and passes whenever something is due.
 *
 * Callers may rely on this:
 * - Any number may run at once, with clocks that differ: each occurrence is decided on and recorded once.
 * - A pass that fails is tried again, for as long as it takes; what fell due meanwhile is caught up with.
 * - Closing it stops between two records, and lets the hooks that wait run for up to `drain`.
 *
 * Held in memory: what `SchedulerPass` says, and the hooks that wait, of at most 1,500 runs.
 */
import { type NeverFires } from "@fibercast/domain/Planner"
import { type Alerts } from "@fibercast/ports/Alerts"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Context, Effect, Latch, Layer, Random } from "effect"
import * as Hooks from "./Hooks.ts"
import { untilReachable } from "./Ownership.ts"
import { Pipelines } from "./Pipelines.ts"
import * as RunEnds from "./RunEnds.ts"
import { type Scheduled } from "./Scheduled.ts"
import { SchedulerConfig } from "./SchedulerConfig.ts"
import * as SchedulerHousekeeping from "./SchedulerHousekeeping.ts"
import { SchedulerListener } from "./SchedulerListener.ts"
import * as SchedulerPass from "./SchedulerPass.ts"
import { type PassReport } from "./SchedulerReport.ts"
import * as TriggerCode from "./TriggerCode.ts"
import { type Needs } from "./TriggerDecision.ts"
import { type BadTrigger } from "./TriggerPut.ts"
import * as TriggerReconciler from "./TriggerReconciler.ts"
import * as TriggerReplan from "./TriggerReplan.ts"
import * as TriggerRun from "./TriggerRun.ts"

export interface Options<R> {
  /** Whose code it is: other apps on the same database keep their own triggers. Null: no code, `scheduled` is empty. */
  readonly app: string | null
  readonly scheduled: ReadonlyArray<Scheduled<R>>
  /** Where this is: `production` unless told. */
  readonly environment?: string | undefined
  /** False: it passes only when told to. Default true. */
  readonly loop?: boolean | undefined
}

/** What the code changed about the stored triggers; by name. */
export type Reconciled = Omit<TriggerReconciler.Reconciled<never>, "placed">

export class Scheduler extends Context.Service<
  Scheduler,
  {
    /** Unique to this run of this process. */
    readonly name: string
    readonly reconciled: Reconciled
    /** The pipelines that this process works; what is dispatched to others is for other processes. */
    readonly pipelines: ReadonlyArray<string>
    /** Pass now, and say what became of what was due. */
    readonly pass: Effect.Effect<PassReport, LedgerUnavailable>
    /** Record runs that are over, tell their hooks, and release what waited for them; what is due is left for a pass. */
    readonly follow: Effect.Effect<void, LedgerUnavailable>
    /** Something may be due, or may have been defined: do not wait for the next poll. */
    readonly wake: Effect.Effect<void>
  }
>()("fibercast/engine/Scheduler") {
  static readonly layer = <R>(
    options: Options<R>
  ): Layer.Layer<
    Scheduler,
    NeverFires | BadTrigger | TriggerReconciler.DuplicateTrigger | TriggerReconciler.TriggerTaken,
    R | Needs | WorkspaceStore | Alerts
  > => Layer.effect(Scheduler, make(options))
}

/** Runs whose hooks wait, and those whose hooks run at once. */
const hooksWaiting = 1000
const hooksAtOnce = 16

const make = Effect.fnUntraced(function* <R>(options: Options<R>) {
  const { app, environment = "production", loop = true, scheduled } = options
  const settings = yield* SchedulerConfig
  const store = yield* TriggerStore
  const pipelines = yield* Pipelines
  const needs = yield* Effect.context<R | Needs | Alerts>()
  const startedAt = yield* Clock.currentTimeMillis
  const name = `${app ?? "scheduler"}/${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}`
  // One that polls rarely is not down in between.
  const downAfter = Math.max(settings.downAfter, 3 * settings.poll)

  const { placed, ...reconciled } =
    app === null
      ? { placed: [], added: [], changed: [], removed: [] }
      : yield* untilReachable(TriggerReconciler.reconcile(app, scheduled))
  const replanned = yield* untilReachable(TriggerReplan.replan(app))
  if (replanned > 0) yield* Effect.logInfo(`the rules of time zones have changed: planned ${replanned} triggers anew`)
  for (const [what, names] of Object.entries(reconciled)) {
    if (names.length > 0) yield* Effect.logInfo(`triggers ${what}: ${names.join(", ")}`)
  }
  const code = TriggerCode.make<R>({
    app,
    placed,
    knows: ({ pipeline }) => pipelines.options(pipeline) !== undefined
  })

  const hooks = yield* Hooks.make({ concurrency: hooksAtOnce, waiting: hooksWaiting, timeout: null })
  const later = (hook: Effect.Effect<void, never, R>) =>
    Effect.andThen(
      hooks.room,
      Effect.sync(() => hooks.add(Effect.provideContext(hook, needs)))
    )
  const byName = (run: TriggerRun.EndedTriggerRun) =>
    placed.find((one) => one.workspaceId === run.workspaceId && one.scheduled.definition.trigger.name === run.name)

  const bell = yield* Latch.make(false)
  const passes = yield* SchedulerPass.make<R>({
    wake: Effect.asVoid(bell.open),
    code,
    environment,
    settings,
    beat: Effect.flatMap(Clock.currentTimeMillis, (now) =>
      store.beat({ scheduler: name, app, startedAt, now, downAfter })
    ),
    began: (one, run) =>
      one.hooks.some(({ at }) => at === "before")
        ? later(RunEnds.tellBefore(one, run, settings.hookTimeout))
        : Effect.void,
    ended: (run) => {
      const told = TriggerRun.ended(run)
      const one = byName(told)
      if (one === undefined || one.scheduled.hooks.length === 0) return
      hooks.add(Effect.provideContext(RunEnds.tell(one.scheduled, told, settings.hookTimeout), needs))
    },
    hasRoom: hooks.hasRoom,
    tell: yield* SchedulerListener
  })
  const pass = (deliberate: number) => Effect.provideContext(passes.pass(deliberate), needs)
  const follow = Effect.provideContext(passes.follow, needs)

  /** One pass; answers how long nothing is due after it. */
  const passed = Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    yield* pass(SchedulerPass.shortly)
    // What fell due during the pass counts; what it could not decide on is left to the poll.
    const due = yield* store.nextDue({ app, after: began })
    return (due ?? Infinity) - (yield* Clock.currentTimeMillis)
  })
  const passing = Effect.gen(function* () {
    for (;;) {
      bell.closeUnsafe()
      const left = yield* untilReachable(passed).pipe(
        Effect.catchDefect((defect) => Effect.as(Effect.logError("a pass of the scheduler crashed", defect), Infinity))
      )
      yield* Effect.raceFirst(bell.await, Effect.sleep(Math.max(1, Math.min(settings.poll, left))))
    }
  })

  yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeoutOption(store.retire(name), "5 seconds")))
  yield* Effect.addFinalizer(() => Effect.timeoutOption(hooks.awaitIdle, settings.drain))
  if (loop) {
    yield* Effect.forkScoped(passing)
    yield* Effect.forkScoped(Effect.provideContext(SchedulerHousekeeping.run(app), needs))
  }
  return Scheduler.of({
    name,
    reconciled,
    pipelines: pipelines.names,
    pass: pass(Infinity),
    follow,
    wake: Effect.asVoid(bell.open)
  })
})
