/**
 * The keeper brings a workspace's campaigns through their life: it has audiences read, starts what is
 * due, silences what is paused or cancelled, cancels what is left open, completes what is done, and dispatches what follows.
 *
 * It works from the CampaignStore alone, so a change made by another process takes effect within one
 * poll, and nothing is lost with this process.
 */
import { type Campaign, isOver } from "@fibercast/domain/Campaign"
import { Alerts } from "@fibercast/ports/Alerts"
import { type AudienceSource } from "@fibercast/ports/AudienceSource"
import { type CampaignNotFound, CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { type Command, type Silence } from "@fibercast/ports/WorkspaceRuntime"
import { Clock, Effect, FiberMap, type Scope } from "effect"
import * as CampaignHolds from "./CampaignHolds.ts"
import * as AudienceExpander from "./AudienceExpander.ts"
import { type EngineSettings } from "./EngineConfig.ts"
import { type Pace } from "./Pace.ts"
import { type Ownership, untilReachable } from "./Ownership.ts"
import { type Settler } from "./Settler.ts"
import { type Flow } from "./Flow.ts"
import { type Window } from "./Window.ts"

type Needs = Ledger | CampaignStore | AudienceSource | Alerts

/** Deliveries cancelled in one transaction. */
const cancelPage = 2000

/** Campaigns of which what follows is dispatched in one call. */
const followPage = 100

export interface CampaignKeeper {
  /** Runs until interrupted. */
  readonly run: Effect.Effect<never, EpochLost>
  /** Look now. */
  readonly wake: Effect.Effect<void>
  /** Pause, resume or cancel; answers once nothing of the campaign is under way any more. */
  readonly carryOut: (command: Command) => Effect.Effect<Silence, LedgerUnavailable | CampaignNotFound>
  /** Silence the campaign at once, and have it paused for a reason that operators must see. */
  readonly hold: (campaign: Campaign, reason: string) => void
  /** Returns when every hold so far is written. */
  readonly writeHolds: Effect.Effect<void>
  /** Nothing to do before this instant, as far as campaigns go; Infinity: nothing at all. */
  readonly idleUntil: () => number
}

export const make = Effect.fnUntraced(function* (options: {
  readonly window: Window
  readonly ownership: Ownership
  readonly settler: Settler
  readonly settings: EngineSettings
  readonly pace: Pace<never>
}): Effect.fn.Return<CampaignKeeper, never, Needs | Scope.Scope> {
  const { window, ownership, settler, settings } = options
  const needs = yield* Effect.context<Needs>()
  const store = yield* CampaignStore
  const alerts = yield* Alerts
  const ledger = yield* Ledger
  const expanders = yield* FiberMap.make<number>()
  const clock = yield* Clock.Clock
  const bell = window.campaigns
  const alarmed = new Set<number>()
  const failing = new Set<number>()
  const holds = yield* CampaignHolds.make
  /** The highest epoch that a command answered with: what was read before it is stale. */
  const commanded = new Map<number, number>()
  let idleUntil = 0

  const flowOf = (campaignId: number): Flow | undefined =>
    [...window.flows.values()].find((flow) => flow.source.campaignId === campaignId)

  const silenceFlow = (flow: Flow) => {
    flow.silenced = true
    if (window.release(flow) > 0) settler.nudge()
  }

  /** Until the store shows a later epoch, whatever a pass that began before still believes. */
  const silence = (campaignId: number) => {
    const flow = flowOf(campaignId)
    if (flow === undefined) return undefined
    flow.heldAt = flow.campaign?.epoch ?? -1
    silenceFlow(flow)
    return flow
  }

  /** The command did not get through: let the next pass decide. */
  const unsilence = (flow: Flow | undefined) => {
    if (flow !== undefined) flow.heldAt = -1
    bell.openUnsafe()
  }

  const hold = (campaign: Campaign, reason: string) => {
    silence(campaign.id)
    holds.add(campaign, reason)
    bell.openUnsafe()
  }

  /** Its first recipients may be sent to while the others are read. */
  const paged = () => {
    let isBegun = false
    return (recipients: number) =>
      Effect.sync(() => {
        window.wake()
        if (isBegun || recipients === 0) return
        isBegun = true
        bell.openUnsafe()
      })
  }

  const expand = (campaign: Campaign) =>
    AudienceExpander.run(campaign, paged()).pipe(
      Effect.catchTag("AudienceUnreadable", (error) => Effect.sync(() => hold(campaign, error.message))),
      Effect.catchTag("CampaignNotFound", () => Effect.void),
      Effect.catchCause((cause) =>
        cause.reasons.some((reason) => reason._tag === "Die")
          ? Effect.andThen(
              Effect.logError("reading an audience crashed", cause),
              Effect.sync(() => hold(campaign, "reading its audience crashed; see the log"))
            )
          : Effect.failCause(cause)
      ),
      Effect.ensuring(bell.open)
    )

  /** Settles what is open and not under way; answers how many. */
  const cancelRest = Effect.fnUntraced(function* (campaign: Campaign) {
    let total = 0
    for (;;) {
      const cancelled = yield* untilReachable(
        Effect.suspend(() =>
          ledger.cancel({
            ...ownership.proof,
            campaignId: campaign.id,
            limit: cancelPage,
            reason: campaign.note ?? "the campaign was cancelled"
          })
        )
      )
      if (cancelled === 0) return total
      total += cancelled
    }
  })

  const reconcile = Effect.fnUntraced(function* (seen: Campaign) {
    if (seen.epoch < (commanded.get(seen.id) ?? 0)) return bell.openUnsafe()
    const now = clock.currentTimeMillisUnsafe()
    const { id: campaignId, workspaceId } = seen
    const move = (from: Campaign["status"], to: Campaign["status"]) =>
      untilReachable(store.transition({ workspaceId, campaignId, from: [from], to, note: null, now })).pipe(
        Effect.catchTag("CampaignNotFound", () => Effect.succeed(seen))
      )
    let campaign = seen
    if (!isOver(campaign.status) && campaign.status !== "paused" && !campaign.expanded) {
      yield* FiberMap.run(expanders, campaignId, expand(campaign), { onlyIfMissing: true })
    }
    const due = campaign.spec.dueAt <= now
    if (campaign.status === "scheduled" && due && (campaign.expanded || campaign.counts.open > 0)) {
      campaign = yield* move("scheduled", "running")
    }
    const late = now - campaign.spec.dueAt
    if (campaign.status === "scheduled" && late > settings.overdue && !alarmed.has(campaignId)) {
      alarmed.add(campaignId)
      yield* alerts.raise({ _tag: "CampaignOverdue", workspaceId, campaignId, lateMillis: late })
    }
    const { completed, failed, unknown } = campaign.counts
    const tried = completed + failed + unknown
    const isFailing = tried >= settings.failureSample && failed + unknown > tried * settings.failureRate
    if (isFailing && !isOver(campaign.status) && !failing.has(campaignId)) {
      failing.add(campaignId)
      yield* alerts.raise({
        _tag: "HighFailureRate",
        workspaceId,
        campaignId,
        pipeline: null,
        failed: failed + unknown,
        settled: tried
      })
    }
    if (campaign.status === "running" && campaign.expanded && campaign.counts.open === 0) {
      campaign = yield* move("running", "completed")
    }
    const limiters = flowOf(campaignId)?.limiters ?? (yield* options.pace.of(campaign))
    if (campaign.epoch < (commanded.get(campaignId) ?? 0)) return bell.openUnsafe()
    const flow = window.flow({ lane: campaign.spec.lane, campaignId }, () => ({ campaign, silenced: true, limiters }))
    const isNews = campaign.expanded && flow.campaign?.expanded !== true
    flow.campaign = campaign
    if (isNews) window.ebb(flow)
    if (campaign.status !== "running") {
      silenceFlow(flow)
      if (campaign.status === "cancelled" && campaign.counts.open > 0) yield* cancelRest(campaign)
      if (isOver(campaign.status)) {
        yield* FiberMap.remove(expanders, campaignId)
        window.drop(flow)
      }
      return
    }
    if (flow.silenced && campaign.epoch > flow.heldAt) {
      flow.silenced = false
      flow.dryUntil = 0
      flow.notBefore = 0
      window.wake()
    }
  })

  /** Dispatches what is to follow, also of what is over and so not active any more. */
  const follow = Effect.fnUntraced(function* () {
    for (;;) {
      const now = clock.currentTimeMillisUnsafe()
      const advance = store.advance({ workspaceId: window.workspaceId, now, limit: followPage })
      const advanced = yield* untilReachable(advance)
      if (advanced.some(({ dispatched }) => dispatched > 0)) window.wake()
      if (advanced.length < followPage) return
    }
  })

  /** Answers when the next campaign is due that was not yet when it began; Infinity: none is. */
  const pass = Effect.gen(function* () {
    const began = clock.currentTimeMillisUnsafe()
    yield* holds.write
    const campaigns = yield* untilReachable(store.active(window.workspaceId))
    const active = new Set<number>(campaigns.map((campaign) => campaign.id))
    for (const flow of window.flows.values()) {
      const { campaignId } = flow.source
      if (campaignId !== null && !active.has(campaignId)) {
        silenceFlow(flow)
        window.drop(flow)
        yield* FiberMap.remove(expanders, campaignId)
      }
    }
    for (const campaignId of commanded.keys()) if (!active.has(campaignId)) commanded.delete(campaignId)
    for (const campaign of campaigns) yield* reconcile(campaign)
    yield* follow()
    const busy = campaigns.filter(
      (campaign) =>
        campaign.status === "running" ||
        campaign.status === "cancelled" ||
        (campaign.status === "scheduled" && !campaign.expanded)
    )
    const due = campaigns.filter(({ status }) => status === "scheduled").map(({ spec }) => spec.dueAt)
    idleUntil = busy.length > 0 ? 0 : Math.min(...due)
    return Math.min(...due.filter((at) => at > began))
  })

  const run = Effect.gen(function* () {
    for (;;) {
      bell.closeUnsafe()
      const soonest = yield* pass
      const now = clock.currentTimeMillisUnsafe()
      const pause = Math.min(settings.poll, soonest - now)
      if (pause > 0) yield* Effect.raceFirst(bell.await, Effect.sleep(pause))
    }
  })

  const carryOut = Effect.fnUntraced(function* (command: Command) {
    const now = clock.currentTimeMillisUnsafe()
    const { campaignId, note } = command
    const { workspaceId } = window
    const move = (from: ReadonlyArray<Campaign["status"]>, to: Campaign["status"]) =>
      store.transition({ workspaceId, campaignId, from, to, note, now })
    if (command._tag === "Resume") {
      const { startedAt } = yield* store.get(workspaceId, campaignId)
      const { status } = yield* move(["paused"], startedAt === null ? "scheduled" : "running")
      bell.openUnsafe()
      return { status, millis: 0, escaped: 0, cancelled: 0 }
    }
    const known = silence(campaignId)
    const underWay = known === undefined ? undefined : known.active + known.returned
    const moved =
      command._tag === "Pause"
        ? move(["scheduled", "running"], "paused")
        : move(["scheduled", "running", "paused"], "cancelled")
    const campaign = yield* Effect.onError(moved, () => Effect.sync(() => unsilence(known)))
    commanded.set(campaignId, campaign.epoch)
    // A pass may have come to know the campaign meanwhile, and begun to send.
    const flow = known ?? silence(campaignId)
    const handed = underWay ?? (flow === undefined ? 0 : flow.active + flow.returned)
    if (flow !== undefined) yield* flow.silent.await
    const escaped = Math.max(0, handed - (flow?.returned ?? 0))
    const millis = clock.currentTimeMillisUnsafe() - now
    if (flow !== undefined) yield* flow.settled.await
    bell.openUnsafe()
    if (campaign.status !== "cancelled") return { status: campaign.status, millis, escaped, cancelled: 0 }
    // What was claimed can be cancelled once its claim is settled. The loop may have cancelled some of it meanwhile:
    // what the campaign counts is the whole.
    const rest = Effect.andThen(Effect.provideService(settler.flush, Ledger, ledger), cancelRest(campaign))
    yield* Effect.catchTag(rest, "EpochLost", () => Effect.succeed(0))
    const { counts, status } = yield* store.get(workspaceId, campaignId)
    return { status, millis, escaped, cancelled: counts.cancelled }
  })

  return {
    run: Effect.provideContext(run, needs),
    wake: Effect.asVoid(bell.open),
    carryOut,
    hold,
    writeHolds: holds.write,
    idleUntil: () => idleUntil
  }
})
