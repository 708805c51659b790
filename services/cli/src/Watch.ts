/**
 * Follows a campaign until it is over, or cannot go on, and shows how it stands: a drawing four times a second on
 * a terminal, a line every two seconds elsewhere.
 */
import { type Campaign, type CampaignId } from "@fibercast/domain/Campaign"
import { tried } from "./CampaignReport.ts"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { AccountGates, type AccountStatus } from "@fibercast/engine/AccountGates"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Duration, Effect, Option } from "effect"
import * as Figures from "./Figures.ts"
import { Hint } from "./Hint.ts"
import * as Pace from "./Pace.ts"
import * as Paused from "./Paused.ts"
import * as ProgressView from "./ProgressView.ts"
import { Screen } from "./Screen.ts"

/** How it ended; everything but `Completed` comes with a reason for people. */
export type Ended =
  | { readonly _tag: "Completed"; readonly campaign: Campaign }
  | { readonly _tag: "Cancelled" | "Held" | "GaveUp"; readonly campaign: Campaign; readonly reason: string }

export interface Options {
  readonly workspaceId: WorkspaceId
  readonly campaignId: CampaignId
  /** How long the provider or the database may be away. */
  readonly giveUpAfter: Duration.Duration
}

/** Milliseconds between two looks at the campaign, and between two plain lines. */
const liveLook = 250
const plainLook = 500
const plainLine = 2000

const outage = ({ account, reason, until }: AccountStatus) => ({
  what: `${account} cannot send`,
  why: reason || "it is being asked whether it can",
  retryAt: until !== null && Number.isFinite(until) ? until : null
})

const noDatabase = { what: "no answer from the database", why: "it is asked again and again", retryAt: null }

export const run = Effect.fn("Watch.run")(function* (options: Options) {
  const { campaignId, workspaceId } = options
  const screen = yield* Screen
  const store = yield* CampaignStore
  const workspaces = yield* WorkspaceStore
  const gates = yield* AccountGates
  const runtime = yield* WorkspaceRuntime
  const { command } = yield* Hint
  const clock = yield* Clock.Clock
  const pace = Pace.make()
  const patience = Duration.toMillis(options.giveUpAfter)
  let campaign = yield* store.get(workspaceId, campaignId)
  let obstacle: ProgressView.Obstacle | null = null
  let saidAt = 0

  const look = Effect.gen(function* () {
    const now = clock.currentTimeMillisUnsafe()
    const fresh = yield* Effect.option(store.get(workspaceId, campaignId))
    campaign = Option.getOrElse(fresh, () => campaign)
    const closed = (yield* gates.status).find(({ state }) => state !== "closed")
    const found = Option.isNone(fresh)
      ? noDatabase
      : closed === undefined || campaign.status !== "running"
        ? null
        : outage(closed)
    obstacle = found === null ? null : { ...found, since: obstacle?.since ?? now }
    const { counts } = campaign
    const going = campaign.status === "running" && obstacle === null
    if (going) pace.add(now, tried(counts))
    else pace.reset()
    const elsewhere = !(yield* runtime.running).includes(workspaceId)
    return { campaign, now, obstacle, elsewhere, command, recent: pace.perSecond(), still: pace.still(now) }
  })

  const show = Effect.fnUntraced(function* (snapshot: ProgressView.Snapshot) {
    if (screen.live) return yield* screen.draw(ProgressView.lines(snapshot, screen.ink, yield* screen.columns))
    if (snapshot.now - saidAt < plainLine) return
    saidAt = snapshot.now
    yield* screen.say(ProgressView.line(snapshot))
  })

  const ended = Effect.fnUntraced(function* (snapshot: ProgressView.Snapshot) {
    const { note, status, counts } = snapshot.campaign
    const over = (tag: "Cancelled" | "Held" | "GaveUp", reason: string): Ended => ({ _tag: tag, campaign, reason })
    if (snapshot.obstacle !== null && snapshot.now - snapshot.obstacle.since > patience) {
      const { what, why } = snapshot.obstacle
      return over("GaveUp", `${what} for more than ${Figures.span(patience)}: ${why}`)
    }
    if (status === "completed") return { _tag: "Completed", campaign } satisfies Ended
    if (status === "cancelled" && counts.open === 0) return over("Cancelled", note ?? "it was cancelled")
    if (Paused.isHeld(snapshot.campaign)) return over("Held", note ?? "it was paused")
    const { quarantine } = yield* Effect.orElseSucceed(workspaces.get(workspaceId), () => ({ quarantine: null }))
    return quarantine === null ? null : over("Held", `the workspace was set aside: ${quarantine}`)
  })

  for (;;) {
    const snapshot = yield* look
    const end = yield* ended(snapshot)
    if (end !== null) {
      yield* screen.draw([])
      return end
    }
    yield* show(snapshot)
    yield* Effect.sleep(screen.live ? liveLook : plainLook)
  }
})
