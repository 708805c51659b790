/**
 * The workings of a workspace actor: its window, and the loops that fill, send, settle and keep it.
 *
 * They live and die together. Held in memory: at most `window` deliveries, the failure hooks that wait, and how the latest
 * jobs of 200 pipelines ended.
 */
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { lanes } from "@fibercast/domain/Lane"
import { Alerts } from "@fibercast/ports/Alerts"
import { type AudienceSource } from "@fibercast/ports/AudienceSource"
import { type BatchStore } from "@fibercast/ports/BatchStore"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { type Workspace, type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect, Predicate, Scope } from "effect"
import * as Activity from "../Activity.ts"
import { Allowance } from "../Allowance.ts"
import * as BatchKeeper from "../BatchKeeper.ts"
import * as CampaignKeeper from "../CampaignKeeper.ts"
import { type DeliveryContext } from "../DeliveryContext.ts"
import { DeliveryListener } from "../DeliveryListener.ts"
import * as Doubts from "../Doubts.ts"
import { type EngineSettings } from "../EngineConfig.ts"
import { Way } from "../HandOff.ts"
import * as FailureRates from "../FailureRates.ts"
import * as Hooks from "../Hooks.ts"
import * as Feeder from "../Feeder.ts"
import * as LongWaits from "../LongWaits.ts"
import { type Ownership } from "../Ownership.ts"
import * as LaneKeeper from "../LaneKeeper.ts"
import * as Pace from "../Pace.ts"
import { Pipelines } from "../Pipelines.ts"
import * as Recalls from "../Recalls.ts"
import { type Ending } from "../Runnable.ts"
import * as Sender from "../Sender.ts"
import * as Settlements from "../Settlements.ts"
import { Settler } from "../Settler.ts"
import { type Slots } from "../Slots.ts"
import * as Suspects from "../Suspects.ts"
import { type Ended } from "../Unwritten.ts"
import { type Flow, type Task } from "../Flow.ts"
import { Window } from "../Window.ts"

type Needs = Ledger | CampaignStore | BatchStore | WorkspaceStore | AudienceSource | Alerts

/** Pipelines whose jobs are watched for failures, at most. */
const watchedPipelines = 200

export interface Workings {
  readonly window: Window
  readonly settler: Settler
  readonly keeper: CampaignKeeper.CampaignKeeper
  readonly laneKeeper: LaneKeeper.LaneKeeper
  readonly hooks: Hooks.Hooks
  readonly recalls: Recalls.Recalls
  /** Returns when no send is under way. */
  readonly awaitSends: Effect.Effect<void, EpochLost, Ledger>
  /** Runs until it has been idle for the configured time; fails when another owner took over. */
  readonly run: Effect.Effect<void, EpochLost, Ledger | BatchStore>
}

export const make = Effect.fnUntraced(function* (options: {
  readonly workspace: Workspace
  readonly settings: EngineSettings
  readonly slots: Slots
  readonly ownership: Ownership
  readonly primed: (per: number, since: number) => Effect.Effect<number, never, Ledger>
  /** Sends live in it. */
  readonly senders: Scope.Scope
  /** Failure hooks live in it. */
  readonly telling: Scope.Scope
}): Effect.fn.Return<Workings, never, Needs | Pipelines> {
  const { ownership, senders, settings, slots, workspace } = options
  const workspaceId = workspace.id
  const clock = yield* Clock.Clock
  const alerts = yield* Alerts
  const activity = yield* Activity.Activity
  const needs = yield* Effect.context<Needs>()
  const known = yield* Pipelines
  const pipelines = yield* Scope.provide(known.prepare, senders)
  const listener = yield* DeliveryListener
  const primed = (per: number, since: number) => Effect.provideContext(options.primed(per, since), needs)
  const way = yield* Way
  const pace = yield* Pace.make({
    limits: workspace.limits,
    shared: (yield* Allowance).limiters,
    stretch: way.stretch,
    pipelines,
    primed
  })
  const window = new Window(workspaceId, settings.window, settings.lanes)
  window.pause(workspace.paused?.lanes ?? [])
  for (const lane of lanes) {
    window.flow({ lane, campaignId: null }, () => ({ campaign: null, silenced: false, limiters: pace.workspace }))
  }

  const { concurrency } = settings
  const hooks = yield* Scope.provide(Hooks.make({ concurrency, waiting: settings.window }), options.telling)
  const { failureRate: rate, failureSample: sample } = settings
  const rates = FailureRates.make({ rate, sample, most: watchedPipelines })
  const countTried = ({ campaignId, pipeline }: ClaimedDelivery, hasFailed: boolean) =>
    campaignId === null ? rates.count(workspaceId, pipeline, hasFailed) : null
  /** Answers its failure hooks. */
  const tellFailed = Effect.fnUntraced(function* (context: DeliveryContext, ending: Ending) {
    const { campaignId, id: deliveryId, pipeline } = context.delivery
    const { reason, state } = ending
    yield* alerts.raise({ _tag: "DeliveryFailed", workspaceId, deliveryId, campaignId, pipeline, state, reason })
    return pipelines.failed(context, ending)
  })
  const doubts = Doubts.make({
    ownership,
    hooks,
    pipelines: known.names,
    tell: (context, ending) => {
      const alert = countTried(context.delivery, true)
      return Effect.andThen(alert === null ? Effect.void : alerts.raise(alert), tellFailed(context, ending))
    }
  })
  /** What is to be done besides noting it; mostly nothing. */
  const tell = ({ hold, settlement, task }: Ended): Effect.Effect<void> | null => {
    const { attempt, campaign, delivery } = task.context
    if (listener !== null) {
      const { begunAt, endedAt } = task
      const ended = { begunAt, endedAt: endedAt ?? clock.currentTimeMillisUnsafe(), settlement }
      listener.told({ _tag: "Ended", workspaceId, delivery, attempt, ...ended })
    }
    if (hold !== null && campaign !== null) keeper.hold(campaign, hold)
    if (settlement.state === "completed" && pipelines.isTemporary(task.context)) {
      Activity.vanish(activity, workspaceId, delivery)
    }
    const alert = Settlements.isTried(settlement) ? countTried(delivery, settlement.state !== "completed") : null
    const raised = alert === null ? null : alerts.raise(alert)
    const ending = Settlements.ending(settlement)
    if (ending === null) return raised
    const told = Effect.map(tellFailed(task.context, ending), (failed) => hooks.add(failed))
    return raised === null ? told : Effect.andThen(raised, told)
  }
  const tellAll = (ended: ReadonlyArray<Ended>) => {
    const rest = ended.map(tell).filter(Predicate.isNotNull)
    return rest.length === 0 ? Effect.void : Effect.all(rest, { discard: true })
  }
  const settler = new Settler({
    window,
    ownership,
    settings,
    committed: tellAll,
    room: listener === null ? hooks.room : Effect.andThen(hooks.room, listener.room)
  })
  const suspects = yield* Suspects.make({ window, settler, poison: settings.poison })
  const keeper = yield* Scope.provide(CampaignKeeper.make({ window, ownership, settler, settings, pace }), senders)

  const laneKeeper = yield* LaneKeeper.make({ window, settler })

  /** A long rest gives back what waits for it, so that other work finds room. */
  const rest = (flow: Flow, until: number, now: number) => {
    flow.notBefore = Math.max(flow.notBefore, until)
    if (until - now > settings.poll && window.release(flow) > 0) settler.nudge()
  }
  const handOff = yield* Scope.provide(
    way.make({
      window,
      ownership,
      settings,
      slots,
      settler,
      pipelines,
      rest,
      primed,
      recalled: (task) => recalls.outcome(task),
      hold: (campaign, reason) => keeper.hold(campaign, reason)
    }),
    senders
  )

  const recalls = Recalls.make({
    window,
    ownership,
    settings,
    settler,
    underWay: handOff.underWay,
    interrupt: handOff.interrupt
  })

  const idle = Effect.gen(function* () {
    let rested = clock.currentTimeMillisUnsafe()
    for (;;) {
      yield* Effect.sleep(settings.poll)
      const now = clock.currentTimeMillisUnsafe()
      const soon = now + settings.idle
      // What the feeder asks for at this very instant is no reason to stay.
      if (window.size > 0 || doubts.isTelling() || keeper.idleUntil() <= soon || window.busyBefore(now - 1))
        rested = now
      else if (now - rested >= settings.idle) return
    }
  })

  const expire = (task: Task) =>
    settler.add({ task, settlement: Settlements.of(task, { _tag: "Expired" }, 0), hold: null })
  const start: typeof handOff.start =
    listener === null
      ? handOff.start
      : (flow, tasks) => {
          for (const { begunAt, context } of tasks) {
            const { attempt, delivery } = context
            listener.told({ _tag: "Begun", workspaceId, delivery, attempt, begunAt })
          }
          return handOff.start(flow, tasks)
        }
  const isKnown = ({ context }: Task) => known.options(context.delivery.pipeline) !== undefined
  const mustMark = (task: Task) => !way.marks && pipelines.guarantee(task.context) === "at-most-once"
  const loops = Effect.all(
    [
      ownership.keep(settings.heartbeat, laneKeeper.asking),
      keeper.run,
      BatchKeeper.run({ window, settings, asked: recalls.wake }),
      Effect.andThen(recalls.look, Feeder.run({ window, ownership, settings, suspects })),
      recalls.run,
      Effect.provideContext(doubts.run, needs),
      Effect.provideContext(LongWaits.run({ window, settings, handOff }), needs),
      Sender.run({
        window,
        ownership,
        settings,
        slots,
        mustMark,
        expire,
        isKnown,
        start,
        runOf: handOff.runOf
      }),
      settler.run,
      handOff.crashed
    ],
    { concurrency: "unbounded", discard: true }
  )
  /** What is under way is still owned, and written as it ends. */
  const staying = Effect.all([ownership.keep(settings.heartbeat), recalls.run, settler.run, handOff.crashed], {
    concurrency: "unbounded",
    discard: true
  })
  const awaitSends = Effect.raceFirst(handOff.awaitIdle, staying)
  return { window, settler, keeper, laneKeeper, hooks, recalls, awaitSends, run: Effect.raceFirst(loops, idle) }
})
