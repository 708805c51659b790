/**
 * A workspace actor works one workspace: it owns it in the ledger, feeds its window, sends, settles
 * and keeps its campaigns.
 *
 * Its loops live and die together: when one fails all stop, what was not begun is given back, what is
 * under way may finish within the drain time, and every outcome is written before the ownership is
 * given up. A send that is cut off is given back if its pipeline is at-least-once, and `unknown` if it
 * is at-most-once. It holds at most `window + batch` deliveries in memory.
 */
import { lanes } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Alerts } from "@fibercast/ports/Alerts"
import { type AudienceSource } from "@fibercast/ports/AudienceSource"
import { type CampaignNotFound, type CampaignStore } from "@fibercast/ports/CampaignStore"
import { EpochLost, Ledger, type LedgerUnavailable, type WorkspaceHeld } from "@fibercast/ports/Ledger"
import { type Command, type Silence, WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { type WorkspaceNotFound, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Cause, Clock, Deferred, Effect, Exit, Option, Random, Scope } from "effect"
import * as CampaignKeeper from "./CampaignKeeper.ts"
import { EngineConfig } from "./EngineConfig.ts"
import * as Feeder from "./Feeder.ts"
import { Ownership } from "./Ownership.ts"
import * as Pace from "./Pace.ts"
import * as PipelineRunner from "./PipelineRunner.ts"
import { Pipelines } from "./Pipelines.ts"
import * as Sender from "./Sender.ts"
import * as Settlements from "./Settlements.ts"
import { type Ended, Settler } from "./Settler.ts"
import { type Task, Window } from "./Window.ts"

export interface WorkspaceActor {
  /** There may be new work. */
  readonly wake: Effect.Effect<void>
  readonly carryOut: (
    command: Command
  ) => Effect.Effect<Silence, LedgerUnavailable | CampaignNotFound | WorkspaceUnavailable>
}

export type Needs = Ledger | CampaignStore | WorkspaceStore | AudienceSource | Alerts | Pipelines

export interface Options {
  readonly workspaceId: WorkspaceId
  /** Unique to this run of this process. */
  readonly owner: string
  /** The former owner is known to be dead. */
  readonly force: boolean
  /** Receives the actor once it owns the workspace. */
  readonly ready: (actor: WorkspaceActor) => Effect.Effect<void>
}

/** How long a failure hook may take, in milliseconds; then it is interrupted. */
const hookTime = 30_000

/** How long the last outcomes may take to be written when the actor stops, in milliseconds. */
const lastWrites = 10_000

/** Runs the workspace, unless it is set aside, until it has been idle for the configured time, is interrupted, or fails. */
export const run = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<void, EpochLost | WorkspaceHeld | WorkspaceNotFound | LedgerUnavailable, Needs> {
  const { workspaceId } = options
  const configured = yield* EngineConfig
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const ledger = yield* Ledger
  const alerts = yield* Alerts
  const workspace = yield* (yield* WorkspaceStore).get(workspaceId)
  if (workspace.quarantine !== null) return
  const concurrency = Math.min(configured.concurrency, workspace.limits.inFlight ?? Infinity)
  const settings = { ...configured, concurrency }

  const since = clock.currentTimeMillisUnsafe()
  const { lease } = settings
  const taken = yield* ledger.takeOver({ workspaceId, owner: options.owner, now: since, lease, force: options.force })
  const ownership = new Ownership({ workspaceId, epoch: taken.epoch, lease, clock, since })
  if (taken.rescued + taken.unknown > 0) {
    const { rescued, unknown } = taken
    yield* Effect.annotateLogs(Effect.logInfo("took over what an earlier run left"), { rescued, unknown })
  }

  /** What limiters of this period must still count: attempts that ended in it, and those in doubt. */
  const primed = (per: number) =>
    Effect.map(ledger.attemptsSince({ workspaceId, since: since - per }), (ended) => ended + taken.rescued)
  const window = new Window(workspaceId, settings.window)

  const work = Effect.fnUntraced(function* (
    restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ) {
    const senders = yield* Scope.make()
    const pipelines = yield* Scope.provide((yield* Pipelines).prepare, senders)
    const pace = yield* Pace.make({ limits: workspace.limits, pipelines, primed })
    for (const lane of lanes) {
      window.flow({ lane, campaignId: null }, () => ({ campaign: null, silenced: false, limiters: pace.workspace }))
    }

    /** Failure hooks run beside the settler: what an application does in one holds no outcome up. */
    const telling = yield* Scope.make()
    const hooks = yield* PipelineRunner.make<Effect.Effect<void>, void, never, never>({
      concurrency: settings.concurrency,
      run: (hook) => hook,
      timeout: () => hookTime,
      onExit: () => undefined
    }).pipe(Scope.provide(telling))
    const tell = Effect.fnUntraced(function* ({ task, settlement, hold }: Ended) {
      const { campaign, delivery } = task.context
      if (hold !== null && campaign !== null) yield* keeper.hold(campaign, hold)
      const ending = Settlements.ending(settlement)
      if (ending === null) return
      const { id: deliveryId, campaignId } = delivery
      yield* alerts.raise({ _tag: "DeliveryFailed", workspaceId, deliveryId, campaignId, reason: ending.reason })
      yield* hooks.submitOne(pipelines.failed(task.context, ending))
    })
    const settler = new Settler({
      window,
      ownership,
      settings,
      committed: (ended) => Effect.forEach(ended, tell, { discard: true })
    })
    const keeper = yield* Scope.provide(CampaignKeeper.make({ window, ownership, settler, settings, pace }), senders)

    const runner = yield* PipelineRunner.make<Task, unknown, unknown, never>({
      concurrency: settings.concurrency,
      run: (task) => pipelines.handle(task.context),
      timeout: (task) => pipelines.timeout(task.context),
      onExit: (task, exit, timedOut) => {
        const now = clock.currentTimeMillisUnsafe()
        const ended = { exit, timedOut, now, chance: random.nextDoubleUnsafe() }
        const { outcome, hold, notBefore } = pipelines.verdict(task.context, ended)
        const { flow } = task.held
        if (notBefore !== null) flow.notBefore = Math.max(flow.notBefore, notBefore)
        settler.add({ task, settlement: Settlements.of(task, outcome, now), hold })
        // Last: whoever waits for silence goes on at once, and must find the outcome.
        window.ended(task)
      }
    }).pipe(Scope.provide(senders))

    const idle = Effect.gen(function* () {
      let rested = clock.currentTimeMillisUnsafe()
      for (;;) {
        yield* Effect.sleep(settings.poll)
        const now = clock.currentTimeMillisUnsafe()
        const soon = now + settings.idle
        if (window.size > 0 || keeper.idleUntil() <= soon || window.busyBefore(now)) rested = now
        else if (now - rested >= settings.idle) return
      }
    })

    const expire = (task: Task) =>
      settler.add({ task, settlement: Settlements.of(task, { _tag: "Expired" }, 0), hold: null })
    const atMostOnce = (task: Task) => pipelines.guarantee(task.context) === "at-most-once"
    const loops = Effect.all(
      [
        ownership.keep(settings.heartbeat),
        keeper.run,
        Feeder.run({ window, ownership, settings }),
        Sender.run({ window, ownership, settings, atMostOnce, expire, start: runner.submit }),
        settler.run
      ],
      { concurrency: "unbounded", discard: true }
    )

    const stopped = yield* Deferred.make<void>()
    yield* options.ready({
      wake: Effect.andThen(
        Effect.sync(() => window.wake()),
        keeper.wake
      ),
      carryOut: (command) =>
        Effect.raceFirst(
          keeper.carryOut(command),
          Effect.andThen(
            Deferred.await(stopped),
            Effect.fail(new WorkspaceUnavailable({ workspaceId, reason: "it stopped while carrying the command out" }))
          )
        )
    })
    const exit = yield* Effect.exit(restore(Effect.raceFirst(loops, idle)))

    for (const flow of window.flows.values()) window.release(flow)
    const fenced =
      Exit.isFailure(exit) && Option.exists(Cause.findErrorOption(exit.cause), (e) => e instanceof EpochLost)
    if (!fenced && settings.drain > 0) yield* Effect.timeoutOption(runner.awaitIdle, settings.drain)
    yield* Scope.close(senders, Exit.void)
    if (!fenced) {
      yield* Effect.ignore(Effect.timeoutOption(Effect.interruptible(settler.flush), lastWrites))
      yield* Effect.ignore(ledger.abandon(ownership.proof))
    }
    if (settings.drain > 0) yield* Effect.timeoutOption(Effect.interruptible(hooks.awaitIdle), settings.drain)
    yield* Scope.close(telling, Exit.void)
    yield* Deferred.succeed(stopped, undefined)
    return yield* exit
  })

  return yield* Effect.uninterruptibleMask(work)
})
