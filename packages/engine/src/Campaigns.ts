/**
 * Campaigns: launch, watch, pause, resume, cancel.
 *
 * `launch` checks everything that can be known beforehand (see `CampaignLaunch`) and writes nothing unless all of it
 * holds.
 */
import { type Campaign, type CampaignId } from "@fibercast/domain/Campaign"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type CampaignNotFound, CampaignStore } from "@fibercast/ports/CampaignStore"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Silence, WorkspaceRuntime, type WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { Clock, Context, Effect, Layer } from "effect"
import { Launcher } from "./Launcher.ts"
import { Pipelines } from "./Pipelines.ts"
import * as Progress from "./Progress.ts"

export class Campaigns extends Context.Service<
  Campaigns,
  {
    readonly launch: Launcher["Service"]["launch"]
    readonly get: (
      workspaceId: WorkspaceId,
      campaignId: CampaignId
    ) => Effect.Effect<Campaign, CampaignNotFound | LedgerUnavailable>
    readonly progress: (
      workspaceId: WorkspaceId,
      campaignId: CampaignId
    ) => Effect.Effect<Progress.Progress, CampaignNotFound | LedgerUnavailable>
    /** Nothing more is sent until it is resumed. Says how long that took and what escaped. */
    readonly pause: (
      workspaceId: WorkspaceId,
      campaignId: CampaignId,
      note?: string
    ) => Effect.Effect<Silence, CampaignNotFound | LedgerUnavailable | WorkspaceUnavailable>
    readonly resume: (
      workspaceId: WorkspaceId,
      campaignId: CampaignId
    ) => Effect.Effect<void, CampaignNotFound | LedgerUnavailable | WorkspaceUnavailable>
    /** Everything not yet sent becomes `cancelled`. */
    readonly cancel: (
      workspaceId: WorkspaceId,
      campaignId: CampaignId,
      note?: string
    ) => Effect.Effect<Silence, CampaignNotFound | LedgerUnavailable | WorkspaceUnavailable>
  }
>()("fibercast/engine/Campaigns") {
  static readonly layer = Layer.effect(
    Campaigns,
    Effect.gen(function* () {
      const store = yield* CampaignStore
      const runtime = yield* WorkspaceRuntime
      const { launch } = yield* Launcher.make(yield* Pipelines)

      return Campaigns.of({
        launch,
        get: store.get,
        progress: Effect.fn("Campaigns.progress")(function* (workspaceId, campaignId) {
          const campaign = yield* store.get(workspaceId, campaignId)
          return Progress.of(campaign, yield* Clock.currentTimeMillis)
        }),
        pause: (workspaceId, campaignId, note) =>
          runtime.ask(workspaceId, { _tag: "Pause", campaignId, note: note ?? null }),
        resume: (workspaceId, campaignId) =>
          Effect.asVoid(runtime.ask(workspaceId, { _tag: "Resume", campaignId, note: null })),
        cancel: (workspaceId, campaignId, note) =>
          runtime.ask(workspaceId, { _tag: "Cancel", campaignId, note: note ?? null })
      })
    })
  )
}
