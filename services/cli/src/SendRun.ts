/**
 * Carries one campaign from its command to its report: finds or launches it, follows it, and says what became of it.
 */
import { type Campaign, isOver } from "@fibercast/domain/Campaign"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Launch } from "@fibercast/engine/CampaignLaunch"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { Database } from "@fibercast/node/Database"
import { Clock, type Duration, Effect, Schema } from "effect"
import * as CampaignReport from "./CampaignReport.ts"
import * as Continuation from "./Continuation.ts"
import * as Figures from "./Figures.ts"
import { Hint } from "./Hint.ts"
import * as NotSent from "./NotSent.ts"
import * as Paused from "./Paused.ts"
import * as Preview from "./Preview.ts"
import * as ProgressView from "./ProgressView.ts"
import { Screen } from "./Screen.ts"
import * as Watch from "./Watch.ts"

/** The campaign did not come to its end; its state is kept. */
export class NotCompleted extends Schema.TaggedError<NotCompleted>()("NotCompleted", { message: Schema.String }) {}

/** The workspace of this name; made when there is none, and taken back when the engine had set it aside. */
export const workspace = Effect.fnUntraced(function* (name: string, zone: string) {
  const workspaces = yield* WorkspaceStore
  const screen = yield* Screen
  const found = yield* workspaces.ensure({ name, zone, limits: {} })
  if (found.quarantine === null) return found
  yield* screen.say(`The workspace ${name} had been set aside (${found.quarantine}); it is taken back.`)
  yield* workspaces.setQuarantine(found.id, null)
  return found
})

export interface Started {
  readonly campaign: Campaign
  /** It had been launched before. */
  readonly continued: boolean
}

/** Launches the campaign, or goes on with the one that the same command launched before. */
export const start = Effect.fn("SendRun.start")(function* (
  launch: Omit<Launch, "key"> & { readonly key: string },
  options: { readonly again: boolean }
) {
  const campaigns = yield* Campaigns
  const found = yield* Continuation.find(launch, options)
  if ("key" in found) {
    const { campaign, created } = yield* campaigns.launch({ ...launch, key: found.key })
    return { campaign, continued: !created } satisfies Started
  }
  const { campaign } = found
  if (!Paused.isHeld(campaign)) return { campaign, continued: true } satisfies Started
  // Not by way of its actor: the workspace may be held by another process, or by one that died moments ago.
  const { id: campaignId, workspaceId } = campaign
  const resumed = yield* (yield* CampaignStore).transition({
    workspaceId,
    campaignId,
    from: ["paused"],
    to: campaign.startedAt === null ? "scheduled" : "running",
    note: null,
    now: yield* Clock.currentTimeMillis
  })
  yield* (yield* Signal).notify(workspaceId)
  return { campaign: resumed, continued: true } satisfies Started
})

/** Says what is about to happen. */
export const announce = Effect.fnUntraced(function* ({ campaign, continued }: Started) {
  const screen = yield* Screen
  const { counts, id, spec } = campaign
  if (isOver(campaign.status)) {
    return yield* screen.say(
      `Campaign ${id} (${spec.name}) was launched by this command before and is ${campaign.status}. Nothing is sent twice.`,
      "To send to everybody in the file once more, add --again, or give the new campaign a --key of its own.",
      ""
    )
  }
  if (!continued) {
    const { dueAt, wallTime, zone } = spec
    if (wallTime === null || zone === null) return
    const skipped = Preview.skippedTime(wallTime, ProgressView.wallTime(dueAt, zone))
    return skipped === null ? undefined : yield* screen.say(skipped)
  }
  const settled = counts.planned - counts.open - counts.skipped
  yield* screen.say(
    `Going on with campaign ${id} (${spec.name}): ${Figures.amount(settled)} of ${Figures.amount(counts.planned - counts.skipped)} settled so far.`
  )
})

/** How the campaign ended, if it has. */
export const endOf = (campaign: Campaign): Watch.Ended | null =>
  campaign.status === "completed"
    ? { _tag: "Completed", campaign }
    : campaign.status === "cancelled"
      ? { _tag: "Cancelled", campaign, reason: campaign.note ?? "by hand" }
      : null

/** Ctrl-C: stops the campaign in good order, unless another process sends it, and says how it goes on. */
const interrupted = Effect.fnUntraced(function* (campaign: Campaign) {
  const campaigns = yield* Campaigns
  const runtime = yield* WorkspaceRuntime
  const screen = yield* Screen
  const hint = yield* Hint
  const { id, workspaceId } = campaign
  yield* screen.draw([])
  if (!(yield* runtime.running).includes(workspaceId)) {
    return yield* screen.say(`Interrupted. Campaign ${id} is left as it is: this process was not sending it.`)
  }
  yield* screen.say("Interrupted: waiting for what is under way. (Ctrl-C once more quits at once.)")
  const now = yield* campaigns.get(workspaceId, id)
  if (now.status === "running") yield* campaigns.pause(workspaceId, id, Paused.interrupted)
  const { counts, status } = yield* campaigns.get(workspaceId, id)
  const sent = `${Figures.amount(counts.completed)} sent, ${Figures.amount(counts.open)} open`
  yield* screen.say(
    `Campaign ${id} is ${status}: ${sent}. The same command goes on with it; \`${hint.command(`campaign cancel ${id}`)}\` ends it.`
  )
})

/** Follows the campaign to its end; interrupted, it leaves it paused. */
export const follow = (campaign: Campaign, giveUpAfter: Duration.Duration) =>
  Watch.run({ workspaceId: campaign.workspaceId, campaignId: campaign.id, giveUpAfter }).pipe(
    Effect.tap((ended) => (ended._tag === "GaveUp" ? giveUp(campaign, ended.reason) : Effect.void)),
    Effect.onInterrupt(() => Effect.ignore(interrupted(campaign)))
  )

const giveUp = Effect.fnUntraced(function* ({ id, workspaceId }: Campaign, reason: string) {
  const campaigns = yield* Campaigns
  yield* Effect.ignore(Effect.timeoutOption(campaigns.pause(workspaceId, id, `gave up: ${reason}`), "30 seconds"))
})

/** The report on the campaign as it stands, with the rows that were not sent written beside the data. */
export const report = Effect.fn("SendRun.report")(function* (
  { id, workspaceId }: Pick<Campaign, "id" | "workspaceId">,
  folder: string
) {
  const campaign = yield* (yield* Campaigns).get(workspaceId, id)
  const { place } = yield* Database
  return CampaignReport.of(campaign, yield* NotSent.write(folder, id), place)
})

/** Fails unless the campaign came to its end. */
export const judge = Effect.fnUntraced(function* (ended: Watch.Ended) {
  const { campaign } = ended
  if (ended._tag === "Completed") return
  const show = (yield* Hint).command(`campaign show ${campaign.id}`)
  const todo = {
    Cancelled: `It was cancelled: ${ended._tag === "Cancelled" ? ended.reason : ""}.`,
    Held: `It is held: ${ended.reason}. Once that is put right, the same command goes on with it.`,
    GaveUp: `Given up: ${ended.reason}. Its state is kept: the same command goes on with it.`
  }[ended._tag]
  return yield* new NotCompleted({
    message: `Campaign ${campaign.id} is not completed. ${todo} \`${show}\` shows it.`
  })
})
